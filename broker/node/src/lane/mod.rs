//! A lane: the worker that owns a set of connections, on one thread and without a lock.
//!
//! A lane takes everything that waits in its mailbox, lets sessions write into the connections' queues, and only then
//! writes to the sockets: one vectored write for each connection and round. Alone, a message goes out at once; under
//! load rounds grow and system calls shrink. Invariant: a connection's queue never holds more than its bound, and a
//! connection that would exceed it is closed with the protocol's own code, so that it can recover by position.

mod burst;
mod connection;
mod deliver;
mod event;
mod run;
mod settle;
mod subscribers;
mod wheel;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::BytesMut;
use natter_core::LaneId;
use slab::Slab;

pub(crate) use burst::{Announcement, Burst};
pub use connection::{ConnectionId, NewConnection};
pub(crate) use event::{LaneEvent, LaneMailbox, mailbox};
pub(crate) use run::run;

use self::connection::{Closing, Connection};
use self::subscribers::Subscribers;
use self::wheel::Wheel;
use crate::broker::Broker;
use crate::limits::ConnectionLimits;
use crate::metrics::LaneStats;
use crate::session::{Close, CloseKind, Control, NodeClose, Session, SessionAction, SessionOut, Target};
use crate::shard::Outgoing;
use crate::transport::{Flushed, READING_STOPS_AT_BYTES, ReceiveError, Received, Scratch};

/// What is read from one socket at once.
const SCRATCH_BYTES: usize = 64 * 1024;
/// Messages of one connection that are handled before others get their turn.
const MESSAGES_PER_TURN: usize = 64;
/// How long a peer has to answer our goodbye, in milliseconds (Centrifugo: 5 s).
const GOODBYE_MS: i64 = 5_000;
/// A session's payload is closed into a frame when it has grown beyond this.
const PAYLOAD_BYTES: usize = 16 * 1024;

/// The state of one lane.
pub(crate) struct Lane {
    id: LaneId,
    broker: Broker,
    connections: Slab<Connection>,
    next_generation: u32,
    subscribers: Subscribers,
    wheel: Wheel<ConnectionId>,
    scratch: Scratch,
    /// Connections that have something to write.
    dirty: Vec<u32>,
    /// The payload of the frame that is being made, and for whom.
    payload: BytesMut,
    payload_of: Option<u32>,
    actions: Vec<SessionAction>,
    /// Publications queued since the last write.
    messages_queued: u64,
    /// Requests on their way to the shards.
    outgoing: Outgoing,
    /// Connections that are to be closed once nobody is walking a list that they are on.
    doomed: Vec<(ConnectionId, NodeClose)>,
    /// Events that the lane has for itself.
    own_events: Vec<LaneEvent>,
    limits: Arc<ConnectionLimits>,
    /// When the oldest timed publication of this round was handed to its shard.
    timed_from: Option<Instant>,
    now_ms: i64,
    reported_ms: i64,
}

/// A lane as its tasks share it; they all run on its thread.
pub(crate) type SharedLane = Rc<RefCell<Lane>>;

impl Lane {
    pub(crate) fn new(id: LaneId, broker: Broker) -> Self {
        let now_ms = broker.clock().now_ms();
        Self {
            id,
            connections: Slab::new(),
            next_generation: 0,
            subscribers: Subscribers::default(),
            wheel: Wheel::new(now_ms),
            scratch: Scratch::new(SCRATCH_BYTES),
            dirty: Vec::new(),
            payload: BytesMut::with_capacity(PAYLOAD_BYTES * 2),
            payload_of: None,
            actions: Vec::new(),
            messages_queued: 0,
            outgoing: Outgoing::new(&broker),
            doomed: Vec::new(),
            own_events: Vec::new(),
            limits: broker.limits(),
            timed_from: None,
            now_ms,
            reported_ms: now_ms,
            broker,
        }
    }

