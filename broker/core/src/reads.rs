//! Requests that need a part of a durable log which memory does not hold.

use std::sync::Arc;

use crate::effects::{Effect, Recovery, Refusal, Reply};
use crate::input::Subscriber;
use crate::oldest::Search;
use crate::recovery::judge_recovery;
use crate::shard::Shard;
use crate::stream::{HistoryQuery, Lookup, Range, Since};
use crate::{ChannelHandle, ChannelKey, Publication};

/// Reads of the store that one shard has under way; further ones are refused.
pub(crate) const READS_MAX: usize = 1_024;
/// Of these, so many may be for looking after logs, which nobody waits for.
pub(crate) const SEARCHES_MAX: usize = 128;
/// How often a request reads again, when the log has moved on under its read, before it is refused.
pub(crate) const ROUNDS_MAX: u8 = 8;

/// A read that the store is working on, and why it was asked.
pub(crate) struct PendingRead<R> {
    channel: ChannelKey,
    handle: ChannelHandle,
    range: Range,
    purpose: Purpose<R>,
}

/// Why the store is read.
pub(crate) enum Purpose<R> {
    Subscribe { subscriber: Subscriber, since: Since, caller: Caller<R> },
    History { query: HistoryQuery, caller: Caller<R>, top: u64 },
    FindOldest { search: Search, then: Option<(HistoryQuery, Caller<R>)> },
}

/// Who waits for an answer, and how often the store was read for it.
pub(crate) struct Caller<R> {
    pub(crate) reply: R,
    pub(crate) round: u8,
}

impl<R> Caller<R> {
    pub(crate) fn new(reply: R) -> Self {
        Self { reply, round: 0 }
    }

    /// The caller, with one more round behind it; whoever has waited through too many is given back.
    fn again(self) -> Result<Self, R> {
        if self.round < ROUNDS_MAX { Ok(Self { round: self.round + 1, ..self }) } else { Err(self.reply) }
    }
}

impl<R> Purpose<R> {
    fn refuse(self, refusal: Refusal, effects: &mut Vec<Effect<R>>) {
        let (to, reply) = match self {
            Self::Subscribe { caller, .. } => (caller.reply, Reply::Subscribed(Err(refusal))),
            Self::History { caller, .. } | Self::FindOldest { then: Some((_, caller)), .. } => {
                (caller.reply, Reply::History(Err(refusal)))
            }
            Self::FindOldest { then: None, .. } => return,
        };
        effects.push(Effect::Reply { to, reply });
    }
}

impl<R> Shard<R> {
    /// Asks the store for a range. Must not be called for a channel that is not there.
    pub(crate) fn read(&mut self, key: ChannelKey, range: Range, purpose: Purpose<R>, effects: &mut Vec<Effect<R>>) {
        let room = match purpose {
            Purpose::FindOldest { then: None, .. } => SEARCHES_MAX,
            _ => READS_MAX,
        };
        let channel = self.channels.get_mut(&key).filter(|_| self.reads.len() < room);
        let Some(channel) = channel else { return purpose.refuse(Refusal::Busy, effects) };
        channel.reads += 1;
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        effects.push(Effect::Read { channel: key.clone(), ticket, first: range.first, last: range.last });
        self.reads.insert(ticket, PendingRead { channel: key, handle: channel.handle, range, purpose });
    }

    pub(crate) fn read_done(
        &mut self,
        ticket: u64,
        publications: Option<Vec<Arc<Publication>>>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some(PendingRead { channel: key, handle, range, purpose }) = self.reads.remove(&ticket) else { return };
        let channel = self.channels.get_mut(&key).filter(|channel| channel.handle == handle);
        let found = channel.and_then(|channel| {
            channel.reads -= 1;
            let stream = channel.stream.as_mut()?;
            stream.expire(now, &channel.options);
            let (first, ttl_ms) = (stream.first, channel.options.history_ttl_ms);
            let mut publications = publications?;
            publications.retain(|found| {
                range.contains(found.offset) && found.offset >= first && !found.is_expired(now, ttl_ms)
            });
            Some(publications)
        });
        let Some(found) = found else {
            return purpose.refuse(Refusal::StoreUnavailable { outcome_known: true }, effects);
        };
        match purpose {
            Purpose::Subscribe { subscriber, since, caller } => {
                self.subscribe_read(key, range, found, (subscriber, since, caller), now, effects);
            }
            Purpose::History { query, caller, top } => {
                self.history_read(key, range, found, (query, caller, top), now, effects);
            }
            Purpose::FindOldest { mut search, then } => {
                search.learn(range.first, !found.is_empty());
                self.find_oldest(key, search, then, now, effects);
            }
        }
    }

    /// Completes a recovery with what was released while the store was read.
    fn subscribe_read(
        &mut self,
        key: ChannelKey,
        range: Range,
        mut found: Vec<Arc<Publication>>,
        (subscriber, since, caller): (Subscriber, Since, Caller<R>),
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some((stream, options)) = self.stream(&key) else { return };
        let newer = Range { first: range.last.max(stream.first - 1) + 1, last: stream.top };
        let (recovery, reply) = match stream.lookup(newer) {
            Lookup::Found(newer) => {
                found.extend(newer);
                (judge_recovery(found, &since, stream, options), caller.reply)
            }
            Lookup::InStore => match caller.again() {
                Ok(caller) => return self.subscribe(key, subscriber, Some(since), caller, now, effects),
                Err(reply) => (Recovery::failed(), reply),
            },
        };
        self.attach(&key, subscriber, Some(recovery), reply, effects);
    }

    /// Answers with a page, unless some of what it should begin with has gone: the page that was asked for begins
    /// further up then.
    fn history_read(
        &mut self,
        key: ChannelKey,
        range: Range,
        found: Vec<Arc<Publication>>,
        (query, caller, top): (HistoryQuery, Caller<R>, u64),
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some((stream, _)) = self.stream(&key) else { return };
        let is_complete = found.first().is_some_and(|oldest| oldest.offset == range.first);
        if is_complete || query.reverse {
            let page = Ok(Box::new(stream.history_page(found, query.reverse, top)));
            return effects.push(Effect::Reply { to: caller.reply, reply: Reply::History(page) });
        }
        let caller = match caller.again() {
            Ok(caller) => caller,
            Err(to) => return effects.push(Effect::Reply { to, reply: Reply::History(Err(Refusal::Busy)) }),
        };
        if let Some(oldest) = found.first() {
            stream.forget_below(oldest.offset);
            return self.history(key, query, caller, now, effects);
        }
        let search = Search::between(stream.first.max(range.last + 1), stream.oldest_held());
        self.find_oldest(key, search, Some((query, caller)), now, effects);
    }

    /// Takes the next step of a search, or ends it and serves the query that waits for it.
    pub(crate) fn find_oldest(
        &mut self,
        key: ChannelKey,
        search: Search,
        then: Option<(HistoryQuery, Caller<R>)>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        if let Some(probe) = search.probe() {
            let range = Range { first: probe, last: probe };
            return self.read(key, range, Purpose::FindOldest { search, then }, effects);
        }
        let Some((stream, _)) = self.stream(&key) else { return };
        stream.forget_below(search.low());
        self.mark_dirty(&key);
        if let Some((query, caller)) = then {
            self.history(key, query, caller, now, effects);
        }
    }
}
