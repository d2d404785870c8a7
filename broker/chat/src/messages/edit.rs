//! Editing and deleting messages.

use std::sync::Arc;
use std::time::Duration;

use natter_core::{EntityId, TenantId};

use super::Found;
use super::state::{Edit, State};
use crate::chat::Chat;
use crate::error::ChatError;
use crate::event::{Deletion, Event, EventBody};
use crate::hot::HotChannel;
use crate::model::{LinkPreview, Message};
use crate::validate;

/// Who may delete a message, beside its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteRule {
    /// Nobody, and the sender only for this long after sending it.
    SenderWithin(Duration),
    /// Nobody.
    Sender,
    /// Whoever calls, since the document says so.
    Anyone,
}

impl Chat {
    /// Gives a message another text.
    ///
    /// # Errors
    /// The caller is not its sender, or the text cannot be taken.
    pub async fn edit(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        id: EntityId,
        text: String,
    ) -> Result<Message, ChatError> {
        let (hot, _) = self.own(tenant, caller, channel).await?;
        let seq = self.find(&hot, id).await?.message.seq;
        let _turn = hot.lock_message(seq).await?;
        let found = self.find(&hot, id).await?;
        self.is_own(&found, caller).await?;
        self.edit_found(&hot, found, caller, text).await
    }

    /// As [`Chat::edit`] for a caller that a document lets edit what others have sent.
    ///
    /// # Errors
    /// There is no such message, or the text cannot be taken.
    pub async fn edit_unasked(
        &self,
        tenant: &TenantId,
        channel: EntityId,
        id: EntityId,
        text: String,
    ) -> Result<Message, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        let seq = self.find(&hot, id).await?.message.seq;
        let _turn = hot.lock_message(seq).await?;
        let found = self.find(&hot, id).await?;
        let sender = found.message.sender.id.clone();
        self.edit_found(&hot, found, &sender, text).await
    }

    async fn edit_found(
        &self,
        hot: &Arc<HotChannel>,
        mut found: Found,
        caller: &str,
        text: String,
    ) -> Result<Message, ChatError> {
        let attachments =
            found.state.edit.as_ref().map_or(&found.message.attachments, |edit| &edit.attachments).clone();
        validate::text(&text, !attachments.is_empty())?;
        let mentions = self.mentions_in(&hot.tenant, &text).await?;
        found.state.edit = Some(Edit { text, mentions, attachments, at: self.now_ms() });
        found.state.link_previews.clear();
        self.append_change(hot, found, caller).await
    }

    /// Shows what has been found out of a message's links, if its text is still the one that was looked at.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn set_link_previews(
        &self,
        tenant: &TenantId,
        channel: EntityId,
        id: EntityId,
        text: &str,
        previews: Vec<LinkPreview>,
    ) -> Result<(), ChatError> {
        let hot = self.hot(tenant, channel).await?;
        let seq = self.find(&hot, id).await?.message.seq;
        let _turn = hot.lock_message(seq).await?;
        let mut found = self.find(&hot, id).await?;
        let present = found.state.edit.as_ref().map_or(&found.message.text, |edit| &edit.text);
        if present != text || found.state.link_previews == previews {
            return Ok(());
        }
        found.state.link_previews = previews;
        let sender = found.message.sender.id.clone();
        self.append_change(&hot, found, &sender).await.map(|_| ())
    }

    /// Appends what a message is now, and waits until reads see it. The message's lock is held.
    async fn append_change(&self, hot: &Arc<HotChannel>, found: Found, caller: &str) -> Result<Message, ChatError> {
        let message = self.finish(hot, found, Some(caller)).await?;
        let shown = message.reactions.iter().cloned().map(|mut reaction| {
            reaction.own = false;
            reaction
        });
        let shown = Message { reactions: shown.collect(), ..message.clone() };
        let published = self.append(hot, Event::of(hot.id, EventBody::Edited(Box::new(shown)))).await?;
        hot.projected_to(published.offset).await?;
        Ok(message)
    }

    /// Deletes a message. Deleting it again changes nothing.
    ///
    /// # Errors
    /// The rule does not let the caller.
    pub async fn delete_message(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        id: EntityId,
        rule: DeleteRule,
    ) -> Result<Deletion, ChatError> {
        let hot = match rule {
            DeleteRule::Anyone => self.hot(tenant, channel).await?,
            _ => self.own(tenant, caller, channel).await?.0,
        };
        let seq = self.find(&hot, id).await?.message.seq;
        let _turn = hot.lock_message(seq).await?;
        let found = self.find(&hot, id).await?;
        self.may_delete(&found, caller, rule).await?;
        let sender = found.message.sender.id.clone();
        let deletion = Deletion { message: id, seq, sender, by: caller.to_owned() };
        let published = self.append(&hot, Event::of(hot.id, EventBody::Deleted(deletion.clone()))).await?;
        hot.projected_to(published.offset).await?;
        Ok(deletion)
    }

    async fn may_delete(&self, found: &Found, caller: &str, rule: DeleteRule) -> Result<(), ChatError> {
        if rule == DeleteRule::Anyone {
            return Ok(());
        }
        self.is_own(found, caller).await?;
        let age_ms = self.now_ms() - found.message.created_at;
        match rule {
            DeleteRule::SenderWithin(limit) if age_ms > i64::try_from(limit.as_millis()).unwrap_or(i64::MAX) => {
                Err(ChatError::Forbidden("it is too late to delete this message"))
            }
            _ => Ok(()),
        }
    }
}

impl State {
    /// What an edited message says of its state.
    pub(crate) fn edited(&mut self, message: &Message) {
        self.edit = Some(Edit {
            text: message.text.clone(),
            mentions: message.mentions.clone(),
            attachments: message.attachments.clone(),
            at: message.updated_at,
        });
        self.link_previews.clone_from(&message.link_previews);
    }
}
