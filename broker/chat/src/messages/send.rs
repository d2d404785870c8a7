//! Sending: one append to the log, however many members the channel has.

use std::sync::Arc;

use natter_core::{Draft, EntityId, MESSAGE, Published, TenantId};

use super::Found;
use super::state::State;
use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::event::{Event, EventBody, Posted};
use crate::hot::HotChannel;
use crate::model::{NewMessage, Sent, User};
use crate::users::mention_tokens;
use crate::validate;

impl Chat {
    /// Sends a message. The answer means that it is durable and has its number.
    ///
    /// A repeat of the same `client_id` by the same sender, or of the same `key`, within 24 hours sends nothing and answers
    /// with the first message.
    ///
    /// # Errors
    /// The caller is no member or may only read, a value cannot be taken, the message it answers is not there ([`Missing::Message`]), or the
    /// store does not take it now.
    pub async fn send(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        new: NewMessage,
    ) -> Result<Sent, ChatError> {
        validate::message(&new)?;
        let (hot, member) = self.own(tenant, caller, channel).await?;
        if !hot.channel.read().value.posting.allows(member.role) {
            return Err(ChatError::Forbidden("only admins may write here"));
        }
        if !hot.has_room() {
            return Err(ChatError::Unavailable);
        }
        let parent = match new.parent {
            Some(parent) => Some((parent, self.find(&hot, parent).await?.message.seq)),
            None => None,
        };
        let sender = self.user(tenant, caller).await?.ok_or(ChatError::NotFound(Missing::User))?;
        let mentions = self.mentions_in(tenant, &new.text).await?;
        let key = idempotency_key(&sender, &new);
        let posted = Posted {
            id: self.new_id(),
            sender: sender.brief(),
            text: new.text,
            attachments: new.attachments,
            parent,
            mentions,
            client_id: new.client_id,
            extra: new.extra,
        };
        self.stop_typing(&hot, caller).await;
        let published = self.post(&hot, &posted, key).await?;
        match published.suppressed {
            true => self.first_sent(&hot, published.offset, caller).await,
            false => self.sent(&hot, posted, published).await,
        }
    }

    /// Ids of the users that a text names.
    pub(crate) async fn mentions_in(&self, tenant: &TenantId, text: &str) -> Result<Vec<String>, ChatError> {
        let tokens = mention_tokens(text);
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let mut mentions: Vec<String> = Vec::new();
        for user in self.resolve_mentions(tenant, &tokens).await?.into_iter().flatten() {
            if !mentions.contains(&user) {
                mentions.push(user);
            }
        }
        Ok(mentions)
    }

    async fn post(&self, hot: &HotChannel, posted: &Posted, key: Option<Arc<str>>) -> Result<Published, ChatError> {
        let event = Event::of(hot.id, EventBody::Message(Box::new(posted.clone())));
        let draft = Draft {
            data: event.encode()?,
            kind: MESSAGE,
            id: Some(posted.id),
            idempotency_key: key,
            ..Draft::default()
        };
        self.append_draft(hot, draft).await
    }

    async fn sent(&self, hot: &Arc<HotChannel>, posted: Posted, published: Published) -> Result<Sent, ChatError> {
        // Whoever answers a message and then reads it finds the answer counted.
        if posted.parent.is_some() {
            hot.projected_to(published.offset).await?;
        }
        let message = posted.into_message(hot.id, published.seq, published.time_ms);
        Ok(Sent { message, is_repeat: false })
    }

    async fn first_sent(&self, hot: &HotChannel, offset: u64, caller: &str) -> Result<Sent, ChatError> {
        let (publication, posted) = self.posted_at(hot, offset).await?.ok_or(ChatError::NotFound(Missing::Message))?;
        let message = posted.into_message(hot.id, publication.seq, publication.time_ms);
        let state: State = self.state_of(hot, publication.seq).await?;
        let message = self.finish(hot, Found { message, state }, Some(caller)).await?;
        Ok(Sent { message, is_repeat: true })
    }

    /// Looks for the message that a user has sent with a client's own id.
    pub(crate) async fn is_own(&self, found: &Found, caller: &str) -> Result<(), ChatError> {
        match found.message.sender.id == caller {
            true => Ok(()),
            false => Err(ChatError::Forbidden("only its sender can do that")),
        }
    }
}

/// What makes a repeat harmless, in the channel's own log.
fn idempotency_key(sender: &User, new: &NewMessage) -> Option<Arc<str>> {
    let entity: EntityId = sender.entity;
    let of_client = new.client_id.as_ref().map(|id| format!("c:{entity}:{id}"));
    let of_call = || new.key.as_ref().map(|key| format!("k:{entity}:{key}"));
    of_client.or_else(of_call).map(Arc::from)
}
