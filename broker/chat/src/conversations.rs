//! Conversations of two as neither of the two sees them: for a tenant's backend, with the counts of both.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::hot::fold::LastMessage;
use crate::model::{Channel, ChannelType, Member, Message};
use crate::names::chat_key;

/// Channels that are looked at side by side.
const LOOKS_AT_ONCE: usize = 64;

/// A conversation with both of its members.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The channel.
    pub channel: Channel,
    /// The newest message that is not deleted; its sender as it was then.
    pub last_message: Option<Message>,
    /// Number of the newest message.
    pub max_seq: u64,
    /// Unix milliseconds of the newest message, else of the conversation's making.
    pub activity_at: i64,
    /// The members, each with the number of the other's messages that it has not read.
    pub members: Vec<(Member, u64)>,
}

impl Chat {
    /// A conversation of two.
    ///
    /// # Errors
    /// [`Missing::Channel`] when there is none with this id.
    pub async fn conversation(&self, tenant: &TenantId, channel: EntityId) -> Result<Conversation, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        let channel = hot.channel();
        if channel.kind != ChannelType::Messaging {
            return Err(ChatError::NotFound(Missing::Channel));
        }
        self.find_last(&hot).await?;
        let members = self.roster(&hot).await?.all();
        Ok(hot.with_fold(|fold| Conversation {
            activity_at: fold.activity_at.unwrap_or(channel.created_at),
            last_message: match &fold.last {
                LastMessage::Known(message) => Some((**message).clone()),
                _ => None,
            },
            max_seq: fold.seq,
            members: members.into_iter().map(|member| (member.clone(), fold.unread(&member))).collect(),
            channel,
        }))
    }

    /// Ids of a user's conversations, the one with the newest activity first. Messages are not looked at for it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn conversations_of(&self, tenant: &TenantId, user: &str) -> Result<Vec<EntityId>, ChatError> {
        let ids = self.channels_of(tenant, user).await?;
        let looks = stream::iter(ids.iter().copied()).map(|id| self.activity_of(tenant, user, id));
        let found: Vec<_> = looks.buffered(LOOKS_AT_ONCE).boxed().try_collect().await?;
        let mut places: Vec<(i64, EntityId)> = found.into_iter().flatten().collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        Ok(places.into_iter().map(|(_, id)| id).collect())
    }

    /// What a channel is for, if it is in memory, as every channel is that something happens in.
    pub fn known_kind(&self, tenant: &TenantId, channel: EntityId) -> Option<ChannelType> {
        self.0.hot.get(tenant, channel).map(|hot| hot.channel.read().value.kind)
    }

    /// The conversation of a user that has a message, looked for in all of the user's conversations: for documents that
    /// name a message without its channel. One point read for each conversation, the newest ones first.
    ///
    /// # Errors
    /// [`Missing::Message`]; the store fails.
    pub async fn conversation_of_message(
        &self,
        tenant: &TenantId,
        user: &str,
        message: EntityId,
    ) -> Result<EntityId, ChatError> {
        let ids = self.conversations_of(tenant, user).await?;
        let looks = stream::iter(ids).map(|id| async move {
            let found = self.store().find_by_id(&chat_key(tenant, id), message).await?;
            Ok::<_, ChatError>(found.map(|_| id))
        });
        let mut found = looks.buffered(LOOKS_AT_ONCE).boxed().try_filter_map(|found| std::future::ready(Ok(found)));
        found.try_next().await?.ok_or(ChatError::NotFound(Missing::Message))
    }

    /// When something was said last in a conversation of a user; `None` when the index names one that is none.
    async fn activity_of(
        &self,
        tenant: &TenantId,
        user: &str,
        id: EntityId,
    ) -> Result<Option<(i64, EntityId)>, ChatError> {
        let hot = match self.hot(tenant, id).await {
            Ok(hot) => hot,
            Err(ChatError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (kind, created_at) = {
            let channel = &hot.channel.read().value;
            (channel.kind, channel.created_at)
        };
        if kind != ChannelType::Messaging || self.roster(&hot).await?.get(user).is_none() {
            return Ok(None);
        }
        Ok(Some((hot.with_fold(|fold| fold.activity_at.unwrap_or(created_at)), id)))
    }
}
