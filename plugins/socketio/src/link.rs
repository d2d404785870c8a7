//! What a session's HTTP requests and its lane share: the poll that is held, the body that is handled, the WebSocket
//! that takes over.
//!
//! Invariants: at most one poll and one body at a time; a body's packets are handled in order, and it is answered when
//! the last one has been. Requests never wait for a lock that is held for longer than a few instructions.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::Waker;

use bytes::Bytes;
use natter_node::realtime::DisconnectReason;
use natter_node::session::SessionWaker;
use natter_protocol::engineio::Revision;
use natter_protocol::engineio::payload::{Payload, PayloadReader};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::replay::ReplayLog;

/// How a body was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// All of it has been handled.
    Handled,
    /// It is no sequence of packets.
    Malformed,
}

/// Where a session has got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It polls.
    Polling,
    /// It polls, and has a WebSocket that may take over.
    Upgrading,
    /// It has a WebSocket.
    WebSocket,
    /// It has lost its client, who may come back and go on with it.
    Parked,
    /// It is over, or about to be.
    Closed,
}

/// A second request where only one may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overlap;

/// One session, as both sides see it.
pub(crate) struct Link {
    pub(crate) sid: Arc<str>,
    pub(crate) revision: Revision,
    /// False for clients that asked for base64.
    pub(crate) has_binary: bool,
    /// The index of the callback that answers to polls are wrapped in.
    pub(crate) jsonp: Option<String>,
    /// When the client must have been heard of, in milliseconds since the Unix epoch.
    expires_ms: AtomicI64,
    /// What has been sent, where recovery is on.
    pub(crate) replay: Option<Mutex<ReplayLog>>,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) stage: Stage,
    pub(crate) waker: Option<Waker>,
    pub(crate) poll: Option<oneshot::Sender<Payload>>,
    pub(crate) body: Option<PayloadReader>,
    /// Told when the body has been handled.
    pub(crate) posted: Option<oneshot::Sender<Posted>>,
    pub(crate) is_posting: bool,
    pub(crate) offered: Option<Offer>,
    /// Counts offers, so that a late time-out does not end another one.
    pub(crate) offers: u64,
    /// The session has to end for this reason.
    pub(crate) failure: Option<DisconnectReason>,
    /// Why it ended.
    pub(crate) reason: Option<DisconnectReason>,
    /// Whether a client that is lost may come back.
    pub(crate) may_park: bool,
    /// The session waits until all that it has been sent is noted.
    pub(crate) wants_sync: bool,
    /// It is.
    pub(crate) is_synced: bool,
    /// Has the session look at what has become of it.
    pub(crate) session: Option<SessionWaker>,
}

/// A WebSocket that may take over.
pub(crate) struct Offer {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) already_read: Bytes,
}

impl Link {
    pub(crate) fn new(
        sid: Arc<str>,
        revision: Revision,
        has_binary: bool,
        jsonp: Option<String>,
        stage: Stage,
        has_recovery: bool,
    ) -> Arc<Self> {
        let state = State {
            stage,
            waker: None,
            poll: None,
            body: None,
            posted: None,
            is_posting: false,
            offered: None,
            offers: 0,
            failure: None,
            reason: None,
            may_park: false,
            wants_sync: false,
            is_synced: false,
            session: None,
        };
        let expires_ms = AtomicI64::new(i64::MAX);
        let replay = (has_recovery && revision == Revision::V4).then(Mutex::default);
        Arc::new(Self { sid, revision, has_binary, jsonp, expires_ms, replay, state: Mutex::new(state) })
    }

