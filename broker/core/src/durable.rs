//! The commit pipeline of one durable channel: what waits for a number, and what waits for the store.
//!
//! At most one append is under way, and while it is, the next batch gathers: batches grow with the load by
//! themselves, and a store that numbers by condition never sees two appends of one channel race.
//! Nothing is acknowledged or delivered before the store has said that it is durable.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use smallvec::SmallVec;

use crate::effects::{Effect, Published, Refusal, Reply};
use crate::input::{Draft, Request};
use crate::log::LogRecord;
use crate::stream::Stream;
use crate::{ChannelHandle, ChannelKey, Position, Publication};

/// The store takes at most this many events in one append.
const APPEND_RECORDS_MAX: usize = 256;
/// The store takes at most this much payload in one append, unless it is a single event.
const APPEND_BYTES_MAX: usize = 512 * 1024;
/// Publications that may wait for a number; further ones are refused.
const QUEUE_MAX: usize = 8_192;
/// Payload that may wait for a number.
const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Requests that may wait for the log to open.
const WAITING_MAX: usize = 4_096;

/// A publication and everyone who waits for its result.
#[derive(Debug)]
pub(crate) struct Pending<R> {
    pub(crate) draft: Draft,
    pub(crate) waiting: SmallVec<[R; 1]>,
}

impl<R> Pending<R> {
    pub(crate) fn answer(self, result: Result<Published, Refusal>, effects: &mut Vec<Effect<R>>) {
        for to in self.waiting {
            effects.push(Effect::Reply { to, reply: Reply::Published(result.clone()) });
        }
    }
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
    /// Requests that came before the log was open, in order; `None` once it is.
    pub(crate) opening: Option<Vec<Request<R>>>,
    queue: VecDeque<Pending<R>>,
    queue_bytes: usize,
    flight: Option<Flight<R>>,
    /// The keys in `queue` and `flight`.
    keys: HashSet<Arc<str>>,
    /// The store was last asked to forget everything below this offset.
    trimmed_to: u64,
}

impl<R> DurableLog<R> {
    pub(crate) fn opening() -> Self {
        Self {
            opening: Some(Vec::new()),
            queue: VecDeque::new(),
            queue_bytes: 0,
            flight: None,
            keys: HashSet::new(),
            trimmed_to: 0,
        }
    }

    /// Keeps a request until the log is open; gives it back when too many wait already.
    pub(crate) fn wait_for_open(&mut self, request: Request<R>) -> Result<(), Request<R>> {
        match &mut self.opening {
            // A departure is never refused: nobody would tell the channel again.
            Some(waiting) if waiting.len() < WAITING_MAX || matches!(request, Request::Unsubscribe { .. }) => {
                waiting.push(request);
                Ok(())
            }
            _ => Err(request),
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.opening.is_none() && self.queue.is_empty() && self.flight.is_none()
    }

    /// Queues a publication for the next batch. A repeat of a key that is still on its way shares its result.
    pub(crate) fn enqueue(&mut self, draft: Draft, reply: Option<R>, effects: &mut Vec<Effect<R>>) {
        if let Some(key) = &draft.idempotency_key
            && self.keys.contains(key)
        {
            if let Some(first) = self.find_pending(&Arc::clone(key)) {
                first.waiting.extend(reply);
            }
            return;
        }
        if self.queue.len() >= QUEUE_MAX || self.queue_bytes >= QUEUE_BYTES_MAX {
            if let Some(to) = reply {
                effects.push(Effect::Reply { to, reply: Reply::Published(Err(Refusal::Busy)) });
            }
            return;
        }
        self.keys.extend(draft.idempotency_key.clone());
        self.queue_bytes += draft.data.len();
        self.queue.push_back(Pending { draft, waiting: reply.into_iter().collect() });
    }

    /// Numbers the next batch and sends it to the store, unless one is under way.
    pub(crate) fn start_append(
        &mut self,
        channel: &ChannelKey,
        handle: ChannelHandle,
        stream: &Stream,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        if self.flight.is_some() || self.queue.is_empty() {
            return;
        }
        let pending = self.take_batch();
        let publications: Vec<_> = pending
            .iter()
            .enumerate()
            .map(|(index, pending)| number(&pending.draft, stream, index as u64, now))
            .collect();
        let records = publications.iter().zip(&pending).map(|(publication, pending)| LogRecord {
            publication: Arc::clone(publication),
            idempotency_key: pending.draft.idempotency_key.clone(),
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
        let flight = self.flight.take()?;
        for pending in &flight.pending {
            if let Some(key) = &pending.draft.idempotency_key {
                self.keys.remove(key);
            }
        }
        Some(flight)
    }

    /// Answers the record that repeats a stored key with the first result, and puts the others back in front.
    pub(crate) fn retry_without(
        &mut self,
        flight: Flight<R>,
        duplicate: usize,
        first: &Position,
        effects: &mut Vec<Effect<R>>,
    ) {
        for (index, pending) in flight.pending.into_iter().enumerate().rev() {
            if index == duplicate {
                let published = Published { offset: first.offset, epoch: Some(first.epoch.clone()), suppressed: true };
                pending.answer(Ok(published), effects);
            } else {
                self.keys.extend(pending.draft.idempotency_key.clone());
                self.queue_bytes += pending.draft.data.len();
                self.queue.push_front(pending);
            }
        }
    }

    /// Everything that still waits, when this life of the channel ends.
    pub(crate) fn abandon(&mut self) -> (Vec<Pending<R>>, Vec<Request<R>>) {
        self.keys.clear();
        self.queue_bytes = 0;
        let pending = self.flight.take().map(|flight| flight.pending).unwrap_or_default();
        (pending.into_iter().chain(self.queue.drain(..)).collect(), self.opening.take().unwrap_or_default())
    }

    /// The offset to trim to, when enough has piled up below `first` to be worth a call.
    pub(crate) fn trim_due(&mut self, first: u64) -> Option<u64> {
        const TRIM_STEP: u64 = 1_024;
        if first < self.trimmed_to + TRIM_STEP {
            return None;
        }
        self.trimmed_to = first;
        Some(first)
    }

    /// Marks that the store has been told to forget everything below `first`.
    pub(crate) fn trimmed(&mut self, first: u64) {
        self.trimmed_to = first;
    }

    fn find_pending(&mut self, key: &Arc<str>) -> Option<&mut Pending<R>> {
        let in_flight = self.flight.iter_mut().flat_map(|flight| flight.pending.iter_mut());
        in_flight.chain(self.queue.iter_mut()).find(|pending| pending.draft.idempotency_key.as_ref() == Some(key))
    }

    fn take_batch(&mut self) -> Vec<Pending<R>> {
        let mut batch = Vec::with_capacity(self.queue.len().min(APPEND_RECORDS_MAX));
        let mut bytes = 0;
        while let Some(next) = self.queue.front()
            && batch.len() < APPEND_RECORDS_MAX
            && (batch.is_empty() || bytes + next.draft.data.len() <= APPEND_BYTES_MAX)
        {
            bytes += next.draft.data.len();
            self.queue_bytes -= next.draft.data.len();
            batch.extend(self.queue.pop_front());
        }
        batch
    }
}

/// Gives a draft the number `index + 1` above the stream's top.
pub(crate) fn number(draft: &Draft, stream: &Stream, index: u64, now: i64) -> Arc<Publication> {
    Arc::new(Publication {
        offset: stream.top + 1 + index,
        seq: stream.seq + 1 + index,
        time_ms: now,
        data: draft.data.clone(),
        info: draft.info.clone(),
        tags: draft.tags.clone(),
        delta: draft.delta,
    })
}
