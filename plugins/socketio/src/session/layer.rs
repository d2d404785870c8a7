//! Socket.IO on one connection: its namespaces, and what waits its turn.
//!
//! Connects, events and disconnects are handled one at a time, in order. While one takes its time, what follows waits
//! here, up to a bound beyond which the connection is not read; acknowledgements never wait, since a handler may be
//! waiting for them.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use natter_core::{ChannelHandle, Reply};
use natter_node::realtime::{App, Command, DisconnectReason, Handshake, Socket};
use natter_node::session::{Close, CloseKind, SessionOut, Target};
use natter_node::tenant::Tenant;
use natter_protocol::engineio::Revision;

use super::acks::Acks;
use super::connect::{Admission, Decided, Prepared};
use super::events::Handled;
use super::follows::Follows;
use super::incoming::{Assembly, Incoming};
use super::recover::{HandingOver, Recovering};
use crate::codec::Form;
use crate::endpoint::Endpoint;
use crate::link::Link;
use crate::options::Options;
use crate::outbox::{Job, Outbox, Shown};
use crate::transport::closed;

/// Packets that wait for their turn before the connection is no longer read.
const WAITING_MAX: usize = 64;
/// Bytes of them.
const WAITING_BYTES_MAX: usize = 1024 * 1024;
/// Namespaces of one connection.
pub(super) const NAMESPACES_MAX: usize = 16;
const NEVER: i64 = i64::MAX;

/// One connection's state above Engine.IO.
pub(super) struct Layer {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) link: Arc<Link>,
    pub(super) handshake: Arc<Handshake>,
    pub(super) form: Form,
    pub(super) outbox: Arc<Outbox>,
    pub(super) joined: Vec<Joined>,
    pub(super) assembly: Assembly,
    pub(super) follows: Follows,
    /// The connection's user, as its lane has been told.
    pub(super) identified: Option<(Arc<Tenant>, Arc<str>)>,
    waiting: VecDeque<Incoming>,
    waiting_bytes: usize,
    /// Whether something is being handled that the next packet has to wait for.
    is_busy: bool,
    /// A namespace must have been joined by then.
    join_ms: i64,
    /// The client is lost, and may come back until then.
    pub(super) parked_until_ms: Option<i64>,
    /// A socket of an earlier connection that this one is taking over.
    pub(super) recovering: Option<Recovering>,
    /// A later connection that is taking over from this one.
    pub(super) handing_over: Option<HandingOver>,
}

/// A namespace that the client is in.
pub(super) struct Joined {
    pub(super) app: Arc<App>,
    pub(super) socket: Socket,
    pub(super) acks: Acks,
    /// What the client names when it comes back.
    pub(super) recovery_id: Option<Arc<str>>,
    /// Its app has been told that it is gone.
    pub(super) is_lost: bool,
}

/// What work brings back.
pub(super) enum TaskResult {
    /// Whether a client is let in has been decided.
    Decided(Decided),
    /// What an app does before a client is told that it is connected is done.
    Prepared(Prepared),
    /// An event has been handled.
    Handled(Handled),
    /// An earlier connection has shown what it has, if it is still there.
    Shown(Box<Admission>, Option<Shown>),
    /// It has handed over what the client has missed.
    HandedOver(Option<Vec<Bytes>>),
}

impl Layer {
    pub(super) fn new(
        endpoint: Arc<Endpoint>,
        options: &Options,
        link: Arc<Link>,
        handshake: Arc<Handshake>,
        now_ms: i64,
    ) -> Self {
        let has_offsets = options.has_recovery && link.revision == Revision::V4;
        let join_ms = now_ms.saturating_add(i64::try_from(options.connect_timeout_ms).unwrap_or(NEVER));
        Self {
            form: Form { revision: link.revision, has_binary: link.has_binary, has_offsets },
            outbox: Outbox::new(endpoint.broker.limits().connection_queue_bytes_max),
            follows: Follows::new(options.channels_max),
            endpoint,
            link,
            handshake,
            joined: Vec::new(),
            assembly: Assembly::default(),
            identified: None,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            is_busy: false,
            join_ms,
            parked_until_ms: None,
            recovering: None,
            handing_over: None,
        }
    }

