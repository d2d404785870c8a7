//! The owner of a set of channels: the only writer of their numbers.
//!
//! Whoever drives a shard applies a batch of inputs, calls [`Shard::finish`], and then does the effects in order.
//! Invariants, tested in `tests/`:
//! - (a) the offsets of a channel are dense and increasing within an epoch;
//! - (b) each lane gets a channel's publications in the order of their offsets, each once, or is told by `Invalidate`;
//! - (c) a durable publication is neither acknowledged nor delivered before its commit;
//! - (d) a subscribe answers position P, everything above P is delivered, and a recovery covers what is up to P;
//! - (e) a lost or rebuilt stream has a new epoch.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::channel::Channel;
use crate::durable::{self, DurableLog};
use crate::effects::{Effect, HistoryPage, Published, Recovery, Refusal, Reply, Subscribed};
use crate::input::{Draft, Input, Request, Subscriber};
use crate::log::{CommitOutcome, LogHead};
use crate::options::RecoveryMode;
use crate::stream::{HistoryQuery, Lookup, Range, Since, Stream};
use crate::{ChannelHandle, ChannelKey, ChannelOptions, Epoch, PresenceStats, Publication};

/// How many of a durable log's newest events are loaded when it is opened.
const NEWEST_MAX: usize = 128;
/// Reads of the store that one shard has under way; further ones are refused.
const READS_MAX: usize = 1_024;

/// What a shard may hold.
#[derive(Clone, Debug)]
pub struct ShardLimits {
    /// Channels in memory.
    pub channels_max: usize,
}

/// Counts for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardStats {
    /// Channels with subscribers.
    pub channels_active: usize,
    /// Channels without.
    pub channels_idle: usize,
    /// Publications in memory.
    pub publications_held: usize,
    /// Members of all presence lists.
    pub presence_members: usize,
}

/// A set of channels and their only writer. `R` is the address of whoever waits for an answer.
pub struct Shard<R> {
    channels: HashMap<ChannelKey, Channel<R>, BuildHasherDefault<StableHash>>,
    dirty: Vec<ChannelKey>,
    acks: Vec<(R, Published)>,
    reads: HashMap<u64, PendingRead<R>>,
    next_ticket: u64,
    next_handle: u64,
    handle_step: u64,
    random: Box<dyn FnMut() -> u64 + Send>,
    limits: ShardLimits,
}

/// A request that waits for the store to read a part of its channel's log.
struct PendingRead<R> {
    channel: ChannelKey,
    handle: ChannelHandle,
    range: Range,
    waiting: ReadFor<R>,
}

enum ReadFor<R> {
    Subscribe { subscriber: Subscriber, since: Since, reply: R },
    History { query: HistoryQuery, reply: R },
}

impl<R> Shard<R> {
    /// Makes an empty shard. `index` of `count` keeps the handles of different shards apart; `random` supplies
    /// the bits of new epochs.
    pub fn new(index: usize, count: usize, limits: ShardLimits, random: Box<dyn FnMut() -> u64 + Send>) -> Self {
        Self {
            channels: HashMap::default(),
            dirty: Vec::new(),
            acks: Vec::new(),
            reads: HashMap::new(),
            next_ticket: 0,
            next_handle: index as u64 + 1,
            handle_step: count as u64,
            random,
            limits,
        }
    }

    /// Applies one input at `now` (milliseconds since the Unix epoch, never going back).
    pub fn apply(&mut self, input: Input<R>, now: i64, effects: &mut Vec<Effect<R>>) {
        match input {
            Input::Request { channel, options, request } => self.request(channel, &options, request, now, effects),
            Input::LogOpened { channel, handle, log } => self.log_opened(&channel, handle, log, now, effects),
            Input::Committed { channel, handle, outcome } => self.committed(&channel, handle, outcome, now, effects),
            Input::ReadDone { ticket, publications } => self.read_done(ticket, publications, now, effects),
            Input::Tick => self.tick(now),
        }
    }

