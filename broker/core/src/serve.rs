//! What a shard does for each kind of request.

use std::sync::Arc;

use crate::effects::{Effect, Recovery, Refusal, Reply, Subscribed};
use crate::input::{Draft, Request, Subscriber};
use crate::keyed::StatePage;
use crate::presence::Presence;
use crate::reads::{Caller, Purpose};
use crate::recovery::{judge_recovery, range_to_recover};
use crate::shard::Shard;
use crate::stream::{HistoryQuery, Lookup, Since, Stream};
use crate::{ChannelHandle, ChannelKey, PresenceStats};

impl<R> Shard<R> {
    /// Serves a request of a channel that is there and open.
    pub(crate) fn serve(&mut self, key: ChannelKey, request: Request<R>, now: i64, effects: &mut Vec<Effect<R>>) {
        match request {
            Request::Publish { draft, reply } => self.publish(key, draft, reply, now, effects),
            Request::Subscribe { subscriber, recover, reply } => {
                self.subscribe(key, subscriber, recover, Caller::new(reply), now, effects);
            }
            Request::Unsubscribe { subscriber, handle } => self.unsubscribe(&key, subscriber, handle, effects),
            Request::UpdatePresence { subscriber } => self.update_presence(&key, subscriber),
            Request::History { query, reply } => {
                self.history(key, query, Caller::new(reply), now, effects);
            }
            Request::RemoveHistory { reply } => self.remove_history(&key, reply, effects),
            Request::Close { reply } => {
                if let Some(mut channel) = self.channels.remove(&key) {
                    channel.cut();
                    channel.give_up(effects);
                }
                effects.push(Effect::Reply { to: reply, reply: Reply::HistoryRemoved(Ok(())) });
            }
            Request::Keyed { request, reply } => self.keyed(key, *request, reply, now, effects),
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
        let is_pending = |key: &Arc<str>| channel.durable.as_ref().is_some_and(|durable| durable.is_pending(key));
        let is_repeat = draft.idempotency_key.as_ref().is_some_and(is_pending);
        let is_numbered = channel.stream.is_some() && (!draft.skip_history || is_repeat);
        if let Some(durable) = channel.durable.as_mut().filter(|_| is_numbered) {
            durable.enqueue(draft, reply, effects);
        } else {
            let published = channel.publish(draft, is_numbered, now);
            self.acks.extend(reply.map(|to| (to, published)));
        }
        self.mark_dirty(&key);
    }

    pub(crate) fn subscribe(
        &mut self,
        key: ChannelKey,
        subscriber: Subscriber,
        recover: Option<Since>,
        caller: Caller<R>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let recovery = match (self.stream(&key), recover) {
            (Some((stream, options)), Some(since)) => {
                stream.expire(now, options);
                let range = range_to_recover(stream, &since, options);
                match range.map(|range| (range, stream.lookup(range))) {
                    None => Some(Recovery::failed()),
                    Some((_, Lookup::Found(publications))) => {
                        Some(judge_recovery(publications, &since, stream, options))
                    }
                    Some((range, Lookup::InStore)) => {
                        return self.read(key, range, Purpose::Subscribe { subscriber, since, caller }, effects);
                    }
                }
            }
            _ => None,
        };
        self.attach(&key, subscriber, recovery, caller.reply, effects);
    }

    /// Counts the subscriber in and answers it: everything released after this reaches its lane.
    pub(crate) fn attach(
        &mut self,
        key: &ChannelKey,
        subscriber: Subscriber,
        recovery: Option<Recovery>,
        reply: R,
        effects: &mut Vec<Effect<R>>,
    ) {
        self.attach_with(key, subscriber, (recovery, None), reply, effects);
    }

    /// As [`Shard::attach`], with the last page of the keyed state.
    pub(crate) fn attach_with(
        &mut self,
        key: &ChannelKey,
        subscriber: Subscriber,
        (recovery, state): (Option<Recovery>, Option<StatePage>),
        reply: R,
        effects: &mut Vec<Effect<R>>,
    ) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        if channel.lanes.total() >= channel.options.subscribers_max {
            let reply_body = Reply::Subscribed(Err(Refusal::TooManySubscribers));
            return effects.push(Effect::Reply { to: reply, reply: reply_body });
        }
        // What was released before belongs to the position that is answered now.
        channel.deliver(effects);
        channel.lanes.add(subscriber.lane);
        let subscribed = Subscribed {
            channel: key.clone(),
            subscriber: subscriber.clone(),
            handle: channel.handle,
            epoch: channel.epoch().cloned(),
            offset: channel.stream.as_ref().map_or(0, |stream| stream.top),
            recovery,
            state,
        };
        effects.push(Effect::Reply { to: reply, reply: Reply::Subscribed(Ok(Box::new(subscribed))) });
        channel.join(subscriber, effects);
    }

