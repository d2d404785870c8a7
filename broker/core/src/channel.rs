//! One channel in its owner's memory.

use std::sync::Arc;

use crate::carried::Outbound;
use crate::durable::{DurableLog, Flight, Numbering, publication};
use crate::effects::{Delivery, Effect, Published};
use crate::idempotency::IdempotencyWindow;
use crate::input::Request;
use crate::input::{Draft, Subscriber};
use crate::keyed::KeyedState;
use crate::lanes::LaneCounts;
use crate::log::{CommitOutcome, LogHead};
use crate::oldest::Search;
use crate::presence::Presence;
use crate::quota::ChannelSeat;
use crate::stream::{Stream, is_old_version};
use crate::{
    ChannelHandle, ChannelKey, ChannelOptions, ClientInfo, Epoch, Position, PresenceEdge, Publication, Refusal,
};

/// How long a channel that nobody uses and that can be had again stays in memory, in milliseconds.
const IDLE_MS: i64 = 60_000;
/// How often it is looked after what has expired in a durable log, in milliseconds.
const SWEEP_INTERVAL_MS: i64 = 60_000;
/// So many events that may be forgotten are worth telling the store at once.
const TRIM_STEP: u64 = 1_024;

/// A channel: its subscribers, its numbered stream if it keeps one, and what is on its way.
#[derive(Debug)]
pub(crate) struct Channel<R> {
    pub(crate) handle: ChannelHandle,
    pub(crate) options: Arc<ChannelOptions>,
    pub(crate) lanes: LaneCounts,
    pub(crate) stream: Option<Box<Stream>>,
    pub(crate) durable: Option<Box<DurableLog<R>>>,
    pub(crate) presence: Option<Box<Presence>>,
    pub(crate) keyed: Option<Box<KeyedState>>,
    idempotency: Option<Box<IdempotencyWindow>>,
    /// Released publications that the lanes have not been handed yet.
    undelivered: Vec<Arc<Publication>>,
    /// The publication before the first undelivered one.
    delta_base: Option<Arc<Publication>>,
    /// Whether the last delivery was no part of the stream: nobody's delta can be made against the stream then.
    is_delta_chain_broken: bool,
    /// Whether the shard has this channel on its list of those to finish.
    pub(crate) is_dirty: bool,
    /// Reads of the store that this channel has under way.
    pub(crate) reads: usize,
    last_used: i64,
    /// When to look for expired events next.
    next_sweep_ms: i64,
    /// Its place among its tenant's channels.
    seat: ChannelSeat,
    /// What other nodes are to be told, if there are any.
    pub(crate) outbound: Option<Box<Outbound>>,
}

impl<R> Channel<R> {
    pub(crate) fn new(handle: ChannelHandle, options: Arc<ChannelOptions>, seat: ChannelSeat, now: i64) -> Self {
        Self {
            handle,
            options,
            lanes: LaneCounts::default(),
            stream: None,
            durable: None,
            presence: None,
            keyed: None,
            idempotency: None,
            undelivered: Vec::new(),
            delta_base: None,
            is_delta_chain_broken: false,
            is_dirty: false,
            reads: 0,
            last_used: now,
            next_sweep_ms: now,
            seat,
            outbound: None,
        }
    }

    /// Notes that the channel is in use, with its namespace's current options.
    ///
    /// Turning `durable` on or off takes effect when the channel is next made, as does another order of keys.
    /// Turning history on begins a stream at once: subscribers meet its epoch with its first publication.
    /// False when the channel has to be made anew: it keeps keys and is not to do so any more, or the other way round.
    pub(crate) fn touch(&mut self, options: &Arc<ChannelOptions>, now: i64, epoch: impl FnOnce() -> Epoch) -> bool {
        self.last_used = now;
        if Arc::ptr_eq(&self.options, options) || !self.options.is_shaped_like(options) {
            return self.keyed.is_some() == options.keyed.is_some();
        }
        self.options = Arc::clone(options);
        if self.stream.is_none() && !options.durable && options.has_history() {
            self.stream = Some(Box::new(Stream::new(epoch())));
        }
        true
    }

    /// The result of an earlier publish that this one repeats, by key or by version.
    pub(crate) fn repeats(&mut self, draft: &Draft, now: i64) -> Option<Published> {
        let by_key = draft.idempotency_key.as_ref().and_then(|key| self.idempotency.as_mut()?.get(key, now));
        let offset = match (by_key, &self.stream) {
            (Some(offset), _) => offset,
            (None, Some(stream)) if is_old_version(stream.version.as_ref(), draft) => stream.top,
            _ => return None,
        };
        // What went around history has no position.
        let is_repeat_of_unnumbered = by_key == Some(0);
        let epoch = self.stream.as_ref().filter(|_| !is_repeat_of_unnumbered).map(|stream| stream.epoch.clone());
        Some(Published::repeat(offset, epoch))
    }

