//! Does what a session wants done, in the order in which it wants it.

use std::sync::Arc;

use natter_core::ChannelHandle;

use super::burst::frame;
use super::event::LaneEvent;
use super::subscribers::Seat;
use super::{ConnectionId, Lane, PAYLOAD_BYTES};
use crate::session::{Close, Control, SessionAction, Subscription, Target, Work};
use crate::shard::ReplyTo;
use crate::tenant::Tenant;

impl Lane {
    /// Does the actions that a session has put in. The payload stays open, so that the next call of the same session
    /// can add to the frame, unless it has grown large.
    pub(super) fn settle(&mut self, id: ConnectionId) {
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            self.act(id, action);
        }
        self.actions = actions;
        if self.payload.len() > PAYLOAD_BYTES {
            self.flush_payload();
        }
    }

    fn act(&mut self, id: ConnectionId, action: SessionAction) {
        match action {
            SessionAction::Request { channel, options, request } => {
                let reply_to = match request.token {
                    Some(token) => ReplyTo::Connection { lane: self.id, connection: id, token },
                    None => ReplyTo::Nobody,
                };
                if request.token.is_some()
                    && let Some(connection) = self.connection(id)
                {
                    connection.requests_in_flight += 1;
                }
                self.outgoing.push(channel, options, request.request, reply_to);
            }
            SessionAction::Attach(subscription) => self.attach(id, *subscription),
            SessionAction::Detach(channel) => self.detach(id, channel),
            SessionAction::Identify { tenant, user } => self.identify(id, tenant, user),
            SessionAction::Supersede(close) => self.supersede(id, close),
            SessionAction::Frames(frames) => {
                self.flush_payload();
                self.enqueue(id.slot, frames);
            }
            SessionAction::Task { token, work } => self.start_task(id, token, work),
            SessionAction::Ping => self.ping(id),
            SessionAction::Cork => self.cork(id),
            SessionAction::Uncork => self.uncork(id),
            SessionAction::UncorkWith { first, keep } => {
                let held_back = self.connection(id).and_then(|connection| connection.held_back.take());
                self.flush_payload();
                let held_back = held_back.into_iter().flatten().map(keep);
                for frame in first.into_iter().chain(held_back) {
                    self.enqueue(id.slot, frame);
                }
            }
        }
    }

    fn ping(&mut self, id: ConnectionId) {
        self.flush_payload();
        if let Some(connection) = self.connection(id) {
            connection.transport.queue_ping(&mut connection.queue);
            self.mark_dirty(id.slot);
        }
    }

    fn cork(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connection(id) {
            connection.held_back.get_or_insert_default();
        }
    }

    fn uncork(&mut self, id: ConnectionId) {
        let held_back = self.connection(id).and_then(|connection| connection.held_back.take());
        self.flush_payload();
        for frame in held_back.into_iter().flatten() {
            self.enqueue(id.slot, frame);
        }
    }

    fn attach(&mut self, id: ConnectionId, subscription: Subscription) {
        if self.connection(id).is_none() {
            return;
        }
        let seat = self.subscribers.add(id.slot, subscription, self.broker.metrics());
        if let Some(connection) = self.connection(id) {
            connection.seats.push(seat);
        }
    }

    fn detach(&mut self, id: ConnectionId, channel: ChannelHandle) {
        let Some(connection) = self.connection(id) else { return };
        let Some(index) = connection.seat(channel) else { return };
        let seat = connection.seats.swap_remove(index);
        self.free_seat(seat);
    }

    /// Frees a seat and tells the connection that moved into it where it sits now.
    pub(super) fn free_seat(&mut self, seat: Seat) {
        let Some((slot, old_index)) = self.subscribers.remove(seat) else { return };
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        let old_seat = Seat { index: old_index, ..seat };
        if let Some(moved) = connection.seats.iter_mut().find(|seat| **seat == old_seat) {
            *moved = seat;
        }
    }

    fn identify(&mut self, id: ConnectionId, tenant: Arc<Tenant>, user: Arc<str>) {
        let is_first = self.broker.registry().add(&tenant, &user, self.id, id);
        if let Some(domain) = self.broker.domain().filter(|_| is_first) {
            domain.user_came(tenant.id(), &user);
        }
        if let Some(connection) = self.connection(id) {
            connection.identity = Some((tenant, user));
        }
    }

    /// Tells the lanes of a user's earlier connections to end them.
    fn supersede(&mut self, id: ConnectionId, close: Close) {
        let Some((tenant, user)) = self.connection(id).and_then(|connection| connection.identity.clone()) else {
            return;
        };
        let earlier = self.broker.registry().before(tenant.id(), &user, self.id, id);
        let (client, session, except) = (None, None, Vec::new());
        let target = Arc::new(Target { tenant: tenant.id().clone(), user: user.to_string(), client, session, except });
        let control = Arc::new(Control::Supersede(close));
        for (lane, connection) in earlier {
            let (target, control) = (Arc::clone(&target), Arc::clone(&control));
            self.broker.lane(lane).send(vec![LaneEvent::Control { connections: vec![connection], target, control }]);
        }
    }

    fn start_task(&mut self, id: ConnectionId, token: u64, work: Work) {
        let mailbox = self.broker.lane(self.id).clone();
        self.broker.runtime().spawn(async move {
            let result = work.await;
            mailbox.send(vec![LaneEvent::TaskDone { connection: id, token, result }]);
        });
    }

    /// Closes the open payload into a frame of the connection that it is for.
    pub(super) fn flush_payload(&mut self) {
        let Some(slot) = self.payload_of else { return };
        if self.payload.is_empty() {
            return;
        }
        if let Some(connection) = self.connections.get_mut(slot as usize)
            && connection.closing.is_none()
        {
            let frame = frame(connection.transport.framing(), &self.payload);
            self.enqueue(slot, frame);
        }
        self.payload.clear();
        if self.payload.capacity() > 8 * PAYLOAD_BYTES {
            self.payload = bytes::BytesMut::with_capacity(2 * PAYLOAD_BYTES);
        }
    }

    /// Makes `slot` the one that payload is written for.
    pub(super) fn switch_payload_to(&mut self, slot: Option<u32>) {
        if self.payload_of != slot {
            self.flush_payload();
            self.payload_of = slot;
        }
    }

    /// Hands everything on that has gathered: frames to queues, requests to shards.
    pub(super) fn end_round(&mut self) {
        loop {
            self.switch_payload_to(None);
            self.close_doomed();
            self.outgoing.send(&self.broker, &mut self.own_events);
            if self.own_events.is_empty() {
                return;
            }
            for event in std::mem::take(&mut self.own_events) {
                self.handle(event);
            }
        }
    }
}