    /// Takes a new connection in.
    fn accept(&mut self, new: NewConnection) -> Option<ConnectionId> {
        let transport = (new.transport)().ok()?;
        let session = (new.session)(self.now_ms);
        self.next_generation = self.next_generation.wrapping_add(1);
        let generation = self.next_generation;
        let scheduled_ms = session.deadline_ms();
        let slot = self.connections.insert(Connection {
            generation,
            transport,
            session: Some(session),
            queue: Default::default(),
            held_back: None,
            waker: None,
            seats: Default::default(),
            requests_in_flight: 0,
            is_write_blocked: false,
            is_dirty: false,
            is_doomed: false,
            blocked_since_ms: 0,
            closing: None,
            scheduled_ms,
            identity: None,
            permit: new.permit,
        });
        let id = ConnectionId { slot: slot as u32, generation };
        self.wheel.schedule(scheduled_ms, id);
        self.with_session(id, |session, out| session.on_opened(out));
        Some(id)
    }

    fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(id.slot as usize).filter(|connection| connection.generation == id.generation)
    }

    /// Lets a connection read, as far as it may, and write what came of it. Ready when it is gone.
    fn poll_connection(&mut self, id: ConnectionId, cx: &mut Context<'_>) -> Poll<()> {
        self.now_ms = self.broker.clock().now_ms();
        let Some(connection) = self.connection(id) else { return Poll::Ready(()) };
        if connection.waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
            connection.waker = Some(cx.waker().clone());
        }
        if connection.is_write_blocked && connection.transport.poll_writable(cx).is_ready() {
            connection.is_write_blocked = false;
            self.mark_dirty(id.slot);
        }
        self.read(id, cx);
        self.end_round();
        self.flush_dirty(usize::MAX);
        if self.connection(id).is_some() { Poll::Pending } else { Poll::Ready(()) }
    }

    fn read(&mut self, id: ConnectionId, cx: &mut Context<'_>) {
        let in_flight_max = self.limits.commands_in_flight_max;
        for _ in 0..MESSAGES_PER_TURN {
            let Some(connection) = self.connections.get_mut(id.slot as usize) else { return };
            if connection.generation != id.generation || !connection.may_read(in_flight_max) {
                return self.stash(id);
            }
            let message = connection.transport.poll_message(cx, &mut self.scratch, &mut connection.queue);
            if !connection.queue.is_empty() {
                self.mark_dirty(id.slot);
            }
            match message {
                Poll::Pending => return,
                Poll::Ready(Ok(Received::Message(message))) => self.message(id, &message),
                Poll::Ready(Ok(Received::Binary(message))) => self.binary(id, &message),
                Poll::Ready(Ok(Received::Pong)) => self.pong(id),
                Poll::Ready(Err(error)) => return self.receive_failed(id, error),
            }
        }
        self.stash(id);
        cx.waker().wake_by_ref();
    }

    fn stash(&mut self, id: ConnectionId) {
        match self.connections.get_mut(id.slot as usize) {
            Some(connection) if connection.generation == id.generation => connection.transport.stash(&mut self.scratch),
            _ => self.scratch.filled(0),
        }
    }

    fn message(&mut self, id: ConnectionId, message: &[u8]) {
        self.broker.metrics().message_received(message.len());
        self.with_session(id, |session, out| session.on_message(message, out));
    }

    fn binary(&mut self, id: ConnectionId, message: &[u8]) {
        self.broker.metrics().message_received(message.len());
        self.with_session(id, |session, out| session.on_binary(message, out));
    }

    fn pong(&mut self, id: ConnectionId) {
        self.with_session(id, |session, _| {
            session.on_pong();
            Ok(())
        });
    }

    fn receive_failed(&mut self, id: ConnectionId, error: ReceiveError) {
        self.scratch.filled(0);
        match error {
            ReceiveError::Protocol(close) => self.close(id, &close),
            ReceiveError::Closed => {
                // The answer to the peer's goodbye may be in the queue.
                self.flush(id.slot, &mut 0);
                self.remove(id, CloseKind::Client);
            }
            ReceiveError::Io(_) => self.remove(id, CloseKind::Client),
        }
    }

    /// Runs one call of a connection's session and does what it wants done. Nothing happens when the connection is
    /// gone or its end has been decided.
    fn with_session(
        &mut self,
        id: ConnectionId,
        call: impl FnOnce(&mut dyn Session, &mut SessionOut<'_>) -> Result<(), Close>,
    ) {
        self.switch_payload_to(Some(id.slot));
        let Some(connection) = self.connections.get_mut(id.slot as usize) else { return };
        if connection.generation != id.generation || connection.closing.is_some() {
            return;
        }
        let Some(session) = &mut connection.session else { return };
        let mut out = SessionOut {
            lane: self.id,
            connection: id,
            mailbox: self.broker.lane(self.id),
            is_writable: !connection.is_write_blocked && connection.transport.is_writable(),
            now_ms: self.now_ms,
            payload: &mut self.payload,
            actions: &mut self.actions,
        };
        let was_ready = session.is_ready();
        let result = call(session.as_mut(), &mut out);
        let has_become_ready = !was_ready && session.is_ready();
        let deadline_ms = session.deadline_ms();
        if deadline_ms < connection.scheduled_ms {
            connection.scheduled_ms = deadline_ms;
            self.wheel.schedule(deadline_ms, id);
        }
        if has_become_ready {
            connection.wake();
        }
        self.settle(id);
        if let Err(close) = result {
            self.close(id, &close);
        }
    }

    /// Decides a connection's end: its subscriptions are given up now, its goodbye is queued, and it goes when the
    /// peer has answered or the time for that is over.
    fn close(&mut self, id: ConnectionId, close: &Close) {
        self.flush_payload();
        self.end_session(id);
        let until_ms = self.now_ms + GOODBYE_MS;
        let Some(connection) = self.connection(id) else { return };
        if connection.closing.is_some() {
            return;
        }
        connection.closing = Some(Closing { until_ms });
        connection.permit.closed(close.kind);
        connection.transport.queue_close(close, &mut connection.queue);
        // Its session may have kept it from reading; now the peer's answer has to be read.
        connection.wake();
        self.wheel.schedule(until_ms, id);
        self.mark_dirty(id.slot);
    }

    /// Tells the session that it is over and takes its connection off every list.
    fn end_session(&mut self, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        let seats = std::mem::take(&mut connection.seats);
        let identity = connection.identity.take();
        let Some(mut session) = connection.session.take() else { return };
        for seat in seats {
            self.free_seat(seat);
        }
        if let Some((tenant, user)) = identity {
            let was_last = self.broker.registry().remove(&tenant, &user, self.id, id);
            if let Some(domain) = self.broker.domain().filter(|_| was_last) {
                domain.user_left(tenant.id(), &user);
            }
        }
        let mut out = SessionOut {
            lane: self.id,
            connection: id,
            mailbox: self.broker.lane(self.id),
            is_writable: false,
            now_ms: self.now_ms,
            payload: &mut self.payload,
            actions: &mut self.actions,
        };
        session.on_closed(&mut out);
        self.payload.clear();
        self.settle(id);
    }

    /// Forgets a connection. Its task ends when it is polled next.
    fn remove(&mut self, id: ConnectionId, kind: CloseKind) {
        self.flush_payload();
        self.end_session(id);
        if self.connection(id).is_none() {
            return;
        }
        let connection = self.connections.remove(id.slot as usize);
        connection.permit.closed(kind);
        connection.wake();
    }

    /// Does what has come due.
    fn tick(&mut self) {
        self.now_ms = self.broker.clock().now_ms();
        self.limits = self.broker.limits();
        for id in self.wheel.advance(self.now_ms) {
            self.deadline(id);
        }
        self.end_round();
        self.report();
    }

    /// Shows what the lane holds, about once a second.
    fn report(&mut self) {
        const REPORT_MS: i64 = 1_000;
        if self.now_ms < self.reported_ms + REPORT_MS {
            return;
        }
        self.reported_ms = self.now_ms;
        let mut stats = LaneStats { subscriptions: self.subscribers.len(), ..LaneStats::default() };
        for (_, connection) in &self.connections {
            stats.queued_bytes += connection.queue.len();
            if connection.is_write_blocked {
                stats.oldest_blocked_ms = stats.oldest_blocked_ms.max(self.now_ms - connection.blocked_since_ms);
            }
        }
        self.broker.metrics().lane(self.id.0, stats);
    }

    fn deadline(&mut self, id: ConnectionId) {
        let now_ms = self.now_ms;
        let Some(connection) = self.connection(id) else { return };
        if let Some(closing) = connection.closing {
            match closing.until_ms <= now_ms {
                true => self.remove(id, CloseKind::Client),
                false => self.wheel.schedule(closing.until_ms, id),
            }
            return;
        }
        let Some(session) = &connection.session else { return };
        let deadline_ms = session.deadline_ms();
        if deadline_ms <= now_ms {
            self.with_session(id, |session, out| session.on_deadline(out));
        }
        self.reschedule(id);
    }

    /// Puts a connection back on the wheel at its session's deadline.
    fn reschedule(&mut self, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        let Some(session) = &connection.session else { return };
        let deadline_ms = session.deadline_ms();
        connection.scheduled_ms = deadline_ms;
        self.wheel.schedule(deadline_ms, id);
    }

    fn control(&mut self, connections: &[ConnectionId], target: &Target, control: &Control) {
        if connections.is_empty() {
            let everyone: Vec<_> =
                self.connections.iter().map(|(slot, connection)| connection_id(slot, connection)).collect();
            return everyone.into_iter().for_each(|id| self.control_one(id, target, control));
        }
        for id in connections {
            self.control_one(*id, target, control);
        }
    }

    fn control_one(&mut self, id: ConnectionId, target: &Target, control: &Control) {
        let is_meant = self.connection(id).is_some_and(|connection| {
            let is_tenant = connection
                .identity
                .as_ref()
                .is_some_and(|(tenant, user)| *tenant.id() == target.tenant && **user == *target.user);
            is_tenant && connection.session.as_ref().is_some_and(|session| session.is_target(target))
        });
        if is_meant {
            self.with_session(id, |session, out| session.on_control(control, out));
        }
    }

    /// Ends the connections that were found wanting while a list was walked.
    fn close_doomed(&mut self) {
        for (id, cause) in std::mem::take(&mut self.doomed) {
            self.close_as(id, cause);
        }
    }

    fn close_as(&mut self, id: ConnectionId, cause: NodeClose) {
        let Some(session) = self.connection(id).and_then(|connection| connection.session.as_ref()) else { return };
        let close = session.node_close(cause);
        self.close(id, &close);
    }

    fn drain(&mut self, connections_max: usize) {
        let open = self.connections.iter().filter(|(_, connection)| connection.closing.is_none());
        let ids: Vec<_> =
            open.map(|(slot, connection)| connection_id(slot, connection)).take(connections_max).collect();
        for id in ids {
            self.close_as(id, NodeClose::Shutdown);
        }
    }

    fn mark_dirty(&mut self, slot: u32) {
        if let Some(connection) = self.connections.get_mut(slot as usize)
            && !connection.is_dirty
        {
            connection.is_dirty = true;
            self.dirty.push(slot);
        }
    }

    /// Writes to up to `connections_max` sockets. True when some are left.
    fn flush_dirty(&mut self, connections_max: usize) -> bool {
        let count = self.dirty.len().min(connections_max);
        let (mut writes, mut bytes) = (0, 0);
        for slot in self.dirty.drain(..count).collect::<Vec<_>>() {
            bytes += self.flush(slot, &mut writes);
        }
        self.broker.metrics().round_written(std::mem::take(&mut self.messages_queued), writes, bytes as u64);
        !self.dirty.is_empty()
    }

    /// Writes what one connection's socket takes, and returns how many bytes it took.
    fn flush(&mut self, slot: u32, writes: &mut u64) -> usize {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return 0 };
        connection.is_dirty = false;
        if connection.is_write_blocked {
            return 0;
        }
        let queued = connection.queue.len();
        let was_reading = queued < READING_STOPS_AT_BYTES;
        let flushed = connection.transport.flush(&mut connection.queue, writes);
        let written = queued - connection.queue.len();
        match flushed {
            Ok(Flushed::All) if was_reading => {}
            Ok(Flushed::All) => connection.wake(),
            Ok(Flushed::Blocked) => {
                connection.is_write_blocked = true;
                connection.blocked_since_ms = self.now_ms;
                connection.wake();
            }
            Err(_) => {
                let id = connection_id(slot as usize, connection);
                self.remove(id, CloseKind::Client);
            }
        }
        written
    }
}

fn connection_id(slot: usize, connection: &Connection) -> ConnectionId {
    ConnectionId { slot: slot as u32, generation: connection.generation }
}
