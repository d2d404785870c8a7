//! Removing the history of a durable channel: a turn in the queue of its commit pipeline.
//!
//! Invariants: what was asked for before the removal is forgotten, what is asked for after it is kept; nobody is answered,
//! and nothing is forgotten in memory, before the store has said that the log begins behind it.

use crate::durable::{DurableLog, QUEUE_MAX, Waiting};
use crate::effects::{Effect, Refusal, Reply};
use crate::stream::Stream;
use crate::{ChannelHandle, ChannelKey};

/// A removal that the store is working on.
#[derive(Debug)]
pub(crate) struct Removal<R> {
    /// The oldest offset that is kept.
    first_offset: u64,
    /// Who waits for it; several who asked in a row share one.
    replies: Vec<R>,
}

impl<R> DurableLog<R> {
    /// Queues a removal behind what waits for a number.
    pub(crate) fn enqueue_removal(&mut self, to: R, effects: &mut Vec<Effect<R>>) {
        if self.queue.len() < QUEUE_MAX {
            return self.queue.push_back(Waiting::Removal(to));
        }
        effects.push(Effect::Reply { to, reply: Reply::HistoryRemoved(Err(Refusal::Busy)) });
    }

    /// Gives the removal to the store whose turn it is, if it is one's.
    pub(crate) fn start_removal(
        &mut self,
        channel: &ChannelKey,
        handle: ChannelHandle,
        stream: &Stream,
        effects: &mut Vec<Effect<R>>,
    ) {
        let mut replies = Vec::new();
        while let Some(Waiting::Removal(_)) = self.queue.front() {
            let Some(Waiting::Removal(to)) = self.queue.pop_front() else { break };
            replies.push(to);
        }
        if replies.is_empty() {
            return;
        }
        let first_offset = stream.top + 1;
        self.removal = Some(Removal { first_offset, replies });
        effects.push(Effect::Remove { channel: channel.clone(), handle, first_offset });
    }

    /// Answers those who wait for the removal that is under way; tells what is kept when it has happened.
    pub(crate) fn end_removal(&mut self, result: Result<(), Refusal>, effects: &mut Vec<Effect<R>>) -> Option<u64> {
        let Removal { first_offset, replies } = self.removal.take()?;
        let answer = |to| Effect::Reply { to, reply: Reply::HistoryRemoved(result) };
        effects.extend(replies.into_iter().map(answer));
        result.ok().map(|()| first_offset)
    }
}

#[cfg(test)]
mod tests;