    /// Looks at the shared state, for an instant.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock())
    }

    /// Changes the shared state and has the lane look at it.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (result, waker) = {
            let mut state = self.state.lock();
            (change(&mut state), state.waker.clone())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        result
    }

    pub(crate) fn stage(&self) -> Stage {
        self.with(|state| state.stage)
    }

    /// Holds a poll. A second one ends the session.
    pub(crate) fn poll(&self) -> Result<oneshot::Receiver<Payload>, Overlap> {
        self.change(|state| {
            if state.poll.is_some() {
                state.failure = Some(DisconnectReason::TransportError);
                return Err(Overlap);
            }
            let (answer, answered) = oneshot::channel();
            state.poll = Some(answer);
            Ok(answered)
        })
    }

    /// A body begins to be read. A second one ends the session.
    pub(crate) fn begin_post(&self) -> Result<(), Overlap> {
        self.change(|state| match std::mem::replace(&mut state.is_posting, true) {
            true => {
                state.failure = Some(DisconnectReason::TransportError);
                Err(Overlap)
            }
            false => Ok(()),
        })
    }

    /// Hands a body over.
    pub(crate) fn post(&self, body: PayloadReader) -> oneshot::Receiver<Posted> {
        self.change(|state| {
            let (answer, answered) = oneshot::channel();
            state.body = Some(body);
            state.posted = Some(answer);
            answered
        })
    }

    /// The body has been answered, or given up.
    pub(crate) fn end_post(&self) {
        self.with(|state| state.is_posting = false);
    }

    /// Takes a WebSocket for the session on; `None` when there is one already.
    pub(crate) fn begin_upgrade(&self) -> Option<u64> {
        self.with(|state| {
            if state.stage != Stage::Polling {
                return None;
            }
            state.stage = Stage::Upgrading;
            state.offers += 1;
            Some(state.offers)
        })
    }

    /// The WebSocket is there.
    pub(crate) fn offer(&self, offer: Offer) {
        self.change(|state| state.offered = Some(offer));
    }

    /// Gives an upgrade up that has not been completed.
    pub(crate) fn abort_upgrade(&self, number: u64) {
        self.change(|state| {
            if state.stage == Stage::Upgrading && state.offers == number {
                state.stage = Stage::Polling;
                state.offered = None;
            }
        });
    }

    /// The client is lost. When it may come back the session stays without it, and this is true.
    pub(crate) fn park(&self, reason: DisconnectReason) -> bool {
        let (is_parked, session) = self.change(|state| {
            if !state.may_park || matches!(state.stage, Stage::Parked | Stage::Closed) {
                return (state.stage == Stage::Parked, None);
            }
            state.stage = Stage::Parked;
            state.reason.get_or_insert(reason);
            (true, state.session.clone())
        });
        if let Some(session) = session {
            session.wake();
        }
        is_parked
    }

    /// Asks for everything to be noted that has been sent up to now; the session is woken when it is.
    pub(crate) fn ask_sync(&self) {
        self.change(|state| state.wants_sync = true);
    }

    /// Everything is noted.
    pub(crate) fn synced(&self) {
        let session = self.with(|state| {
            let was_wanted = std::mem::take(&mut state.wants_sync);
            state.is_synced |= was_wanted;
            state.session.clone().filter(|_| was_wanted)
        });
        if let Some(session) = session {
            session.wake();
        }
    }

    /// Whether everything has been noted since it was asked for; true once.
    pub(crate) fn takes_synced(&self) -> bool {
        self.with(|state| std::mem::take(&mut state.is_synced))
    }

    /// Ends the session.
    pub(crate) fn fail(&self, reason: DisconnectReason) {
        self.change(|state| state.failure.get_or_insert(reason).to_owned());
    }

    /// Notes why the session ends; the first reason counts.
    pub(crate) fn set_reason(&self, reason: DisconnectReason) {
        self.with(|state| state.reason.get_or_insert(reason).to_owned());
    }

    /// Why the session ended, as far as is known.
    pub(crate) fn reason(&self) -> DisconnectReason {
        self.with(|state| state.reason).unwrap_or(DisconnectReason::TransportClose)
    }

    /// When the client must have been heard of.
    pub(crate) fn set_expiry(&self, expires_ms: i64) {
        self.expires_ms.store(expires_ms, Ordering::Relaxed);
    }

    /// Whether the client has been silent for too long. The lane finds that out as well, but up to a tick later.
    pub(crate) fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_ms.load(Ordering::Relaxed) <= now_ms
    }

    /// Ends the session since the client has been silent for too long.
    pub(crate) fn expire(&self) {
        self.fail(DisconnectReason::PingTimeout);
    }
}
