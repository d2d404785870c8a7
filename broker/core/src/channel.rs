//! One channel in its owner's memory.

use std::sync::Arc;

use crate::durable::DurableLog;
use crate::effects::{Delivery, Effect, Published};
use crate::idempotency::IdempotencyWindow;
use crate::input::{Draft, Subscriber};
use crate::lanes::LaneCounts;
use crate::log::{CommitOutcome, LogHead};
use crate::presence::Presence;
use crate::stream::Stream;
use crate::{ChannelHandle, ChannelKey, ChannelOptions, PresenceEdge, Publication};

/// How long a channel that nobody uses and that can be had again stays in memory, in milliseconds.
const IDLE_MS: i64 = 60_000;

/// A channel: its subscribers, its numbered stream if it keeps one, and what is on its way.
#[derive(Debug)]
pub(crate) struct Channel<R> {
    pub(crate) handle: ChannelHandle,
    pub(crate) options: Arc<ChannelOptions>,
    pub(crate) lanes: LaneCounts,
    pub(crate) stream: Option<Box<Stream>>,
    pub(crate) durable: Option<Box<DurableLog<R>>>,
    pub(crate) presence: Option<Box<Presence>>,
    idempotency: Option<Box<IdempotencyWindow>>,
    /// Released publications that the lanes have not been handed yet.
    undelivered: Vec<Arc<Publication>>,
    /// The publication before the first undelivered one.
    delta_base: Option<Arc<Publication>>,
    /// Whether the last delivery was no part of the stream: nobody's delta can be made against the stream then.
    is_delta_chain_broken: bool,
    /// Whether the shard has this channel on its list of those to finish.
    pub(crate) is_dirty: bool,
    last_used: i64,
}

impl<R> Channel<R> {
    pub(crate) fn new(handle: ChannelHandle, options: Arc<ChannelOptions>, now: i64) -> Self {
        Self {
            handle,
            options,
            lanes: LaneCounts::default(),
            stream: None,
            durable: None,
            presence: None,
            idempotency: None,
            undelivered: Vec::new(),
            delta_base: None,
            is_delta_chain_broken: false,
            is_dirty: false,
            last_used: now,
        }
    }

    /// Notes that the channel is in use, with its namespace's current options.
    ///
    /// Turning `durable` on or off takes effect when the channel is next made: a log does not change its home.
    pub(crate) fn touch(&mut self, options: &Arc<ChannelOptions>, now: i64) {
        self.last_used = now;
        if !Arc::ptr_eq(&self.options, options) && self.options.durable == options.durable {
            self.options = Arc::clone(options);
        }
    }

    /// The result of an earlier publish that this one repeats, by key or by version.
    pub(crate) fn repeats(&mut self, draft: &Draft, now: i64) -> Option<Published> {
        let by_key = draft.idempotency_key.as_ref().and_then(|key| self.idempotency.as_mut()?.get(key, now));
        let offset = match by_key {
            Some(offset) => offset,
            None if self.is_old_version(draft) => self.stream.as_ref()?.top,
            None => return None,
        };
        let epoch = self.stream.as_ref().map(|stream| stream.epoch.clone());
        Some(Published { offset, epoch, suppressed: true })
    }

    fn is_old_version(&self, draft: &Draft) -> bool {
        let Some((version, epoch)) = &draft.version else { return false };
        let known = self.stream.as_ref().and_then(|stream| stream.version.as_ref());
        known.is_some_and(|(newest, newest_epoch)| version <= newest && (epoch.is_empty() || epoch == newest_epoch))
    }

    /// Remembers the key and the version of what is being published.
    pub(crate) fn remember_version(&mut self, draft: &Draft) {
        if let (Some(stream), Some(version)) = (&mut self.stream, &draft.version) {
            stream.version = Some(version.clone());
        }
    }