    /// Ends a batch of inputs: what they released is handed to the lanes, what they queued goes to the store,
    /// and what they published is acknowledged.
    pub fn finish(&mut self, now: i64, effects: &mut Vec<Effect<R>>) {
        for key in self.dirty.drain(..) {
            if let Some(channel) = self.channels.get_mut(&key) {
                channel.finish(&key, now, effects);
            }
        }
        for (to, published) in self.acks.drain(..) {
            effects.push(Effect::Reply { to, reply: Reply::Published(Ok(published)) });
        }
    }

    /// Counts what the shard holds.
    pub fn stats(&self) -> ShardStats {
        self.channels.values().fold(ShardStats::default(), |mut stats, channel| {
            match channel.lanes.is_empty() {
                true => stats.channels_idle += 1,
                false => stats.channels_active += 1,
            }
            stats.publications_held += channel.stream.as_ref().map_or(0, |stream| stream.held());
            stats.presence_members += channel.presence.as_ref().map_or(0, |presence| presence.stats().num_clients);
            stats
        })
    }

    /// The channels that have subscribers, with their number.
    pub fn active_channels(&self) -> impl Iterator<Item = (&ChannelKey, u64)> {
        self.channels.iter().filter(|(_, channel)| !channel.lanes.is_empty()).map(|(key, c)| (key, c.lanes.total()))
    }

    fn request(
        &mut self,
        key: ChannelKey,
        options: &Arc<ChannelOptions>,
        request: Request<R>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        if !self.channels.contains_key(&key) {
            if matches!(request, Request::Unsubscribe { .. } | Request::UpdatePresence { .. }) {
                return;
            }
            if let Err(refusal) = self.create(&key, options, now, effects) {
                return refuse(request, refusal, effects);
            }
        }
        let Some(channel) = self.channels.get_mut(&key) else { return };
        channel.touch(options, now);
        if let Some(durable) = &mut channel.durable
            && durable.opening.is_some()
        {
            if let Err(request) = durable.wait_for_open(request) {
                refuse(request, Refusal::Busy, effects);
            }
            return;
        }
        self.serve(key, request, now, effects);
    }

    /// Makes a channel, if there is room for one more.
    fn create(
        &mut self,
        key: &ChannelKey,
        options: &Arc<ChannelOptions>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) -> Result<(), Refusal> {
        if self.channels.len() >= self.limits.channels_max {
            self.channels.retain(|_, channel| !channel.is_expendable());
            if self.channels.len() >= self.limits.channels_max {
                return Err(Refusal::TooManyChannels);
            }
        }
        let handle = ChannelHandle(self.next_handle);
        self.next_handle += self.handle_step;
        let mut channel = Channel::new(handle, Arc::clone(options), now);
        if options.has_history() {
            let candidate = Epoch::from_random((self.random)());
            if options.durable {
                channel.durable = Some(Box::new(DurableLog::opening()));
                let newest_max = NEWEST_MAX.min(options.history_size);
                effects.push(Effect::OpenLog { channel: key.clone(), handle, candidate, newest_max });
            } else {
                channel.stream = Some(Box::new(Stream::new(candidate)));
            }
        }
        self.channels.insert(key.clone(), channel);
        Ok(())
    }

    /// Serves a request of a channel that is there and open.
    fn serve(&mut self, key: ChannelKey, request: Request<R>, now: i64, effects: &mut Vec<Effect<R>>) {
        match request {
            Request::Publish { draft, reply } => self.publish(key, draft, reply, now, effects),
            Request::Subscribe { subscriber, recover, reply } => {
                self.subscribe(key, subscriber, recover, reply, now, effects);
            }
            Request::Unsubscribe { subscriber } => self.unsubscribe(&key, subscriber, effects),
            Request::UpdatePresence { subscriber } => self.update_presence(&key, subscriber),
            Request::History { query, reply } => self.history(key, query, reply, now, effects),
            Request::RemoveHistory { reply } => {
                let result = self.remove_history(&key, effects);
                effects.push(Effect::Reply { to: reply, reply: Reply::HistoryRemoved(result) });
            }
            Request::Presence { reply } => {
                let members = self.presence(&key, |presence| presence.members(), Vec::new());
                effects.push(Effect::Reply { to: reply, reply: Reply::Presence(members) });
            }
            Request::PresenceStats { reply } => {
                let stats = self.presence(&key, |presence| presence.stats(), PresenceStats::default());
                effects.push(Effect::Reply { to: reply, reply: Reply::PresenceStats(stats) });
            }
        }
    }

