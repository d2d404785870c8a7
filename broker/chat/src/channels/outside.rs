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
    pub async fn channel_from_outside(
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
    /// As [`Chat::channel_from_outside`].
    pub async fn members_unasked(&self, tenant: &TenantId, channel: EntityId) -> Result<Vec<Member>, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        let mut members = self.roster(&hot).await?.all();
        members.sort_by_key(|member| (member.joined_at, member.id));
        Ok(members)
    }
}