    /// Remembers the key and the version of what has been published.
    pub(crate) fn remember(&mut self, draft: &Draft, offset: u64, now: i64) {
        if let (Some(stream), Some(version)) = (&mut self.stream, &draft.version)
            && offset > 0
        {
            stream.version = Some(version.clone());
        }
        if let Some(key) = &draft.idempotency_key {
            self.idempotency.get_or_insert_default().insert(Arc::clone(key), offset, now);
        }
    }

    /// Publishes what needs no store, in the stream or around it.
    pub(crate) fn publish(&mut self, draft: Draft, is_numbered: bool, now: i64) -> Published {
        let stream = self.stream.as_ref().filter(|_| is_numbered);
        let epoch = stream.map(|stream| stream.epoch.clone());
        let publication = match stream {
            Some(stream) => Numbering::after(stream).number(&draft, now),
            None => publication(&draft, 0, 0, now),
        };
        let published = Published::new(&publication, epoch);
        self.remember(&draft, published.offset, now);
        if let Some(outbound) = self.outbound.as_mut().filter(|_| published.offset == 0) {
            outbound.add(&publication, None);
        }
        self.release(publication);
        published
    }

    /// Makes a publication visible: from here on it is in history and on its way to subscribers.
    pub(crate) fn release(&mut self, publication: Arc<Publication>) {
        if let Some(stream) = &mut self.stream
            && publication.offset > 0
        {
            if self.undelivered.is_empty() && !self.is_delta_chain_broken {
                self.delta_base = stream.newest().cloned();
            }
            stream.push(Arc::clone(&publication), &self.options);
        }
        self.is_delta_chain_broken = publication.offset == 0;
        if !self.lanes.is_empty() {
            self.undelivered.push(publication);
        }
    }

    /// Hands what is undelivered to the lanes and to other nodes.
    pub(crate) fn deliver(&mut self, effects: &mut Vec<Effect<R>>) {
        if let Some(outbound) = &mut self.outbound {
            outbound.carry(self.stream.as_ref().map(|stream| &stream.epoch), effects);
        }
        let previous = self.delta_base.take();
        if self.undelivered.is_empty() {
            return;
        }
        let publications = std::mem::take(&mut self.undelivered);
        let lanes = self.lanes.set();
        if !lanes.is_empty() {
            let epoch = self.stream.as_ref().map(|stream| stream.epoch.clone());
            let delivery = Delivery { channel: self.handle, publications, previous, epoch };
            effects.push(Effect::Deliver { lanes, delivery });
        }
    }

    /// Hands out the removals of keys that have expired.
    pub(crate) fn deliver_removed(&mut self, effects: &mut Vec<Effect<R>>) {
        if self.keyed.is_some() {
            self.deliver(effects);
        }
    }

    /// Lists a new subscriber and tells the others.
    pub(crate) fn join(&mut self, subscriber: Subscriber, effects: &mut Vec<Effect<R>>) {
        let Some(info) = subscriber.info else { return };
        if self.options.presence {
            let members_max = self.options.presence_members_max;
            self.presence.get_or_insert_default().join(subscriber.client, Arc::clone(&info), members_max);
        }
        self.announce(PresenceEdge::Joined, info, effects);
    }

    /// Takes a subscriber off the list and tells the others.
    pub(crate) fn leave(&mut self, subscriber: Subscriber, effects: &mut Vec<Effect<R>>) {
        self.deliver(effects);
        self.lanes.remove(subscriber.lane);
        if let Some(presence) = &mut self.presence {
            presence.leave(&subscriber.client);
        }
        if let Some(info) = subscriber.info {
            self.announce(PresenceEdge::Left, info, effects);
        }
    }

    fn announce(&mut self, edge: PresenceEdge, info: Arc<ClientInfo>, effects: &mut Vec<Effect<R>>) {
        let lanes = self.lanes.set();
        if self.options.join_leave && !lanes.is_empty() {
            self.deliver(effects);
            effects.push(Effect::Announce { lanes, channel: self.handle, edge, info });
        }
    }

    /// Whether this life of the channel waits for its log.
    pub(crate) fn is_opening(&self, handle: ChannelHandle) -> bool {
        self.handle == handle && self.durable.as_ref().is_some_and(|durable| durable.opening.is_some())
    }

