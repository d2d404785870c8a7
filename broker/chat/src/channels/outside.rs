//! Channels as a document shows them that lets others than members look: whoever calls has decided that the caller may.

use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::ChatError;
use crate::model::{ChannelOverview, Member};

impl Chat {
    /// A channel, whether or not the caller may see it; there is a membership when the caller has one.
    ///
    /// # Errors
    /// [`Missing::Channel`](crate::Missing::Channel) when there is none with this id.
    pub async fn overview_unasked(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
    ) -> Result<ChannelOverview, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        self.overview(&hot, caller).await
    }

    /// All members of a channel, in the order of their joining, whoever asks.
    ///
    /// # Errors
    /// As [`Chat::overview_unasked`].
    pub async fn members_unasked(&self, tenant: &TenantId, channel: EntityId) -> Result<Vec<Member>, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        let mut members = self.roster(&hot).await?.all();
        members.sort_by_key(|member| (member.joined_at, member.id));
        Ok(members)
    }

    /// How many messages of a channel are not deleted. Of deleted ones the newest 10,000 are known.
    ///
    /// # Errors
    /// As [`Chat::overview_unasked`].
    pub async fn message_count(&self, tenant: &TenantId, channel: EntityId) -> Result<u64, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        Ok(hot.with_fold(|fold| fold.seq.saturating_sub(fold.deleted.len() as u64)))
    }
}
