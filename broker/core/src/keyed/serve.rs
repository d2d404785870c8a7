//! What a shard does for each request to a channel with keys.

use std::sync::Arc;

use super::answer::{ChangesPage, KeyedAnswer, StatePage};
use super::page::{cut, fits};
use super::request::{KeyedRequest, Revision, StateQuery};
use crate::channel::Channel;
use crate::effects::{Effect, Recovery, Refusal, Reply};
use crate::input::Subscriber;
use crate::shard::Shard;
use crate::stream::{Lookup, Range, Since, Stream};
use crate::{ChannelKey, Publication};

impl<R> Shard<R> {
    pub(crate) fn keyed(
        &mut self,
        key: ChannelKey,
        request: KeyedRequest,
        reply: Option<R>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some(channel) = self.channels.get_mut(&key) else { return };
        if channel.keyed.is_none() {
            let refused = request.refused(Refusal::NotAvailable);
            return effects.extend(reply.map(|to| Effect::Reply { to, reply: refused }));
        }
        channel.expire_keys(now);
        if let Some(stream) = &mut channel.stream {
            stream.expire(now, &channel.options);
        }
        let changed = match request {
            KeyedRequest::Publish(wanted) => channel.set_key(*wanted, now),
            KeyedRequest::Remove { key, idempotency_key, expected, tags } => {
                channel.remove_key(&key, idempotency_key, expected.as_ref(), tags, now)
            }
            KeyedRequest::Hold { key: held, info } => {
                channel.hold_key(held, info, now);
                return self.mark_dirty(&key);
            }
            KeyedRequest::Release { key: held, removes } => {
                channel.release_key(&held, removes, now);
                return self.mark_dirty(&key);
            }
            KeyedRequest::State { query, key: only, revision } => {
                let answer = channel.read_state(&query, only.as_ref(), revision.as_ref());
                let reply_body = Reply::Keyed(answer.map(Box::new));
                effects.extend(reply.map(|to| Effect::Reply { to, reply: reply_body }));
                return self.mark_dirty(&key);
            }
            KeyedRequest::Page { subscriber, query, revision, epoch } => {
                return self.page(&key, (subscriber, reply), &query, (revision, &epoch), now, effects);
            }
            KeyedRequest::CatchUp { subscriber, since, limit, goal } => {
                return self.catch_up(&key, (subscriber, reply), &since, limit, goal, effects);
            }
        };
        // The publisher's own copy goes out before its answer.
        self.changes.extend(reply.map(|to| (to, changed)));
        self.mark_dirty(&key);
    }

    /// Answers a subscriber with a page, and attaches it with the last one.
    fn page(
        &mut self,
        key: &ChannelKey,
        (subscriber, reply): (Subscriber, Option<R>),
        query: &StateQuery,
        (revision, known_epoch): (Option<Revision>, &str),
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        self.mark_dirty(key);
        let (Some(channel), Some(reply)) = (self.channels.get_mut(key), reply) else { return };
        let page = match channel.page(query, revision.as_ref(), known_epoch, now) {
            Ok(page) => page,
            Err(refusal) => return effects.push(Effect::Reply { to: reply, reply: Reply::Subscribed(Err(refusal)) }),
        };
        if !page.cursor.is_empty() {
            return effects.push(Effect::Reply { to: reply, reply: channel.state_reply(page) });
        }
        let since = revision.map_or(page.change, |revision| revision.change);
        match channel.changes_since(since, query.limit, now) {
            Some(publications) if fits(&publications) => {
                let recovery = Recovery { recovered: true, publications };
                self.attach_with(key, subscriber, (Some(recovery), Some(page)), reply, effects);
            }
            _ if channel.stream.is_some() => {
                effects.push(Effect::Reply { to: reply, reply: channel.state_reply(page) });
            }
            _ => {
                let refused = Reply::Subscribed(Err(Refusal::UnrecoverablePosition));
                effects.push(Effect::Reply { to: reply, reply: refused });
            }
        }
    }

    /// Answers a subscriber with a page of changes, and attaches it when it gets the last one.
    fn catch_up(
        &mut self,
        key: &ChannelKey,
        (subscriber, reply): (Subscriber, Option<R>),
        since: &Since,
        limit: Option<usize>,
        goal: Option<u64>,
        effects: &mut Vec<Effect<R>>,
    ) {
        self.mark_dirty(key);
        let (Some(channel), Some(reply)) = (self.channels.get_mut(key), reply) else { return };
        match channel.catch_up(since, limit, goal) {
            Err(refusal) => effects.push(Effect::Reply { to: reply, reply: Reply::Subscribed(Err(refusal)) }),
            Ok(CaughtUp::Page(page)) => {
                let answer = Reply::Keyed(Ok(Box::new(KeyedAnswer::Changes(page))));
                effects.push(Effect::Reply { to: reply, reply: answer });
            }
            Ok(CaughtUp::Live(publications)) => {
                let recovery = Recovery { recovered: true, publications };
                self.attach_with(key, subscriber, (Some(recovery), None), reply, effects);
            }
        }
    }
}

/// How far a subscriber has come with the changes that it has missed.
enum CaughtUp {
    /// There are more behind these.
    Page(ChangesPage),
    /// These are all.
    Live(Vec<Arc<Publication>>),
}

