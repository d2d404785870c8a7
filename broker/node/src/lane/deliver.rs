//! From a shard's answer to the connections' queues.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use natter_core::{ChannelHandle, Reply, Request};

use super::burst::{Announcement, Burst, frame};
use super::event::LaneEvent;
use super::subscribers::{LaneChannel, Member};
use super::{ConnectionId, Lane, connection_id};
use crate::session::{Inexpressible, NodeClose, Variant, WorkResult};
use crate::shard::ReplyTo;

impl Lane {
    /// Handles one event of the mailbox.
    pub(super) fn handle(&mut self, event: LaneEvent) -> Option<ConnectionId> {
        match event {
            LaneEvent::Accept(new) => return self.accept(*new),
            LaneEvent::Reply { connection, token, reply } => self.reply(connection, token, reply),
            LaneEvent::Deliver(burst) => self.deliver(&burst),
            LaneEvent::Announce(announcement) => self.announce(&announcement),
            LaneEvent::Invalidate(channel) => self.invalidate(channel),
            LaneEvent::Wake(connection) => self.with_session(connection, |session, out| session.on_wake(out)),
            LaneEvent::TaskDone { connection, token, result } => self.task_done(connection, token, result),
            LaneEvent::Control { connections, target, control } => self.control(&connections, &target, &control),
            LaneEvent::Drain { connections_max } => self.drain(connections_max),
        }
        None
    }

    fn reply(&mut self, id: ConnectionId, token: u64, reply: Reply) {
        let in_flight_max = self.limits.commands_in_flight_max;
        let Some(connection) = self.connection(id) else { return self.give_back(reply) };
        if connection.requests_in_flight == in_flight_max {
            connection.wake();
        }
        connection.requests_in_flight = connection.requests_in_flight.saturating_sub(1);
        if connection.session.is_none() {
            return self.give_back(reply);
        }
        self.with_session(id, |session, out| session.on_reply(token, reply, out));
    }

    /// A subscription that was granted after its connection had ended is given back.
    fn give_back(&mut self, reply: Reply) {
        if let Reply::Subscribed(Ok(subscribed)) = reply {
            let options = Arc::default();
            let request = Request::Unsubscribe { subscriber: subscribed.subscriber, handle: subscribed.handle };
            self.outgoing.push(subscribed.channel, options, request, ReplyTo::Nobody);
        }
    }

    fn task_done(&mut self, id: ConnectionId, token: u64, result: WorkResult) {
        self.with_session(id, |session, out| session.on_task(token, result, out));
    }

    fn deliver(&mut self, burst: &Arc<Burst>) {
        self.switch_payload_to(None);
        let Some(channel) = self.subscribers.get_mut(burst.channel()) else { return };
        if !channel.follows(&burst.delivery.publications) {
            tracing::error!(channel = %channel.key, "publications do not follow each other");
            self.broker.metrics().sequence_gap("session");
        }
        let mut channel = take_groups(channel);
        let mut deliveries = 0;
        for group in &mut channel.groups {
            let is_volatile = burst.has_volatile(&group.variant);
            for member in &mut group.members {
                let skips_volatile = is_volatile && !self.is_writable(member.slot);
                match frames_for(burst, &group.variant, channel.key.name(), member, skips_volatile) {
                    Ok(frames) if frames.is_empty() => {}
                    Ok(frames) => {
                        self.enqueue(member.slot, frames);
                        deliveries += 1;
                    }
                    Err(Inexpressible) => self.doom(member.slot, NodeClose::Inexpressible),
                }
            }
        }
        let messages = deliveries * burst.delivery.publications.len() as u64;
        self.messages_queued += messages;
        channel.delivered.increment(messages);
        self.put_groups_back(burst.channel(), channel);
        self.close_doomed();
        if let Some(from) = burst.timed_from {
            self.broker.metrics().fanned_out(from.elapsed());
            self.timed_from.get_or_insert(from);
        }
    }

