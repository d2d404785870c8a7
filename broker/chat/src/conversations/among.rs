//! Who of some users has a conversation with another: asked when a user comes or goes and few of all are to be told.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_core::{EntityId, TenantId};

use super::LOOKS_AT_ONCE;
use crate::chat::Chat;
use crate::error::ChatError;
use crate::model::ChannelType;

impl Chat {
    /// Those of `others` who have a conversation with a user, in no order. Costs as much as there are of the fewer: of
    /// others, or of the user's channels.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn conversation_partners_among(
        &self,
        tenant: &TenantId,
        user: &str,
        others: Vec<String>,
    ) -> Result<Vec<String>, ChatError> {
        let ids = self.channels_of(tenant, user).await?;
        if others.len() < ids.len() {
            let looks = stream::iter(others).map(|other| self.partner(tenant, user, other));
            let found: Vec<_> = looks.buffer_unordered(LOOKS_AT_ONCE).boxed().try_collect().await?;
            return Ok(found.into_iter().flatten().collect());
        }
        let looks = stream::iter(ids.iter().copied()).map(|id| self.other_member(tenant, user, id));
        let found: Vec<_> = looks.buffer_unordered(LOOKS_AT_ONCE).boxed().try_collect().await?;
        let partners: HashSet<String> = found.into_iter().flatten().collect();
        Ok(others.into_iter().filter(|other| partners.contains(other)).collect())
    }

    /// `other`, if there is a conversation.
    async fn partner(&self, tenant: &TenantId, user: &str, other: String) -> Result<Option<String>, ChatError> {
        let Some(id) = self.conversation_id(tenant, user, &other).await? else { return Ok(None) };
        Ok(self.other_member(tenant, user, id).await?.filter(|found| *found == other))
    }

    /// Who else is in a conversation of a user; `None` when the index names one that is none.
    async fn other_member(&self, tenant: &TenantId, user: &str, id: EntityId) -> Result<Option<String>, ChatError> {
        let hot = match self.hot(tenant, id).await {
            Ok(hot) => hot,
            Err(ChatError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        if hot.channel.read().value.kind != ChannelType::Messaging {
            return Ok(None);
        }
        let members = self.roster(&hot).await?.all();
        let is_member = members.iter().any(|member| member.user == user);
        let other = members.into_iter().map(|member| member.user).find(|member| member != user);
        Ok(other.filter(|_| is_member))
    }
}