    fn publish(&mut self, key: ChannelKey, draft: Draft, reply: Option<R>, now: i64, effects: &mut Vec<Effect<R>>) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        if let Some(published) = channel.repeats(&draft, now) {
            self.acks.extend(reply.map(|to| (to, published)));
            return;
        }
        if !channel.is_dirty {
            channel.is_dirty = true;
            self.dirty.push(key);
        }
        if draft.skip_history || channel.stream.is_none() {
            let idempotency_key = draft.idempotency_key.clone();
            let published = channel.publish_unnumbered(draft, now);
            channel.remember_key(idempotency_key, 0, now);
            self.acks.extend(reply.map(|to| (to, published)));
            return;
        }
        channel.remember_version(&draft);
        if let Some(durable) = &mut channel.durable {
            durable.enqueue(draft, reply, effects);
        } else if let Some(stream) = &channel.stream {
            let publication = durable::number(&draft, stream, 0, now);
            let published =
                Published { offset: publication.offset, epoch: Some(stream.epoch.clone()), suppressed: false };
            channel.remember_key(draft.idempotency_key, publication.offset, now);
            channel.release(publication);
            self.acks.extend(reply.map(|to| (to, published)));
        }
    }

    fn subscribe(
        &mut self,
        key: ChannelKey,
        subscriber: Subscriber,
        recover: Option<Since>,
        reply: R,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        let recovery = match (&mut channel.stream, &recover) {
            (Some(stream), Some(since)) => {
                stream.expire(now, &channel.options);
                let range = range_to_recover(stream, since, &channel.options);
                match range.map(|range| (range, stream.lookup(range))) {
                    None => Some(Recovery { recovered: false, publications: Vec::new() }),
                    Some((_, Lookup::Found(publications))) => {
                        Some(judge_recovery(publications, since, stream, &channel.options))
                    }
                    Some((range, Lookup::InStore)) => {
                        let waiting = ReadFor::Subscribe { subscriber, since: since.clone(), reply };
                        return self.read(key, range, waiting, effects);
                    }
                }
            }
            _ => None,
        };
        self.attach(&key, subscriber, recovery, reply, effects);
    }

    /// Counts the subscriber in and answers it: everything released after this reaches its lane.
    fn attach(
        &mut self,
        key: &ChannelKey,
        subscriber: Subscriber,
        recovery: Option<Recovery>,
        reply: R,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        // What was released before belongs to the position that is answered now.
        channel.deliver(effects);
        channel.lanes.add(subscriber.lane);
        let subscribed = Subscribed {
            channel: key.clone(),
            subscriber: subscriber.clone(),
            handle: channel.handle,
            epoch: channel.stream.as_ref().map(|stream| stream.epoch.clone()),
            offset: channel.stream.as_ref().map_or(0, |stream| stream.top),
            recovery,
        };
        effects.push(Effect::Reply { to: reply, reply: Reply::Subscribed(Ok(Box::new(subscribed))) });
        channel.join(subscriber, effects);
    }

    fn unsubscribe(&mut self, key: &ChannelKey, subscriber: Subscriber, effects: &mut Vec<Effect<R>>) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        channel.leave(subscriber, effects);
        if channel.lanes.is_empty() && channel.stream.is_none() && channel.durable.is_none() && channel.is_expendable()
        {
            self.channels.remove(key);
        }
    }

    fn update_presence(&mut self, key: &ChannelKey, subscriber: Subscriber) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        if let (Some(presence), Some(info)) = (&mut channel.presence, subscriber.info) {
            presence.join(subscriber.client, info, channel.options.presence_members_max);
        }
    }

    fn history(&mut self, key: ChannelKey, query: HistoryQuery, reply: R, now: i64, effects: &mut Vec<Effect<R>>) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        let page = match &mut channel.stream {
            None => Err(Refusal::NotAvailable),
            Some(stream) => {
                stream.expire(now, &channel.options);
                match check_query(stream, &query) {
                    Err(refusal) => Err(refusal),
                    Ok(()) => {
                        let range = stream.page(&query);
                        match stream.lookup(range) {
                            Lookup::Found(publications) => Ok(page(stream, publications, query.reverse)),
                            Lookup::InStore => {
                                return self.read(key, range, ReadFor::History { query, reply }, effects);
                            }
                        }
                    }
                }
            }
        };
        effects.push(Effect::Reply { to: reply, reply: Reply::History(page) });
    }

    fn remove_history(&mut self, key: &ChannelKey, effects: &mut Vec<Effect<R>>) -> Result<(), Refusal> {
        let Some(channel) = self.channels.get_mut(key) else { return Ok(()) };
        let stream = channel.stream.as_mut().ok_or(Refusal::NotAvailable)?;
        stream.clear();
        if let Some(durable) = &mut channel.durable {
            durable.trimmed(stream.first);
            effects.push(Effect::Trim { channel: key.clone(), first_offset: stream.first });
        }
        Ok(())
    }

    fn presence<T>(
        &self,
        key: &ChannelKey,
        read: impl FnOnce(&crate::presence::Presence) -> T,
        empty: T,
    ) -> Result<T, Refusal> {
        let Some(channel) = self.channels.get(key) else { return Ok(empty) };
        if !channel.options.presence {
            return Err(Refusal::NotAvailable);
        }
        Ok(channel.presence.as_ref().map_or(empty, |presence| read(presence)))
    }

    fn read(&mut self, key: ChannelKey, range: Range, waiting: ReadFor<R>, effects: &mut Vec<Effect<R>>) {
        let Some(channel) = self.channels.get(&key) else { return };
        if self.reads.len() >= READS_MAX {
            return waiting.refuse(Refusal::Busy, effects);
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        effects.push(Effect::Read { channel: key.clone(), ticket, first: range.first, last: range.last });
        self.reads.insert(ticket, PendingRead { channel: key, handle: channel.handle, range, waiting });
    }

    fn read_done(
        &mut self,
        ticket: u64,
        publications: Option<Vec<Arc<Publication>>>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some(read) = self.reads.remove(&ticket) else { return };
        let channel = self.channels.get_mut(&read.channel).filter(|channel| channel.handle == read.handle);
        let (Some(channel), Some(mut publications)) = (channel, publications) else {
            return read.waiting.refuse(Refusal::StoreUnavailable { outcome_known: true }, effects);
        };
        let Some(stream) = &channel.stream else { return };
        let oldest_ms = now - channel.options.history_ttl_ms;
        publications.retain(|publication| publication.offset >= stream.first && publication.time_ms > oldest_ms);
        match read.waiting {
            ReadFor::History { query, reply } => {
                let page = Ok(page(stream, publications, query.reverse));
                effects.push(Effect::Reply { to: reply, reply: Reply::History(page) });
            }
            ReadFor::Subscribe { subscriber, since, reply } => {
                // What was released while the store was read is in memory, or so much that the client starts afresh.
                let newer = Range { first: read.range.last + 1, last: stream.top };
                let recovery = match stream.lookup(newer) {
                    Lookup::Found(newer) => {
                        publications.extend(newer);
                        judge_recovery(publications, &since, stream, &channel.options)
                    }
                    Lookup::InStore => Recovery { recovered: false, publications: Vec::new() },
                };
                self.attach(&read.channel, subscriber, Some(recovery), reply, effects);
            }
        }
    }

    fn log_opened(
        &mut self,
        key: &ChannelKey,
        handle: ChannelHandle,
        log: Option<(LogHead, Vec<Arc<Publication>>)>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some(channel) = self.channels.get_mut(key).filter(|channel| channel.handle == handle) else { return };
        let Some((head, newest)) = log else {
            if let Some(channel) = self.channels.remove(key) {
                channel.give_up(effects);
            }
            return;
        };
        channel.open(head, newest);
        let waiting = channel.durable.as_mut().and_then(|durable| durable.opening.take()).unwrap_or_default();
        for request in waiting {
            self.serve(key.clone(), request, now, effects);
        }
    }

    fn committed(
        &mut self,
        key: &ChannelKey,
        handle: ChannelHandle,
        outcome: CommitOutcome,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some(channel) = self.channels.get_mut(key).filter(|channel| channel.handle == handle) else { return };
        if channel.commit(outcome, now, effects) {
            if !channel.is_dirty {
                channel.is_dirty = true;
                self.dirty.push(key.clone());
            }
        } else if let Some(channel) = self.channels.remove(key) {
            channel.give_up(effects);
        }
    }

    fn tick(&mut self, now: i64) {
        self.channels.retain(|_, channel| !channel.tick(now));
    }
}

