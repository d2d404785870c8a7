//! What follows from a channel's log, kept up to date event by event: where it ends, its newest message, how much each
//! sender has sent, and what was deleted.
//!
//! Pure. Events are applied in the order of their offsets, each once; the counts are what makes unread numbers arithmetic.

use std::collections::HashMap;

use natter_core::{EntityId, Publication};
use serde::{Deserialize, Serialize};

use crate::event::{Deletion, Event, EventBody};
use crate::model::{Member, Message};

/// Deleted messages that are remembered for the arithmetic; of older ones, those who have not read them count one more.
const DELETED_MAX: usize = 10_000;

/// The channel as of one offset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fold {
    /// Offset of the newest event that has been applied.
    pub(crate) offset: u64,
    /// Number of the newest message.
    pub(crate) seq: u64,
    /// Its id.
    pub(crate) newest: Option<EntityId>,
    /// Unix milliseconds of the newest message.
    pub(crate) activity_at: Option<i64>,
    /// The newest message that is not deleted.
    pub(crate) last: LastMessage,
    /// Deleted messages, in the order of their numbers: number and sender.
    pub(crate) deleted: Vec<(u64, String)>,
    /// How many messages each sender has sent, deleted ones included.
    #[serde(skip)]
    pub(crate) sent: HashMap<String, u64>,
}

/// The newest message that is not deleted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum LastMessage {
    /// There is none.
    #[default]
    None,
    /// This one.
    Known(Box<Message>),
    /// It was deleted; the one before it is below this number and has to be looked for.
    Below(u64),
}

impl Fold {
    /// Applies the next event. Says whose count has changed, if it is a message.
    pub(crate) fn apply(&mut self, channel: EntityId, publication: &Publication, event: &Event) {
        self.offset = publication.offset;
        self.seq = publication.seq;
        match &event.body {
            EventBody::Message(posted) => {
                *self.sent.entry(posted.sender.id.clone()).or_default() += 1;
                self.newest = Some(posted.id);
                self.activity_at = Some(publication.time_ms);
                let message = posted.as_ref().clone().into_message(channel, publication.seq, publication.time_ms);
                self.last = LastMessage::Known(Box::new(message));
            }
            EventBody::Edited(message) => self.change_last(message.id, |last| *last = (**message).clone()),
            EventBody::ReactionAdded(change) | EventBody::ReactionRemoved(change) => {
                self.change_last(change.message, |last| last.reactions.clone_from(&change.reactions));
            }
            EventBody::Deleted(deletion) => self.delete(deletion),
            _ => {}
        }
    }

    fn change_last(&mut self, id: EntityId, change: impl FnOnce(&mut Message)) {
        match &mut self.last {
            LastMessage::Known(last) if last.id == id => change(last),
            _ => {}
        }
    }

    fn delete(&mut self, deletion: &Deletion) {
        if let Err(place) = self.deleted.binary_search_by_key(&deletion.seq, |(seq, _)| *seq) {
            self.deleted.insert(place, (deletion.seq, deletion.sender.clone()));
        }
        if self.deleted.len() > DELETED_MAX {
            self.deleted.remove(0);
        }
        if matches!(&self.last, LastMessage::Known(last) if last.id == deletion.message) {
            self.last = LastMessage::Below(deletion.seq);
        }
    }

    /// Messages that are there.
    pub(crate) fn present(&self) -> u64 {
        self.seq.saturating_sub(self.deleted.len() as u64)
    }

    /// The number of the message at a place among those that are there, from 0; `None` behind the last one.
    pub(crate) fn seq_at(&self, place: u64) -> Option<u64> {
        let mut seq = place.saturating_add(1);
        for (deleted, _) in &self.deleted {
            if *deleted > seq {
                break;
            }
            seq += 1;
        }
        (seq <= self.seq).then_some(seq)
    }

    /// How many messages a user has sent.
    pub(crate) fn sent_by(&self, user: &str) -> u64 {
        self.sent.get(user).copied().unwrap_or_default()
    }

    /// Messages of others that a member has not read and that are still there.
    pub(crate) fn unread(&self, member: &Member) -> u64 {
        let above = self.seq.saturating_sub(member.last_read_seq);
        let own = self.sent_by(&member.user).saturating_sub(member.own_at_read);
        let first = self.deleted.partition_point(|(seq, _)| *seq <= member.last_read_seq);
        let deleted = self.deleted[first..].iter().filter(|(_, sender)| *sender != member.user).count();
        above.saturating_sub(own).saturating_sub(deleted as u64)
    }
}

#[cfg(test)]
mod tests;