    /// Takes the log's state over from the store and returns what has waited for it. `None` when what is known of the log
    /// cannot be brought in line with it.
    pub(crate) fn open(
        &mut self,
        key: &ChannelKey,
        head: LogHead,
        mut newest: Vec<Arc<Publication>>,
        effects: &mut Vec<Effect<R>>,
    ) -> Option<Vec<Request<R>>> {
        if self.stream.is_some() {
            return self.open_again(key, head, newest, effects);
        }
        // Only what ends the log without a hole can be held; the store still has the rest.
        let ends_the_log = |(index, publication): (usize, &Arc<Publication>)| {
            publication.offset.checked_add(index as u64) == Some(head.last_offset)
        };
        if !newest.iter().rev().enumerate().all(ends_the_log) {
            newest.clear();
        }
        let before = head.last_offset - newest.len() as u64;
        let mut stream = Stream::at(head.epoch, before, head.last_seq, head.first_offset.min(head.last_offset + 1));
        for publication in newest {
            stream.push(publication, &self.options);
        }
        stream.seq = head.last_seq;
        stream.version = head.version;
        stream.forget_below(stream.oldest_allowed(&self.options));
        self.stream = Some(Box::new(stream));
        let durable = self.durable.as_mut()?;
        durable.trimmed(head.first_offset);
        Some(durable.take_requests())
    }

    /// Settles the batch that the store has answered. False when this life of the channel is over.
    pub(crate) fn commit(
        &mut self,
        key: &ChannelKey,
        outcome: CommitOutcome,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) -> bool {
        let Some(flight) = self.durable.as_mut().and_then(|durable| durable.land()) else { return true };
        match outcome {
            CommitOutcome::Appended => self.appended(key, flight, now, effects),
            CommitOutcome::Duplicate { index, position } if index < flight.pending.len() => {
                self.repeated(flight, index, position, now, effects);
            }
            // A repeat that is none of the batch's is no answer, and nothing was appended.
            CommitOutcome::Duplicate { .. } | CommitOutcome::Rejected => self.not_appended(flight, true, effects),
            CommitOutcome::Conflict => return self.durable.as_mut().is_some_and(|durable| durable.retry(flight)),
            CommitOutcome::Lost => {
                self.not_appended(flight, false, effects);
                return false;
            }
        }
        true
    }

    fn appended(&mut self, key: &ChannelKey, flight: Flight<R>, now: i64, effects: &mut Vec<Effect<R>>) {
        if self.options.observed {
            effects.push(Effect::Committed { channel: key.clone(), publications: flight.publications.clone() });
        }
        let epoch = self.stream.as_ref().map(|stream| stream.epoch.clone());
        let mut acks = Vec::with_capacity(flight.pending.len());
        for (publication, pending) in flight.publications.into_iter().zip(flight.pending) {
            if let Some(outbound) = &mut self.outbound {
                outbound.add(&publication, pending.draft.version.as_ref());
            }
            acks.push((Published::new(&publication, epoch.clone()), pending));
            self.release(publication);
        }
        self.deliver(effects);
        for (published, pending) in acks {
            self.remember(&pending.draft, published.offset, now);
            if let Some(durable) = &mut self.durable {
                durable.conflicts = 0;
                durable.settle(pending, Ok(published), effects);
            }
        }
    }

    fn repeated(&mut self, flight: Flight<R>, index: usize, first: Position, now: i64, effects: &mut Vec<Effect<R>>) {
        let is_this_log = self.stream.as_ref().is_some_and(|stream| stream.epoch == first.epoch);
        if let Some(key) = flight.pending[index].draft.idempotency_key.clone().filter(|_| is_this_log) {
            self.idempotency.get_or_insert_default().insert(key, first.offset, now);
        }
        let published = Published::repeat(first.offset, Some(first.epoch));
        if let Some(durable) = &mut self.durable {
            durable.retry_without(flight, index, published, effects);
        }
    }

    /// The store has answered a removal. A failed one leaves everything as it is.
    pub(crate) fn removed(&mut self, is_done: bool, effects: &mut Vec<Effect<R>>) {
        let (Some(durable), Some(stream)) = (&mut self.durable, &mut self.stream) else { return };
        let result = is_done.then_some(()).ok_or(Refusal::StoreUnavailable { outcome_known: false });
        if let Some(first_offset) = durable.end_removal(result, effects) {
            stream.remove_below(first_offset);
            durable.trimmed(first_offset);
            self.cut();
        }
    }