impl<R> ReadFor<R> {
    fn refuse(self, refusal: Refusal, effects: &mut Vec<Effect<R>>) {
        let (to, reply) = match self {
            Self::Subscribe { reply, .. } => (reply, Reply::Subscribed(Err(refusal))),
            Self::History { reply, .. } => (reply, Reply::History(Err(refusal))),
        };
        effects.push(Effect::Reply { to, reply });
    }
}

fn refuse<R>(request: Request<R>, refusal: Refusal, effects: &mut Vec<Effect<R>>) {
    effects.extend(request.refusal(refusal).map(|(to, reply)| Effect::Reply { to, reply }));
}

/// What a returning subscriber has to be sent, or `None` when it cannot be brought up to date.
fn range_to_recover(stream: &Stream, since: &Since, options: &ChannelOptions) -> Option<Range> {
    match options.recovery_mode {
        RecoveryMode::Stream => stream.missed(since, options.recovery_limit),
        RecoveryMode::Cache if stream.top < stream.first => None,
        RecoveryMode::Cache if since.offset == stream.top && stream.epoch.as_str() == since.epoch => {
            Some(Range { first: stream.top + 1, last: stream.top })
        }
        RecoveryMode::Cache => Some(Range { first: stream.top, last: stream.top }),
    }
}

