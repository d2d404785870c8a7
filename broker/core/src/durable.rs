//! The commit pipeline of one durable channel: what waits for a number, and what waits for the store.
//!
//! At most one append is under way, and while it is, the next batch gathers: batches grow with the load by
//! themselves, and a store that numbers by condition never sees two appends of one channel race.
//! Nothing is acknowledged or delivered before the store has said that it is durable. A removal of history has its turn
//! in the same queue (`removal.rs`).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::effects::{Effect, Published, Refusal, Reply};
#[cfg(feature = "faults")]
use crate::faults::append_records_max;
use crate::heard::Held;
use crate::input::{Draft, Request};
use crate::log::LogRecord;
use crate::opening::Opening;
use crate::removal::Removal;
use crate::stream::{Stream, is_old_version};
use crate::{ChannelHandle, ChannelKey, MESSAGE, Publication};

/// The store takes at most this many events in one append.
pub(crate) const APPEND_RECORDS_MAX: usize = 256;
/// The store takes at most this much payload in one append, unless it is a single event.
pub(crate) const APPEND_BYTES_MAX: usize = 512 * 1024;
/// Publications that may wait for a number, and repeats that may wait for their results; further ones are refused.
pub(crate) const QUEUE_MAX: usize = 8_192;
/// Payload that may wait for a number.
pub(crate) const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Conflicts in a row that a channel puts up with, while its log does not grow.
const CONFLICTS_MAX: u8 = 4;

/// A publication and who waits for its result.
#[derive(Debug)]
pub(crate) struct Pending<R> {
    pub(crate) draft: Draft,
    reply: Option<R>,
}

/// What waits for its turn at the log.
#[derive(Debug)]
pub(crate) enum Waiting<R> {
    /// A publication that wants a number.
    Publication(Pending<R>),
    /// Everything before it is to be forgotten; who waits for that.
    Removal(R),
}

/// A batch that the store is working on.
#[derive(Debug)]
pub(crate) struct Flight<R> {
    pub(crate) publications: Vec<Arc<Publication>>,
    pub(crate) pending: Vec<Pending<R>>,
}

/// The pipeline.
#[derive(Debug)]
pub(crate) struct DurableLog<R> {
    /// What waits while the log is read, to open it or to catch up with it; `None` once that is done.
    pub(crate) opening: Option<Opening<R>>,
    pub(crate) queue: VecDeque<Waiting<R>>,
    queue_bytes: usize,
    flight: Option<Flight<R>>,
    /// The removal that the store is working on; no append is under way with it.
    pub(crate) removal: Option<Removal<R>>,
    /// The keys of what is queued or in flight, each with those who repeat it and wait for the same result.
    keys: HashMap<Arc<str>, Vec<R>>,
    repeats_waiting: usize,
    /// The store was last asked to forget everything below this offset.
    trimmed_to: u64,
    /// What other nodes have committed meanwhile; boxed, since there is nothing in a node that is alone.
    pub(crate) held: Option<Box<Held>>,
    /// How often other nodes were first since the log was last seen to grow.
    pub(crate) conflicts: u8,
}

