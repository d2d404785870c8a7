//! The owner of a set of channels: the only writer of their numbers.
//!
//! Whoever drives a shard applies a batch of inputs, calls [`Shard::finish`], and then does the effects in order.
//! Invariants, tested in `tests/`:
//! - (a) the offsets of a channel are dense and increasing within an epoch;
//! - (b) each lane gets a channel's publications in the order of their offsets, each once, or is told by `Invalidate`;
//! - (c) a durable publication is neither acknowledged nor delivered before its commit;
//! - (d) a subscribe answers position P, everything above P is delivered, and a recovery covers what is up to P;
//! - (e) a lost or rebuilt stream has a new epoch.
//!
//! Of a durable channel it is the only writer on its node; where nodes are several the store decides (`carried.rs`).

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use crate::carried::{Carried, Joined};
use crate::channel::Channel;
use crate::durable::DurableLog;
use crate::effects::{Effect, Published, Refusal, Reply};
use crate::input::{Input, Request};
use crate::key::StableHash;
use crate::keyed::{KeyedAnswer, KeyedChange, KeyedState};
use crate::log::{CommitOutcome, LogHead};
use crate::opening::Opening;
use crate::quota::{ChannelQuotas, ChannelSeat, NoQuotas};
use crate::reads::{PendingRead, SEARCHES_MAX};
use crate::stream::Stream;
use crate::{ChannelHandle, ChannelKey, ChannelOptions, Epoch, PresenceStats, Publication, TenantId};

/// How many of a durable log's newest events are loaded when it is opened.
const NEWEST_MAX: usize = 128;

/// What a shard may hold.
#[derive(Clone, Debug)]
pub struct ShardLimits {
    /// Channels in memory.
    pub channels_max: usize,
    /// What each tenant may have of them, over all shards.
    pub quotas: Arc<dyn ChannelQuotas>,
}

impl ShardLimits {
    /// A bound on the shard's channels, and none on a single tenant's.
    pub fn new(channels_max: usize) -> Self {
        Self { channels_max, quotas: Arc::new(NoQuotas::default()) }
    }
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
    /// Boxed, since a map keeps up to half of its places empty.
    pub(crate) channels: HashMap<ChannelKey, Box<Channel<R>>, BuildHasherDefault<StableHash>>,
    dirty: Vec<ChannelKey>,
    pub(crate) acks: Vec<(R, Published)>,
    /// Answers to changes of keys.
    pub(crate) changes: Vec<(R, Result<KeyedChange, Refusal>)>,
    pub(crate) reads: HashMap<u64, PendingRead<R>>,
    pub(crate) next_ticket: u64,
    next_handle: u64,
    handle_step: u64,
    random: Box<dyn FnMut() -> u64 + Send>,
    limits: ShardLimits,
    /// Whether no channel could be let go of when one was looked for last; time may change that.
    is_crowded: bool,
    /// The tenants of which the same is true.
    crowded_tenants: HashSet<TenantId>,
    /// What it takes to keep other nodes informed, if there are any.
    joined: Option<Joined>,
}

impl<R> Shard<R> {
    /// Makes an empty shard. `index` of `count` keeps the handles of different shards apart; `random` supplies
    /// the bits of new epochs.
    pub fn new(index: usize, count: usize, limits: ShardLimits, random: Box<dyn FnMut() -> u64 + Send>) -> Self {
        Self {
            channels: HashMap::default(),
            dirty: Vec::new(),
            acks: Vec::new(),
            changes: Vec::new(),
            reads: HashMap::new(),
            next_ticket: 0,
            next_handle: index as u64 + 1,
            handle_step: count as u64,
            random,
            limits,
            is_crowded: false,
            crowded_tenants: HashSet::new(),
            joined: None,
        }
    }

    /// The shard, as one of a node that is not alone: it says what it publishes and which channels it has.
    pub fn joined(self) -> Self {
        Self { joined: Some(Joined::new()), ..self }
    }