/// Decides whether the publications that were found close the gap.
fn judge_recovery(
    publications: Vec<Arc<Publication>>,
    since: &Since,
    stream: &Stream,
    options: &ChannelOptions,
) -> Recovery {
    let recovered = match options.recovery_mode {
        RecoveryMode::Cache => {
            let newest = publications.last().map(|publication| publication.offset);
            newest == Some(stream.top) || (newest.is_none() && since.offset == stream.top)
        }
        RecoveryMode::Stream => {
            publications.len() as u64 == stream.top - since.offset.min(stream.top)
                && publications.len() <= options.recovery_limit
        }
    };
    Recovery { recovered, publications: if recovered { publications } else { Vec::new() } }
}

fn check_query(stream: &Stream, query: &HistoryQuery) -> Result<(), Refusal> {
    let Some(since) = &query.since else { return Ok(()) };
    if !stream.is_epoch(&since.epoch) {
        return Err(Refusal::UnrecoverablePosition);
    }
    if query.reverse && since.offset == 0 { Err(Refusal::BadRequest) } else { Ok(()) }
}

fn page(stream: &Stream, mut publications: Vec<Arc<Publication>>, reverse: bool) -> Box<HistoryPage> {
    if reverse {
        publications.reverse();
    }
    Box::new(HistoryPage { publications, offset: stream.top, epoch: stream.epoch.clone() })
}

/// Passes a channel's stable hash on as the map's hash.
#[derive(Default)]
struct StableHash(u64);

impl Hasher for StableHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