    pub(crate) fn remember_key(&mut self, key: Option<Arc<str>>, offset: u64, now: i64) {
        if let Some(key) = key {
            self.idempotency.get_or_insert_default().insert(key, offset, now);
        }
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

    /// Hands what is undelivered to the lanes.
    pub(crate) fn deliver(&mut self, effects: &mut Vec<Effect<R>>) {
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

    fn announce(&mut self, edge: PresenceEdge, info: Arc<crate::ClientInfo>, effects: &mut Vec<Effect<R>>) {
        let lanes = self.lanes.set();
        if self.options.join_leave && !lanes.is_empty() {
            self.deliver(effects);
            effects.push(Effect::Announce { lanes, channel: self.handle, edge, info });
        }
    }

    /// Takes the log's state over from the store.
    pub(crate) fn open(&mut self, head: LogHead, newest: Vec<Arc<Publication>>) {
        let before = head.last_offset - newest.len() as u64;
        let seq_before = newest.first().map_or(head.last_seq, |oldest| oldest.seq - 1);
        let mut stream = Stream::at(head.epoch, before, seq_before, head.first_offset);
        for publication in newest {
            stream.push(publication, &self.options);
        }
        if let Some(durable) = &mut self.durable {
            durable.trimmed(head.first_offset);
        }
        self.stream = Some(Box::new(stream));
    }

    /// Settles the batch that the store has answered. False when this life of the channel is over.
    pub(crate) fn commit(&mut self, outcome: CommitOutcome, now: i64, effects: &mut Vec<Effect<R>>) -> bool {
        let Some(flight) = self.durable.as_mut().and_then(|durable| durable.land()) else { return true };
        match outcome {
            CommitOutcome::Appended => {
                let epoch = self.stream.as_ref().map(|stream| stream.epoch.clone());
                let mut acks = Vec::with_capacity(flight.pending.len());
                for (publication, pending) in flight.publications.into_iter().zip(flight.pending) {
                    let published = Published { offset: publication.offset, epoch: epoch.clone(), suppressed: false };
                    self.remember_key(pending.draft.idempotency_key.clone(), publication.offset, now);
                    self.release(publication);
                    acks.push((pending, published));
                }
                self.deliver(effects);
                for (pending, published) in acks {
                    pending.answer(Ok(published), effects);
                }
                true
            }
            CommitOutcome::Duplicate { index, position } => {
                if let Some(durable) = &mut self.durable {
                    durable.retry_without(flight, index, &position, effects);
                }
                true
            }
            CommitOutcome::Rejected => {
                for pending in flight.pending {
                    pending.answer(Err(crate::Refusal::StoreUnavailable { outcome_known: true }), effects);
                }
                true
            }
            CommitOutcome::Lost => {
                for pending in flight.pending {
                    pending.answer(Err(crate::Refusal::StoreUnavailable { outcome_known: false }), effects);
                }
                false
            }
        }
    }

    /// Ends this life of the channel: everyone who waits is answered, subscribers are told to come again.
    pub(crate) fn give_up(mut self, effects: &mut Vec<Effect<R>>) {
        let refusal = crate::Refusal::StoreUnavailable { outcome_known: true };
        self.deliver(effects);
        if let Some(durable) = &mut self.durable {
            let (pending, requests) = durable.abandon();
            for pending in pending {
                pending.answer(Err(refusal), effects);
            }
            for request in requests {
                effects.extend(request.refusal(refusal).map(|(to, reply)| Effect::Reply { to, reply }));
            }
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
            durable.start_append(key, self.handle, stream, now, effects);
            if let Some(first_offset) = durable.trim_due(stream.first) {
                effects.push(Effect::Trim { channel: key.clone(), first_offset });
            }
        }
    }

    /// Forgets what is too old. True when the channel itself can be forgotten.
    pub(crate) fn tick(&mut self, now: i64) -> bool {
        if let Some(stream) = &mut self.stream {
            stream.expire(now, &self.options);
        }
        if let Some(window) = &mut self.idempotency {
            window.expire(now);
            if window.is_empty() {
                self.idempotency = None;
            }
        }
        self.lanes.is_empty() && self.is_forgettable(now)
    }

    fn is_forgettable(&self, now: i64) -> bool {
        let idle_ms = now - self.last_used;
        match (&self.durable, &self.stream) {
            (Some(durable), _) => durable.is_idle() && idle_ms > IDLE_MS,
            (None, Some(stream)) => stream.holds_nothing() && idle_ms > self.options.history_meta_ttl_ms,
            (None, None) => self.idempotency.is_none(),
        }
    }

    /// Whether nothing but its numbering would be lost with it: what a full shard lets go of first.
    pub(crate) fn is_expendable(&self) -> bool {
        let is_idle = self.lanes.is_empty() && self.idempotency.is_none();
        is_idle
            && match (&self.durable, &self.stream) {
                (Some(durable), _) => durable.is_idle(),
                (None, Some(stream)) => stream.holds_nothing(),
                (None, None) => true,
            }
    }

    /// Answers a publish that goes around history.
    pub(crate) fn publish_unnumbered(&mut self, draft: Draft, now: i64) -> Published {
        let publication = Publication {
            offset: 0,
            seq: 0,
            time_ms: now,
            data: draft.data,
            info: draft.info,
            tags: draft.tags,
            delta: draft.delta,
        };
        self.release(Arc::new(publication));
        Published { offset: 0, epoch: None, suppressed: false }
    }
}