    /// Applies one input at `now` (milliseconds since the Unix epoch, never going back).
    pub fn apply(&mut self, input: Input<R>, now: i64, effects: &mut Vec<Effect<R>>) {
        match input {
            Input::Request { channel, options, request } => self.request(channel, &options, request, now, effects),
            Input::LogOpened { channel, handle, log } => self.log_opened(&channel, handle, log, now, effects),
            Input::Committed { channel, handle, outcome } => self.committed(&channel, handle, outcome, now, effects),
            Input::Removed { channel, handle, is_done } => self.removed(&channel, handle, is_done, effects),
            Input::ReadDone { ticket, publications } => self.read_done(ticket, publications, now, effects),
            Input::Carried { channel, carried } => self.carried(&channel, carried, effects),
            Input::Missed { channel } => self.missed(&channel, effects),
            Input::Tick => self.tick(now, effects),
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
        for (to, changed) in self.changes.drain(..) {
            let answer = changed.map(|changed| Box::new(KeyedAnswer::Changed(changed)));
            effects.push(Effect::Reply { to, reply: Reply::Keyed(answer) });
        }
        let gone = self.joined.iter().flat_map(Joined::gone).filter(|key| !self.channels.contains_key(key));
        effects.extend(gone.map(|channel| Effect::Follow { channel, is_followed: false }));
    }

    /// Counts what the shard holds.
    pub fn stats(&self) -> ShardStats {
        self.channels.values().fold(ShardStats::default(), |mut stats, channel| {
            match channel.lanes.is_empty() {
                true => stats.channels_idle += 1,
                false => stats.channels_active += 1,
            }
            stats.publications_held += channel.stream.as_ref().map_or(0, |stream| stream.held());
            stats.publications_held += channel.keyed.as_ref().map_or(0, |keyed| keyed.len());
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
        let is_departure = request.is_departure();
        if !self.channels.contains_key(&key) {
            let request = match request {
                _ if is_departure => return,
                Request::Presence { reply } => return nobody_is_present(reply, options, effects),
                Request::PresenceStats { reply } => return nobody_is_counted(reply, options, effects),
                request => request,
            };
            if let Err(refusal) = self.create(&key, options, now, effects) {
                return refuse(request, refusal, effects);
            }
            return self.serve_when_open(key, request, now, effects);
        }
        let Some(channel) = self.channels.get_mut(&key) else { return };
        // Whoever gives a subscription back knows nothing of the channel's options.
        if !is_departure {
            let random = &mut self.random;
            if !channel.touch(options, now, || Epoch::from_random(random())) {
                return self.remake(key, options, request, now, effects);
            }
        }
        self.serve_when_open(key, request, now, effects);
    }

    /// Ends a channel's life that is of another kind than its namespace now wants, and begins another.
    fn remake(
        &mut self,
        key: ChannelKey,
        options: &Arc<ChannelOptions>,
        request: Request<R>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        if let Some(channel) = self.channels.remove(&key) {
            channel.give_up(effects);
        }
        self.request(key, options, request, now, effects);
    }

    fn serve_when_open(&mut self, key: ChannelKey, request: Request<R>, now: i64, effects: &mut Vec<Effect<R>>) {
        let channel = self.channels.get_mut(&key);
        // While an open log is caught up with, whoever is attached to it may leave.
        let channel = channel.filter(|channel| channel.stream.is_none() || !request.is_departure());
        let durable = channel.and_then(|channel| channel.durable.as_mut());
        match durable.and_then(|durable| durable.opening.as_mut()) {
            None => self.serve(key, request, now, effects),
            Some(opening) => {
                if let Err(request) = opening.wait(request) {
                    refuse(request, Refusal::Busy, effects);
                }
            }
        }
    }

    /// Makes a channel, if there is room for one more.
    fn create(
        &mut self,
        key: &ChannelKey,
        options: &Arc<ChannelOptions>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) -> Result<(), Refusal> {
        if self.channels.len() >= self.limits.channels_max && !self.make_room() {
            return Err(Refusal::TooManyChannels);
        }
        let seat = self.seat(key.tenant(), now)?;
        let handle = ChannelHandle(self.next_handle);
        self.next_handle += self.handle_step;
        let mut channel = Channel::new(handle, Arc::clone(options), seat, now);
        if let Some(joined) = &self.joined {
            channel.outbound = Some(joined.outbound(key));
            effects.push(Effect::Follow { channel: key.clone(), is_followed: true });
        }
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
        if options.keyed.is_some() {
            channel.keyed = Some(Box::new(KeyedState::new(Epoch::from_random((self.random)()))));
        }
        self.channels.insert(key.clone(), Box::new(channel));
        Ok(())
    }

    /// Lets go of channels that can be had again. A search that finds none is not repeated before the next tick.
    fn make_room(&mut self) -> bool {
        if !self.is_crowded {
            self.channels.retain(|_, channel| !channel.is_expendable());
            self.is_crowded = self.channels.len() >= self.limits.channels_max;
        }
        !self.is_crowded
    }

    /// A place among the channels of a tenant. As [`Self::make_room`], but other shards may hold what the tenant can do
    /// without: they are told, and let go of it at their next tick.
    fn seat(&mut self, tenant: &TenantId, now: i64) -> Result<ChannelSeat, Refusal> {
        let quota = self.limits.quotas.of(tenant);
        let seat = quota.take().or_else(|| {
            if self.crowded_tenants.insert(tenant.clone()) {
                self.channels.retain(|key, channel| key.tenant() != tenant || !channel.is_expendable());
            }
            quota.take()
        });
        seat.ok_or_else(|| {
            quota.refused(now);
            Refusal::TooManyChannels
        })
    }

    /// Has a channel finished at the end of the batch.
    pub(crate) fn mark_dirty(&mut self, key: &ChannelKey) {
        if let Some(channel) = self.channels.get_mut(key).filter(|channel| !channel.is_dirty) {
            channel.is_dirty = true;
            self.dirty.push(key.clone());
        }
    }

    /// A channel's stream, if it is there and has one.
    pub(crate) fn stream(&mut self, key: &ChannelKey) -> Option<(&mut Stream, &ChannelOptions)> {
        let channel = self.channels.get_mut(key)?;
        Some((channel.stream.as_mut()?, &channel.options))
    }

    fn log_opened(
        &mut self,
        key: &ChannelKey,
        handle: ChannelHandle,
        log: Option<(LogHead, Vec<Arc<Publication>>)>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some(channel) = self.channels.get_mut(key).filter(|channel| channel.is_opening(handle)) else { return };
        let requests = log.and_then(|(head, newest)| channel.open(key, head, newest, effects));
        let Some(requests) = requests else { return self.lose(key, effects) };
        self.take_held(key, effects);
        for request in requests {
            match self.channels.contains_key(key) {
                true => self.serve_when_open(key.clone(), request, now, effects),
                // One of those before it has closed the channel.
                false => refuse(request, Refusal::StoreUnavailable { outcome_known: true }, effects),
            }
        }
    }

    /// Ends a channel's life since its log is out of sight.
    fn lose(&mut self, key: &ChannelKey, effects: &mut Vec<Effect<R>>) {
        let Some(channel) = self.channels.remove(key) else { return };
        if channel.options.observed && channel.stream.is_some() {
            effects.push(Effect::Lost { channel: key.clone() });
        }
        channel.give_up(effects);
    }

    fn carried(&mut self, key: &ChannelKey, carried: Carried, effects: &mut Vec<Effect<R>>) {
        if let Some(channel) = self.channels.get_mut(key) {
            channel.hear(carried);
            self.take_held(key, effects);
        }
    }

    fn missed(&mut self, key: &ChannelKey, effects: &mut Vec<Effect<R>>) {
        if let Some(durable) = self.channels.get_mut(key).and_then(|channel| channel.durable.as_mut()) {
            durable.doubt();
            self.take_held(key, effects);
        }
    }

    /// Has a channel take in what other nodes have told of it, and read its log where they have not told enough.
    fn take_held(&mut self, key: &ChannelKey, effects: &mut Vec<Effect<R>>) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        if channel.take_held(key, effects)
            && let Some(durable) = &mut channel.durable
        {
            durable.opening = Some(Opening::new());
            let candidate = Epoch::from_random((self.random)());
            let (channel, handle) = (key.clone(), channel.handle);
            effects.push(Effect::OpenLog { channel, handle, candidate, newest_max: NEWEST_MAX });
        }
        self.mark_dirty(key);
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
        let is_conflict = matches!(outcome, CommitOutcome::Conflict);
        if channel.commit(key, outcome, now, effects) {
            self.take_held(key, effects);
        } else if is_conflict {
            self.lose(key, effects);
        } else if let Some(channel) = self.channels.remove(key) {
            channel.give_up(effects);
        }
    }

    fn removed(&mut self, key: &ChannelKey, handle: ChannelHandle, is_done: bool, effects: &mut Vec<Effect<R>>) {
        if let Some(channel) = self.channels.get_mut(key).filter(|channel| channel.handle == handle) {
            channel.removed(is_done, effects);
            self.mark_dirty(key);
        }
    }

    fn tick(&mut self, now: i64, effects: &mut Vec<Effect<R>>) {
        self.is_crowded = false;
        self.crowded_tenants.clear();
        let mut room = SEARCHES_MAX.saturating_sub(self.reads.len());
        let mut searches = Vec::new();
        self.channels.retain(|key, channel| {
            if channel.tick(now) || channel.makes_way(now) {
                channel.trim(key, 1, effects);
                return false;
            }
            channel.deliver_removed(effects);
            if room > 0 && channel.is_sweep_due(now) {
                channel.trim(key, 1, effects);
                if let Some(search) = channel.search_oldest() {
                    room -= 1;
                    searches.push((key.clone(), search));
                }
            }
            true
        });
        for (key, search) in searches {
            self.find_oldest(key, search, None, now, effects);
        }
    }
}

fn nobody_is_present<R>(to: R, options: &ChannelOptions, effects: &mut Vec<Effect<R>>) {
    let members = if options.presence { Ok(Vec::new()) } else { Err(Refusal::NotAvailable) };
    effects.push(Effect::Reply { to, reply: Reply::Presence(members) });
}

fn nobody_is_counted<R>(to: R, options: &ChannelOptions, effects: &mut Vec<Effect<R>>) {
    let stats = if options.presence { Ok(PresenceStats::default()) } else { Err(Refusal::NotAvailable) };
    effects.push(Effect::Reply { to, reply: Reply::PresenceStats(stats) });
}

fn refuse<R>(request: Request<R>, refusal: Refusal, effects: &mut Vec<Effect<R>>) {
    effects.extend(request.refusal(refusal).map(|(to, reply)| Effect::Reply { to, reply }));
}

#[cfg(test)]
mod tests;
