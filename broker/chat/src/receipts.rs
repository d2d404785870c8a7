//! Read positions and receipts. A position never goes back.

use natter_core::{EntityId, TenantId};
use natter_store::ReadRequest;

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::event::{Event, EventBody};
use crate::hot::HotChannel;
use crate::model::{Member, ReadPosition};

/// Events of one read.
const PAGE: usize = 1_000;

/// Who has read a message.
#[derive(Clone, Debug)]
pub struct Receipts {
    /// The message.
    pub message: EntityId,
    /// Members beside the sender whose position is at or past it, the earliest reader first.
    pub readers: Vec<Member>,
    /// Members of the channel, the sender included.
    pub members: u64,
}

impl Chat {
    /// Moves the caller's read position to a message, or to the newest one. Answers where it is then.
    ///
    /// # Errors
    /// The caller is no member, or there is no such message.
    pub async fn mark_read(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        message: Option<EntityId>,
    ) -> Result<ReadPosition, ChatError> {
        let (hot, before) = self.own(tenant, caller, channel).await?;
        let after = self.move_position(&hot, caller, message).await?;
        if before.last_read_seq != after.last_read_seq || message.is_none() {
            let body =
                EventBody::Read { user: caller.to_owned(), seq: after.last_read_seq, message: after.last_read_id };
            let event = Event::of(hot.id, body);
            self.announce(&hot, &event);
            self.tell_unread(&hot, &after).await?;
            if before.last_read_seq != after.last_read_seq {
                self.after_change(&hot, &event).await?;
            }
        }
        let read_at = after.last_read_at.unwrap_or_else(|| self.now_ms());
        Ok(ReadPosition { seq: after.last_read_seq, message: after.last_read_id, read_at })
    }

    /// As [`Chat::mark_read`] up to a message, and tells the channel that this message has been read.
    ///
    /// # Errors
    /// As [`Chat::mark_read`].
    pub async fn acknowledge(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        message: EntityId,
    ) -> Result<ReadPosition, ChatError> {
        let position = self.mark_read(tenant, caller, channel, Some(message)).await?;
        let hot = self.hot(tenant, channel).await?;
        let body = EventBody::ReadReceipt { message, user: caller.to_owned(), read_at: position.read_at };
        self.announce(&hot, &Event::of(hot.id, body));
        Ok(position)
    }

    /// Who has read a message.
    ///
    /// # Errors
    /// The caller may not see the channel, or there is no such message.
    pub async fn receipts(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        message: EntityId,
    ) -> Result<Receipts, ChatError> {
        let hot = self.visible(tenant, caller, channel).await?;
        let message = self.find(&hot, message).await?.message;
        let mut readers = self.roster(&hot).await?.all();
        let members = readers.len() as u64;
        readers.retain(|member| {
            member.user != message.sender.id && member.last_read_at.is_some() && member.last_read_seq >= message.seq
        });
        readers.sort_by(|one, other| (one.last_read_at, &one.user).cmp(&(other.last_read_at, &other.user)));
        Ok(Receipts { message: message.id, readers, members })
    }

    async fn move_position(
        &self,
        hot: &HotChannel,
        caller: &str,
        message: Option<EntityId>,
    ) -> Result<Member, ChatError> {
        let (seq, id, own) = match message {
            None => hot.with_fold(|fold| (fold.seq, fold.newest, fold.sent_by(caller))),
            Some(id) => {
                let found = self.find_any(hot, id).await?.ok_or(ChatError::NotFound(Missing::Message))?;
                let seq = found.message.seq;
                (seq, Some(id), self.own_up_to(hot, caller, seq).await?)
            }
        };
        let now_ms = self.now_ms();
        self.change_member(hot, caller, |member| {
            let is_ahead = seq > member.last_read_seq || (seq == member.last_read_seq && member.last_read_at.is_none());
            (is_ahead && seq > 0).then(|| Member {
                last_read_seq: seq,
                last_read_id: id,
                last_read_at: Some(now_ms),
                own_at_read: own,
                ..member.clone()
            })
        })
        .await
    }

    /// How many of the messages up to a number are the caller's own: all of them, less those above it.
    async fn own_up_to(&self, hot: &HotChannel, caller: &str, seq: u64) -> Result<u64, ChatError> {
        let (total, top) = hot.with_fold(|fold| (fold.sent_by(caller), fold.offset));
        let Some(offset) = self.store().find_seq(&hot.key, seq).await? else { return Ok(total) };
        let mut above = 0;
        let mut next = offset + 1;
        while next <= top {
            let page = self.store().read_log(&hot.key, ReadRequest::forward(next, PAGE)).await?;
            let Some(last) = page.last().map(|last| last.offset) else { break };
            for publication in page.iter().take_while(|publication| publication.offset <= top) {
                if let EventBody::Message(posted) = Event::decode(publication)?.body {
                    above += u64::from(posted.sender.id == caller);
                }
            }
            next = last + 1;
        }
        Ok(total.saturating_sub(above))
    }
}