    fn unsubscribe(
        &mut self,
        key: &ChannelKey,
        subscriber: Subscriber,
        handle: ChannelHandle,
        effects: &mut Vec<Effect<R>>,
    ) {
        let channel = self.channels.get_mut(key).filter(|channel| channel.handle == handle);
        let Some(channel) = channel else { return };
        channel.leave(subscriber, effects);
        if channel.stream.is_none() && channel.is_expendable() {
            self.channels.remove(key);
        }
    }

    fn update_presence(&mut self, key: &ChannelKey, subscriber: Subscriber) {
        let presence = self.channels.get_mut(key).and_then(|channel| channel.presence.as_mut());
        if let (Some(presence), Some(info)) = (presence, subscriber.info) {
            presence.update(&subscriber.client, info);
        }
    }

    pub(crate) fn history(
        &mut self,
        key: ChannelKey,
        query: HistoryQuery,
        caller: Caller<R>,
        now: i64,
        effects: &mut Vec<Effect<R>>,
    ) {
        let page = match self.stream(&key) {
            Some((stream, options)) if options.has_history() => {
                stream.expire(now, options);
                let range = stream.page(&query);
                match check_query(stream, &query).map(|()| stream.lookup(range)) {
                    Err(refusal) => Err(refusal),
                    Ok(Lookup::Found(found)) => Ok(Box::new(stream.history_page(found, query.reverse, stream.top))),
                    Ok(Lookup::InStore) => {
                        let top = stream.top;
                        return self.read(key, range, Purpose::History { query, caller, top }, effects);
                    }
                }
            }
            _ => Err(Refusal::NotAvailable),
        };
        effects.push(Effect::Reply { to: caller.reply, reply: Reply::History(page) });
    }

    /// Forgets a channel's publications: in memory at once, in a durable log when that has had its turn.
    fn remove_history(&mut self, key: &ChannelKey, to: R, effects: &mut Vec<Effect<R>>) {
        let Some(channel) = self.channels.get_mut(key) else { return };
        let is_available = channel.options.has_history() && !channel.options.keeps_log;
        let result = match (&mut channel.durable, &mut channel.stream) {
            (Some(durable), Some(_)) if is_available => {
                durable.enqueue_removal(to, effects);
                return self.mark_dirty(key);
            }
            (None, Some(stream)) => {
                stream.clear();
                is_available.then_some(()).ok_or(Refusal::NotAvailable)
            }
            _ => Err(Refusal::NotAvailable),
        };
        effects.push(Effect::Reply { to, reply: Reply::HistoryRemoved(result) });
    }

    fn presence<T>(&self, key: &ChannelKey, read: impl FnOnce(&Presence) -> T, empty: T) -> Result<T, Refusal> {
        let Some(channel) = self.channels.get(key) else { return Ok(empty) };
        if !channel.options.presence {
            return Err(Refusal::NotAvailable);
        }
        Ok(channel.presence.as_ref().map_or(empty, |presence| read(presence)))
    }
}

fn check_query(stream: &Stream, query: &HistoryQuery) -> Result<(), Refusal> {
    let Some(since) = &query.since else { return Ok(()) };
    if !stream.is_epoch(&since.epoch) {
        return Err(Refusal::UnrecoverablePosition);
    }
    if query.reverse && since.offset == 0 { Err(Refusal::BadRequest) } else { Ok(()) }
}