    /// Notes that other nodes have to look at the log, since something of it is gone.
    pub(crate) fn cut(&mut self) {
        if let Some(outbound) = self.outbound.as_mut().filter(|_| self.durable.is_some()) {
            outbound.cut();
        }
    }

    fn not_appended(&mut self, flight: Flight<R>, outcome_known: bool, effects: &mut Vec<Effect<R>>) {
        let Some(durable) = &mut self.durable else { return };
        for pending in flight.pending {
            durable.settle(pending, Err(Refusal::StoreUnavailable { outcome_known }), effects);
        }
    }

    /// Ends this life of the channel: everyone who waits is answered, subscribers are told to come again.
    pub(crate) fn give_up(mut self, effects: &mut Vec<Effect<R>>) {
        self.deliver(effects);
        if let Some(durable) = &mut self.durable {
            durable.abandon(Refusal::StoreUnavailable { outcome_known: true }, effects);
        }
        let lanes = self.lanes.set();
        if !lanes.is_empty() {
            effects.push(Effect::Invalidate { lanes, channel: self.handle });
        }
    }

    /// What is left to do once a batch of inputs has been applied.
    pub(crate) fn finish(&mut self, key: &ChannelKey, now: i64, effects: &mut Vec<Effect<R>>) {
        self.is_dirty = false;
        self.deliver(effects);
        if let (Some(durable), Some(stream)) = (&mut self.durable, &self.stream) {
            durable.start_next(key, self.handle, stream, now, effects);
        }
        self.trim(key, TRIM_STEP, effects);
    }

    /// Tells the store what it may forget, if that is `step` events or more.
    pub(crate) fn trim(&mut self, key: &ChannelKey, step: u64, effects: &mut Vec<Effect<R>>) {
        if self.options.keeps_log {
            return;
        }
        let (Some(durable), Some(stream)) = (&mut self.durable, &self.stream) else { return };
        if let Some(first_offset) = durable.trim_due(stream.first, step) {
            effects.push(Effect::Trim { channel: key.clone(), first_offset });
        }
    }

    /// Whether it is time to look for events of a durable log that have expired.
    pub(crate) fn is_sweep_due(&mut self, now: i64) -> bool {
        let is_due = self.durable.is_some() && self.stream.is_some() && now >= self.next_sweep_ms;
        if is_due {
            self.next_sweep_ms = now.saturating_add(SWEEP_INTERVAL_MS);
        }
        is_due
    }

    /// The search for the oldest event that has not expired, when memory does not tell.
    pub(crate) fn search_oldest(&self) -> Option<Search> {
        let stream = self.stream.as_ref()?;
        (stream.first < stream.oldest_held()).then(|| Search::between(stream.first, stream.oldest_held()))
    }

    /// Forgets what is too old. True when the channel itself can be forgotten.
    pub(crate) fn tick(&mut self, now: i64) -> bool {
        if let Some(stream) = &mut self.stream {
            stream.expire(now, &self.options);
        }
        if self.keyed.is_some() {
            self.expire_keys(now);
        }
        if let Some(window) = &mut self.idempotency {
            window.expire(now);
            if window.is_empty() {
                self.idempotency = None;
            }
        }
        self.lanes.is_empty() && self.is_forgettable(now)
    }

    /// Whether its tenant wants room for others, and can have this one again.
    pub(crate) fn makes_way(&self, now: i64) -> bool {
        self.seat.is_wanted(now) && self.is_expendable()
    }

    fn is_forgettable(&self, now: i64) -> bool {
        let idle_ms = now.saturating_sub(self.last_used);
        match (&self.durable, &self.stream) {
            (Some(durable), _) => durable.is_idle() && self.reads == 0 && idle_ms > IDLE_MS,
            (None, Some(_)) => self.is_expendable() && idle_ms > self.options.history_meta_ttl_ms,
            (None, None) if self.keyed.is_some() => self.is_expendable() && idle_ms > IDLE_MS,
            (None, None) => self.idempotency.is_none(),
        }
    }

    /// Whether nothing but its numbering would be lost with it: what a full shard lets go of first.
    pub(crate) fn is_expendable(&self) -> bool {
        self.lanes.is_empty()
            && self.outbound.as_ref().is_none_or(|outbound| outbound.is_empty())
            && self.keyed.as_ref().is_none_or(|keyed| keyed.len() == 0)
            && match (&self.durable, &self.stream) {
                (Some(durable), _) => durable.is_idle() && self.reads == 0,
                (None, Some(stream)) => stream.holds_nothing() && self.idempotency.is_none(),
                (None, None) => self.idempotency.is_none(),
            }
    }
}