    /// The connection is there. Clients of the older revision are in `/` without asking.
    pub(super) fn opened(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.outbox.open(out.waker());
        match self.link.revision {
            Revision::V3 => self.take(Incoming::connect("/", ""), out),
            Revision::V4 => Ok(()),
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.waiting.len() < WAITING_MAX && self.waiting_bytes < WAITING_BYTES_MAX
    }

    /// Handles a packet, or keeps it until it is its turn.
    pub(super) fn take(&mut self, incoming: Incoming, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if self.is_busy {
            self.waiting_bytes += incoming.len();
            self.waiting.push_back(incoming);
            return Ok(());
        }
        self.handle(incoming, out)
    }

    fn handle(&mut self, incoming: Incoming, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match incoming {
            Incoming::Connect { namespace, auth } => self.connect(&namespace, auth, out),
            Incoming::Disconnect { namespace } => self.left(&namespace, out),
            Incoming::Event { namespace, id, event } => self.event(&namespace, id, event, out),
        }
    }

    /// What is being handled takes its time.
    pub(super) fn set_busy(&mut self) {
        self.is_busy = true;
    }

    /// The next packets have their turn, until one of them takes its time.
    fn resume(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        while !self.is_busy
            && let Some(incoming) = self.waiting.pop_front()
        {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(incoming.len());
            self.handle(incoming, out)?;
        }
        Ok(())
    }

    /// Work has come to its end.
    pub(super) fn done(
        &mut self,
        result: natter_node::session::WorkResult,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        // Commands of a handler come before its acknowledgement.
        self.drain(out)?;
        self.is_busy = false;
        match result.downcast::<TaskResult>().map(|result| *result) {
            Ok(TaskResult::Decided(decided)) => self.decided(decided, out)?,
            Ok(TaskResult::Prepared(prepared)) => self.prepared(prepared, out)?,
            Ok(TaskResult::Handled(handled)) => self.handled(handled, out),
            Ok(TaskResult::Shown(admission, shown)) => self.shown(*admission, shown, out)?,
            Ok(TaskResult::HandedOver(missed)) => self.handed_over(missed, out)?,
            Err(_) => return Err(closed(CloseKind::Error)),
        }
        self.resume(out)
    }

    /// Does what handlers want done.
    pub(super) fn drain(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        while let Some((namespace, job)) = self.outbox.take() {
            match job {
                Job::Command(command) => self.command(&namespace, command, out)?,
                Job::Show { offset, reply } => self.show(&namespace, &offset, reply),
                Job::HandOver { offset, reply } => self.begin_hand_over(namespace, offset, reply),
            }
        }
        self.finish_hand_over(out)
    }

    fn command(&mut self, namespace: &str, command: Command, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Some(index) = self.index_of(namespace) else { return Ok(()) };
        match command {
            Command::Emit { event, args, is_volatile, ack } => {
                self.emit(index, &event, &args, is_volatile, ack, out);
            }
            Command::Follow { channel, options, form, done } => self.follow(index, channel, options, form, done, out),
            Command::Unfollow { channel, done } => self.unfollow(index, &channel, done, out),
            Command::Disconnect { ends_connection: true } => return Err(self.disconnect_all(out)),
            Command::Disconnect { ends_connection: false } => self.put_out(index, out),
            Command::DropTransport if self.link.park(DisconnectReason::ForcedClose) => {}
            Command::DropTransport => {
                self.link.set_reason(DisconnectReason::ForcedClose);
                // A client that polls fetches what it has been sent, and then that it is over.
                return Err(closed(CloseKind::Error));
            }
        }
        Ok(())
    }

    pub(super) fn index_of(&self, namespace: &str) -> Option<usize> {
        self.joined.iter().position(|joined| **joined.socket.namespace() == *namespace)
    }

    /// The client breaks the protocol, or is to be rid of: the connection ends, and says no more.
    pub(super) fn fault(&self, reason: DisconnectReason) -> Close {
        self.link.set_reason(reason);
        closed(CloseKind::Protocol)
    }

    pub(super) fn deadline_ms(&self) -> i64 {
        match self.parked_until_ms {
            Some(until_ms) => until_ms,
            None if self.joined.is_empty() && !self.is_busy => self.join_ms,
            None => NEVER,
        }
    }

    pub(super) fn deadline(&mut self, now_ms: i64) -> Result<(), Close> {
        match self.deadline_ms() <= now_ms {
            // The reason is the first one, why the client was lost, if it was.
            true => Err(self.fault(DisconnectReason::ForcedServerClose)),
            false => Ok(()),
        }
    }

    pub(super) fn replied(&mut self, token: u64, reply: Reply, out: &mut SessionOut<'_>) -> Result<(), Close> {
        match reply {
            Reply::Subscribed(result) => {
                self.subscribed(token, result, out);
                self.go_on_recovering(out)?;
                // A handler that waits for it may have more to say.
                self.drain(out)
            }
            _ => Err(closed(CloseKind::Error)),
        }
    }

    pub(super) fn invalidated(&mut self, channel: ChannelHandle, out: &mut SessionOut<'_>) {
        self.follow_anew(channel, out);
    }

    pub(super) fn is_target(&self, target: &Target) -> bool {
        let has_id = |id: &str| self.joined.iter().any(|joined| **joined.socket.id() == *id);
        let is_named = target.client.as_deref().is_none_or(has_id);
        is_named && target.session.is_none() && !target.except.iter().any(|id| has_id(id))
    }
}