    fn announce(&mut self, announcement: &Announcement) {
        self.switch_payload_to(None);
        let Some(channel) = self.subscribers.get_mut(announcement.channel).map(take_groups) else { return };
        for group in &channel.groups {
            let mut listeners = group.members.iter().filter(|member| member.wants_presence_edges).peekable();
            if listeners.peek().is_none() {
                continue;
            }
            let mut payload = BytesMut::new();
            let name = channel.key.name();
            group.variant.codec.append_presence_edge(name, announcement.edge, &announcement.info, &mut payload);
            let frame = frame(group.variant.framing, &payload);
            for member in listeners {
                self.enqueue(member.slot, frame.clone());
            }
        }
        self.put_groups_back(announcement.channel, channel);
        self.close_doomed();
    }

    fn invalidate(&mut self, channel: ChannelHandle) {
        for slot in self.subscribers.take_channel(channel) {
            let Some(connection) = self.connections.get_mut(slot as usize) else { continue };
            connection.seats.retain(|seat| seat.channel != channel);
            let id = connection_id(slot as usize, connection);
            self.with_session(id, |session, out| session.on_invalidated(channel, out));
        }
    }

    fn is_writable(&self, slot: u32) -> bool {
        let connection = self.connections.get(slot as usize);
        connection.is_some_and(|connection| !connection.is_write_blocked && connection.transport.is_writable())
    }

    /// Adds a frame to a connection's queue; a connection whose queue is full is closed as slow.
    pub(super) fn enqueue(&mut self, slot: u32, frame: Bytes) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        if frame.is_empty() || connection.closing.is_some() || connection.is_doomed {
            return;
        }
        if let Some(held_back) = &mut connection.held_back {
            // Bounded by the time that the shards take to answer; the sum is bounded when it is released.
            return held_back.push(frame);
        }
        if connection.queue.len() + frame.len() > self.limits.connection_queue_bytes_max {
            self.broker.metrics().slow_consumer_closed();
            return self.doom(slot, NodeClose::Slow);
        }
        connection.queue.push(frame);
        if !connection.is_dirty {
            connection.is_dirty = true;
            self.dirty.push(slot);
        }
    }

    /// Has a connection closed as soon as nobody is walking a list that it is on; until then it is sent nothing.
    fn doom(&mut self, slot: u32, cause: NodeClose) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        if connection.closing.is_none() && !connection.is_doomed {
            connection.queue.drop_unwritten();
            connection.is_doomed = true;
            self.doomed.push((connection_id(slot as usize, connection), cause));
        }
    }

    fn put_groups_back(&mut self, handle: ChannelHandle, taken: LaneChannel) {
        if let Some(channel) = self.subscribers.get_mut(handle) {
            *channel = taken;
        }
    }
}

/// Takes a channel's list out, so that the lane can be changed while it is walked.
fn take_groups(channel: &mut LaneChannel) -> LaneChannel {
    let LaneChannel { key, delivered, groups, last_offset } = channel;
    let groups = std::mem::take(groups);
    LaneChannel { key: key.clone(), delivered: delivered.clone(), groups, last_offset: *last_offset }
}

/// The frames of a burst for one member; empty when its filter lets nothing through.
fn frames_for(
    burst: &Burst,
    variant: &Variant,
    channel: &str,
    member: &mut Member,
    skips_volatile: bool,
) -> Result<Bytes, Inexpressible> {
    let is_fresh = std::mem::take(&mut member.is_fresh);
    match &member.filter {
        None if !skips_volatile => burst.encoded(variant, channel, is_fresh),
        // Whoever gets everything gets the bytes that all others get, unless they may be a delta to what it did not get.
        Some(filter) if !skips_volatile && !variant.wants_delta && burst.passes_whole(filter.as_ref()) => {
            burst.encoded(variant, channel, is_fresh)
        }
        filter => burst.encoded_for(variant, channel, |publication| {
            let is_wanted = filter.as_ref().is_none_or(|filter| filter.passes(publication));
            is_wanted && !(skips_volatile && variant.codec.is_volatile(publication))
        }),
    }
}