impl<R> DurableLog<R> {
    pub(crate) fn opening() -> Self {
        Self {
            opening: Some(Opening::new()),
            queue: VecDeque::new(),
            queue_bytes: 0,
            flight: None,
            removal: None,
            keys: HashMap::new(),
            repeats_waiting: 0,
            trimmed_to: 0,
            held: None,
            conflicts: 0,
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.opening.is_none() && self.queue.is_empty() && self.flight.is_none() && self.removal.is_none()
    }

    /// Whether the log's end is about to be known anew.
    pub(crate) fn is_reading_or_appending(&self) -> bool {
        self.opening.is_some() || self.flight.is_some()
    }

    /// Whether a publication with this key is on its way.
    pub(crate) fn is_pending(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Queues a publication for the next batch. A repeat of a key that is still on its way shares its result.
    pub(crate) fn enqueue(&mut self, draft: Draft, reply: Option<R>, effects: &mut Vec<Effect<R>>) {
        let repeated = draft.idempotency_key.as_ref().and_then(|key| self.keys.get_mut(key));
        if let Some(repeats) = repeated {
            let Some(to) = reply else { return };
            if self.repeats_waiting >= QUEUE_MAX {
                return refuse(Some(to), effects);
            }
            self.repeats_waiting += 1;
            return repeats.push(to);
        }
        if self.queue.len() >= QUEUE_MAX || self.queue_bytes >= QUEUE_BYTES_MAX {
            return refuse(reply, effects);
        }
        if let Some(key) = &draft.idempotency_key {
            self.keys.insert(Arc::clone(key), Vec::new());
        }
        self.queue_bytes += draft.data.len();
        self.queue.push_back(Waiting::Publication(Pending { draft, reply }));
    }

    /// Gives the next in the queue to the store, unless something is under way.
    pub(crate) fn start_next(
        &mut self,
        channel: &ChannelKey,
        handle: ChannelHandle,
        stream: &Stream,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        if self.is_reading_or_appending() || self.removal.is_some() {
            return;
        }
        let pending = self.take_batch(stream, effects);
        if pending.is_empty() {
            return self.start_removal(channel, handle, stream, effects);
        }
        let mut numbering = Numbering::after(stream);
        let publications: Vec<_> = pending.iter().map(|pending| numbering.number(&pending.draft, now)).collect();
        let records = publications.iter().zip(&pending).map(|(publication, pending)| LogRecord {
            publication: Arc::clone(publication),
            idempotency_key: pending.draft.idempotency_key.clone(),
            id: pending.draft.id,
            version: pending.draft.version.clone(),
        });
        effects.push(Effect::Append {
            channel: channel.clone(),
            handle,
            expected_last_offset: stream.top,
            records: records.collect(),
        });
        self.flight = Some(Flight { publications, pending });
    }

    /// The batch that the store has answered.
    pub(crate) fn land(&mut self) -> Option<Flight<R>> {
        self.flight.take()
    }

    /// Answers everyone who waits for a publication. Those who repeated its key learn that they published nothing.
    pub(crate) fn settle(
        &mut self,
        pending: Pending<R>,
        result: Result<Published, Refusal>,
        effects: &mut Vec<Effect<R>>,
    ) {
        let repeats = pending.draft.idempotency_key.and_then(|key| self.keys.remove(&key)).unwrap_or_default();
        self.repeats_waiting -= repeats.len();
        let repeated = result.clone().map(|published| Published { suppressed: true, ..published });
        let answers = pending.reply.map(|to| (to, result)).into_iter();
        for (to, result) in answers.chain(repeats.into_iter().map(|to| (to, repeated.clone()))) {
            effects.push(Effect::Reply { to, reply: Reply::Published(result) });
        }
    }

    /// Answers the record that repeats a stored key with the first result, and puts the others back in front.
    pub(crate) fn retry_without(
        &mut self,
        flight: Flight<R>,
        duplicate: usize,
        first: Published,
        effects: &mut Vec<Effect<R>>,
    ) {
        let mut first = Some(first);
        for (index, pending) in flight.pending.into_iter().enumerate().rev() {
            match first.take_if(|_| index == duplicate) {
                Some(first) => self.settle(pending, Ok(first), effects),
                None => self.put_back(pending),
            }
        }
    }

    /// Puts a batch back in front that another node was before, and has the log looked at. False when this happens over
    /// and over, though the log does not grow.
    pub(crate) fn retry(&mut self, flight: Flight<R>) -> bool {
        flight.pending.into_iter().rev().for_each(|pending| self.put_back(pending));
        self.doubt();
        self.conflicts += 1;
        self.conflicts <= CONFLICTS_MAX
    }

    fn put_back(&mut self, pending: Pending<R>) {
        self.queue_bytes += pending.draft.data.len();
        self.queue.push_front(Waiting::Publication(pending));
    }

    /// Refuses everything that still waits, when this life of the channel ends.
    pub(crate) fn abandon(&mut self, refusal: Refusal, effects: &mut Vec<Effect<R>>) {
        let flight = self.flight.take().map(|flight| flight.pending).unwrap_or_default();
        let queue = std::mem::take(&mut self.queue);
        self.queue_bytes = 0;
        self.end_removal(Err(refusal), effects);
        for waiting in flight.into_iter().map(Waiting::Publication).chain(queue) {
            match waiting {
                Waiting::Publication(pending) => self.settle(pending, Err(refusal), effects),
                Waiting::Removal(to) => effects.push(Effect::Reply { to, reply: Reply::HistoryRemoved(Err(refusal)) }),
            }
        }
        for request in self.take_requests() {
            effects.extend(request.refusal(refusal).map(|(to, reply)| Effect::Reply { to, reply }));
        }
    }

    /// What waited for the log to open, which it has now.
    pub(crate) fn take_requests(&mut self) -> Vec<Request<R>> {
        self.opening.take().map(Opening::into_requests).unwrap_or_default()
    }

    /// The offset to trim to, when `step` or more have piled up below `first`.
    pub(crate) fn trim_due(&mut self, first: u64, step: u64) -> Option<u64> {
        if first < self.trimmed_to.saturating_add(step) {
            return None;
        }
        self.trimmed_to = first;
        Some(first)
    }

    /// Marks that the store keeps nothing below `first`, or has been told to.
    pub(crate) fn trimmed(&mut self, first: u64) {
        self.trimmed_to = self.trimmed_to.max(first);
    }

    /// Takes the next batch, within the store's limits and up to the next removal. An application's version that has become old while it
    /// waited is answered here; one that is old against another one of the batch waits to see that one stored.
    fn take_batch(&mut self, stream: &Stream, effects: &mut Vec<Effect<R>>) -> Vec<Pending<R>> {
        let records_max = append_records_max();
        let mut batch: Vec<Pending<R>> = Vec::with_capacity(self.queue.len().min(records_max));
        let mut bytes = 0;
        let mut newest_version = None;
        while let Some(Waiting::Publication(next)) = self.queue.front() {
            let size = next.draft.data.len();
            let is_full = batch.len() >= records_max || (!batch.is_empty() && bytes + size > APPEND_BYTES_MAX);
            if is_full || is_old_version(newest_version.as_ref(), &next.draft) {
                break;
            }
            let Some(Waiting::Publication(next)) = self.queue.pop_front() else { break };
            self.queue_bytes -= size;
            if is_old_version(stream.version.as_ref(), &next.draft) {
                let current = Published::repeat(stream.top, Some(stream.epoch.clone()));
                self.settle(next, Ok(current), effects);
                continue;
            }
            bytes += size;
            newest_version = next.draft.version.clone().or(newest_version);
            batch.push(next);
        }
        batch
    }
}

#[cfg(not(feature = "faults"))]
fn append_records_max() -> usize {
    APPEND_RECORDS_MAX
}

fn refuse<R>(reply: Option<R>, effects: &mut Vec<Effect<R>>) {
    effects.extend(reply.map(|to| Effect::Reply { to, reply: Reply::Published(Err(Refusal::Busy)) }));
}

/// The next numbers of a stream.
pub(crate) struct Numbering {
    offset: u64,
    seq: u64,
}

impl Numbering {
    pub(crate) fn after(stream: &Stream) -> Self {
        Self { offset: stream.top, seq: stream.seq }
    }

    /// Gives a draft the next offset, and the next message number if it is a message.
    pub(crate) fn number(&mut self, draft: &Draft, now: i64) -> Arc<Publication> {
        self.offset += 1;
        self.seq += u64::from(draft.kind == MESSAGE);
        publication(draft, self.offset, self.seq, now)
    }
}

/// A draft as a publication with these numbers.
pub(crate) fn publication(draft: &Draft, offset: u64, seq: u64, now: i64) -> Arc<Publication> {
    Arc::new(Publication {
        offset,
        seq,
        kind: draft.kind,
        time_ms: now,
        data: draft.data.clone(),
        info: draft.info.clone(),
        tags: draft.tags.clone(),
        delta: draft.delta,
        keyed: None,
    })
}

#[cfg(test)]
mod tests;
