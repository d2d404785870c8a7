//! Messages: sending, reading, editing, deleting.
//!
//! A message is the event in the log that it was sent with, and what has happened to it since: a [`state::State`] row,
//! which the projection keeps and which most messages do not have.

pub(crate) mod edit;
pub(crate) mod pins;
pub(crate) mod reactions;
mod read;
mod send;
pub(crate) mod state;
pub(crate) mod thread;

use std::collections::HashMap;

use natter_core::{EntityId, Publication, TenantId};
use natter_store::ReadRequest;

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::event::{Event, EventBody, Posted};
use crate::hot::HotChannel;
use crate::model::{Message, UserBrief};

pub use edit::DeleteRule;
pub use read::{Cursor, Page};

use state::State;

/// A message as the log and its row tell of it.
pub(crate) struct Found {
    pub(crate) message: Message,
    pub(crate) state: State,
}

impl Found {
    pub(crate) fn is_deleted(&self) -> bool {
        self.state.deleted_at.is_some()
    }
}

impl Chat {
    /// One message.
    ///
    /// # Errors
    /// [`Missing::Channel`] when the caller may not see the channel, [`Missing::Message`] when there is no such message.
    pub async fn message(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        id: EntityId,
    ) -> Result<Message, ChatError> {
        let hot = self.visible(tenant, caller, channel).await?;
        hot.settle().await;
        let found = self.find(&hot, id).await?;
        self.finish(&hot, found, Some(caller)).await
    }

    /// A message that is there and not deleted.
    pub(crate) async fn find(&self, hot: &HotChannel, id: EntityId) -> Result<Found, ChatError> {
        let found = self.find_any(hot, id).await?;
        found.filter(|found| !found.is_deleted()).ok_or(ChatError::NotFound(Missing::Message))
    }

    /// A message, deleted or not.
    pub(crate) async fn find_any(&self, hot: &HotChannel, id: EntityId) -> Result<Option<Found>, ChatError> {
        let Some(offset) = self.store().find_by_id(&hot.key, id).await? else { return Ok(None) };
        let Some((publication, posted)) = self.posted_at(hot, offset).await? else { return Ok(None) };
        let state = self.state_of(hot, publication.seq).await?;
        Ok(Some(Found { message: posted.into_message(hot.id, publication.seq, publication.time_ms), state }))
    }

    /// The message that was sent with the event at an offset.
    pub(crate) async fn posted_at(
        &self,
        hot: &HotChannel,
        offset: u64,
    ) -> Result<Option<(Publication, Posted)>, ChatError> {
        let page = self.store().read_log(&hot.key, ReadRequest::forward(offset, 1)).await?;
        let Some(publication) = page.into_iter().next().filter(|found| found.offset == offset) else {
            return Ok(None);
        };
        match Event::decode(&publication)?.body {
            EventBody::Message(posted) => Ok(Some((publication, *posted))),
            _ => Ok(None),
        }
    }

    /// A found message as it is now, with the caller's own reactions marked.
    pub(crate) async fn finish(
        &self,
        hot: &HotChannel,
        found: Found,
        caller: Option<&str>,
    ) -> Result<Message, ChatError> {
        let mut messages = self.finish_all(hot, vec![found], caller).await?;
        messages.pop().ok_or(ChatError::Internal)
    }

    /// Found messages as they are now, with names of users as they are now.
    pub(crate) async fn finish_all(
        &self,
        hot: &HotChannel,
        found: Vec<Found>,
        caller: Option<&str>,
    ) -> Result<Vec<Message>, ChatError> {
        let users = self.names_of(&hot.tenant, &found).await?;
        let mut messages = Vec::with_capacity(found.len());
        for Found { mut message, state } in found {
            let marks = match caller {
                Some(caller) => self.own_reactions(hot, &message, &state, caller).await?,
                None => Vec::new(),
            };
            state.apply_to(&mut message, &users, &marks);
            if let Some(sender) = users.get(&message.sender.id) {
                message.sender = sender.clone();
            }
            messages.push(message);
        }
        Ok(messages)
    }

    async fn names_of(&self, tenant: &TenantId, found: &[Found]) -> Result<HashMap<String, UserBrief>, ChatError> {
        let senders = found.iter().map(|found| found.message.sender.id.clone());
        let reacting =
            found.iter().flat_map(|found| &found.state.reactions).flat_map(|reaction| reaction.users.clone());
        let mut ids: Vec<String> = senders.chain(reacting).collect();
        ids.sort_unstable();
        ids.dedup();
        let briefs = self.users_brief(tenant, &ids).await?;
        Ok(briefs.into_iter().map(|brief| (brief.id.clone(), brief)).collect())
    }

    /// Puts the present name of its sender on a message from memory.
    pub(crate) async fn refresh_names(&self, tenant: &TenantId, message: &mut Message) -> Result<(), ChatError> {
        message.sender = self.brief(tenant, &message.sender.id).await?;
        Ok(())
    }

    /// A user beside an event.
    pub(crate) async fn brief(&self, tenant: &TenantId, user: &str) -> Result<UserBrief, ChatError> {
        let briefs = self.users_brief(tenant, std::slice::from_ref(&user.to_owned())).await?;
        briefs.into_iter().next().ok_or(ChatError::Internal)
    }
}