impl<R> Channel<R> {
    fn read_state(
        &self,
        query: &StateQuery,
        only: Option<&Arc<str>>,
        revision: Option<&Since>,
    ) -> Result<KeyedAnswer, Refusal> {
        let (Some(keyed), Some(epoch)) = (&self.keyed, self.epoch()) else { return Err(Refusal::NotAvailable) };
        if revision.is_some_and(|revision| !revision.epoch.is_empty() && revision.epoch != epoch.as_str()) {
            return Err(Refusal::UnrecoverablePosition);
        }
        let newest = revision.filter(|_| self.stream.is_some()).map_or(u64::MAX, |revision| revision.offset);
        let (entries, cursor) = match only {
            Some(key) => {
                let entry = keyed.entries.get(key).map(|entry| Arc::clone(&entry.publication));
                (entry.into_iter().collect(), String::new())
            }
            None => keyed.page(query, self.keyed_options().ordered, newest),
        };
        Ok(KeyedAnswer::State { page: self.state_page(entries, cursor, epoch), keys: keyed.len() })
    }

    fn state_page(&self, entries: Vec<Arc<Publication>>, cursor: String, epoch: &crate::Epoch) -> StatePage {
        let offset = self.stream.as_ref().map_or(0, |stream| stream.top);
        let change = self.keyed.as_ref().map_or(0, |keyed| keyed.change);
        StatePage { entries, cursor, offset, change, epoch: epoch.clone() }
    }

    fn state_reply(&self, page: StatePage) -> Reply {
        let keys = self.keyed.as_ref().map_or(0, |keyed| keyed.len());
        Reply::Keyed(Ok(Box::new(KeyedAnswer::State { page, keys })))
    }

    /// A page for a subscriber. From its first page on, what changes is kept for it.
    fn page(
        &mut self,
        query: &StateQuery,
        revision: Option<&Revision>,
        known_epoch: &str,
        now: i64,
    ) -> Result<StatePage, Refusal> {
        let options = self.keyed_options();
        let epoch = self.epoch().cloned().ok_or(Refusal::NotAvailable)?;
        let is_other = !known_epoch.is_empty() && known_epoch != epoch.as_str();
        if is_other || revision.is_some_and(|revision| revision.epoch != epoch) {
            return Err(Refusal::UnrecoverablePosition);
        }
        let has_stream = self.stream.is_some();
        let Some(keyed) = &mut self.keyed else { return Err(Refusal::NotAvailable) };
        let change = revision.map_or(keyed.change, |revision| revision.change);
        let (entries, cursor) = keyed.page(query, options.ordered, change);
        if !has_stream && revision.is_none() && !cursor.is_empty() {
            keyed.keep_recent(now, &options);
        }
        Ok(self.state_page(entries, cursor, &epoch))
    }

    /// The changes behind one, if they are all there and, in a stream, no more than a page.
    fn changes_since(&self, change: u64, page: usize, now: i64) -> Option<Vec<Arc<Publication>>> {
        match &self.stream {
            Some(stream) => {
                let limit = page.min(self.keyed_options().live_limit);
                let range = stream.missed(&Since { offset: change, epoch: String::new() }, limit)?;
                found(stream, range)
            }
            None => self.keyed.as_ref()?.recent_since(change, now),
        }
    }

    fn catch_up(&self, since: &Since, limit: Option<usize>, goal: Option<u64>) -> Result<CaughtUp, Refusal> {
        let Some(stream) = &self.stream else {
            return if limit.is_some() { Err(Refusal::BadRequest) } else { Ok(CaughtUp::Live(Vec::new())) };
        };
        let live_limit = self.keyed_options().live_limit;
        if since.epoch != stream.epoch.as_str() || since.offset > stream.top {
            return Err(Refusal::UnrecoverablePosition);
        }
        let goal = goal.unwrap_or(stream.top);
        let is_close = limit.is_none_or(|limit| since.offset.saturating_add(limit as u64) >= goal);
        let rest_max = if is_close { live_limit } else { 0 };
        let rest = stream.missed(since, rest_max).and_then(|range| found(stream, range));
        match (rest, limit) {
            (Some(rest), limit) if limit.is_none() || fits(&rest) => Ok(CaughtUp::Live(rest)),
            (None, _) if is_close => Err(Refusal::UnrecoverablePosition),
            (_, limit) => changes_page(stream, since, limit.unwrap_or(live_limit), goal).map(CaughtUp::Page),
        }
    }
}

fn changes_page(stream: &Stream, since: &Since, limit: usize, goal: u64) -> Result<ChangesPage, Refusal> {
    let first = since.offset + 1;
    if first < stream.first {
        return Err(Refusal::UnrecoverablePosition);
    }
    let range = Range { first, last: stream.top.min(since.offset.saturating_add(limit as u64)) };
    let mut publications = found(stream, range).ok_or(Refusal::UnrecoverablePosition)?;
    cut(&mut publications);
    let offset = publications.last().map_or(since.offset, |newest| newest.offset);
    Ok(ChangesPage { publications, offset, goal, epoch: stream.epoch.clone() })
}

fn found(stream: &Stream, range: Range) -> Option<Vec<Arc<Publication>>> {
    match stream.lookup(range) {
        Lookup::Found(publications) => Some(publications),
        Lookup::InStore => None,
    }
}
