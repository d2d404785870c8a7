//! A connection as its lane keeps it.

use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use natter_core::ChannelHandle;
use smallvec::SmallVec;

use super::subscribers::Seat;
use crate::limits::ConnectionPermit;
use crate::session::{Session, SessionFactory};
use crate::tenant::Tenant;
use crate::transport::{SendQueue, Transport};

/// Names a connection for as long as the process lives: a place in a lane, and which of its occupants is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// A connection that a listener has accepted and shaken hands with.
pub struct NewConnection {
    /// Makes the transport, on the lane's own runtime.
    pub transport: Box<dyn FnOnce() -> std::io::Result<Box<dyn Transport>> + Send>,
    /// Makes the session.
    pub session: SessionFactory,
    /// Holds the connection's place in the limits and in the gauges.
    pub permit: ConnectionPermit,
}

/// What stays of a connection whose end has been decided: time to say goodbye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) until_ms: i64,
}

pub(crate) struct Connection {
    pub(crate) generation: u32,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) session: Option<Box<dyn Session>>,
    pub(crate) queue: SendQueue,
    /// Frames of channels that must not overtake the answer that the session is still waiting to give.
    pub(crate) held_back: Option<Vec<Bytes>>,
    pub(crate) waker: Option<Waker>,
    pub(crate) seats: SmallVec<[Seat; 1]>,
    /// Requests that shards have not answered: too many, and no message is read meanwhile.
    pub(crate) requests_in_flight: u32,
    pub(crate) is_write_blocked: bool,
    pub(crate) is_dirty: bool,
    /// It is about to be closed: nothing more is queued.
    pub(crate) is_doomed: bool,
    /// Since when something waits in the queue, while the socket takes no more.
    pub(crate) blocked_since_ms: i64,
    pub(crate) closing: Option<Closing>,
    /// When the wheel's nearest entry for this connection comes up.
    pub(crate) scheduled_ms: i64,
    pub(crate) identity: Option<(Arc<Tenant>, Arc<str>)>,
    pub(crate) permit: ConnectionPermit,
}

impl Connection {
    pub(crate) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    /// Whether the next message may be read.
    pub(crate) fn may_read(&self, requests_in_flight_max: u32) -> bool {
        let is_ready = self.session.as_ref().is_none_or(|session| session.is_ready());
        is_ready && self.requests_in_flight < requests_in_flight_max
    }

    pub(crate) fn seat(&self, channel: ChannelHandle) -> Option<usize> {
        self.seats.iter().position(|seat| seat.channel == channel)
    }
}
