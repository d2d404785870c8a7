//! One endpoint: its settings, its sessions, and what they all use.

use std::sync::Arc;

use arc_swap::ArcSwap;
use dashmap::DashMap;
use natter_core::TenantId;
use natter_node::Broker;
use natter_node::limits::{Allowance, ConnectionPermit};
use natter_node::metrics::ConnectionMetrics;
use natter_node::realtime::Sockets;
use natter_protocol::engineio::handshake::{ID_BYTES, session_id};
use parking_lot::Mutex;

use crate::codec::Codecs;
use crate::link::Link;
use crate::options::Options;
use crate::outbox::Outbox;

/// An endpoint's state, shared by its routes and sessions.
pub(crate) struct Endpoint {
    pub(crate) broker: Broker,
    pub(crate) sockets: Sockets,
    pub(crate) codecs: Codecs,
    pub(crate) options: ArcSwap<Options>,
    /// The sessions that a client can name, by their ids.
    pub(crate) sessions: DashMap<Arc<str>, Arc<Link>>,
    /// The sockets that a client can come back to, by the ids that it alone knows.
    pub(crate) recoverable: DashMap<Arc<str>, Recoverable>,
    polling_metrics: Arc<ConnectionMetrics>,
    websocket_metrics: Arc<ConnectionMetrics>,
    /// New connections of the present second.
    connects: Mutex<Allowance>,
}

/// A socket that a client can come back to.
#[derive(Clone)]
pub(crate) struct Recoverable {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) namespace: Arc<str>,
    pub(crate) tenant: TenantId,
    pub(crate) user: Arc<str>,
}

impl Endpoint {
    pub(crate) fn new(broker: Broker, sockets: Sockets, options: Options) -> Arc<Self> {
        Arc::new(Self {
            broker,
            sockets,
            codecs: Codecs::default(),
            options: ArcSwap::from_pointee(options),
            sessions: DashMap::new(),
            recoverable: DashMap::new(),
            polling_metrics: ConnectionMetrics::new("polling", "socketio"),
            websocket_metrics: ConnectionMetrics::new("ws", "socketio"),
            connects: Mutex::default(),
        })
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.broker.clock().now_ms()
    }

    /// A session that is neither over nor due to be.
    pub(crate) fn session(&self, sid: &str) -> Option<Arc<Link>> {
        let link = self.sessions.get(sid).map(|link| Arc::clone(&link))?;
        match link.is_expired(self.now_ms()) {
            true => {
                link.expire();
                None
            }
            false => Some(link),
        }
    }

    /// A place for a new connection, unless the node is full, takes no more in this second, or is going down.
    pub(crate) fn permit(&self, is_websocket: bool) -> Option<ConnectionPermit> {
        if self.broker.is_draining() {
            return None;
        }
        let options = self.options.load();
        let is_in_time = self.connects.lock().take(options.connections_per_second, self.now_ms());
        let seat = is_in_time.then(|| self.broker.connections().take(options.connections_max)).flatten();
        let Some(seat) = seat else {
            metrics::counter!("natter_limited_total", "scope" => "connect").increment(1);
            return None;
        };
        let metrics = if is_websocket { &self.websocket_metrics } else { &self.polling_metrics };
        Some(ConnectionPermit::new(seat, metrics.connect()))
    }
}

/// An id that nobody can guess.
pub(crate) fn random_id() -> Arc<str> {
    session_id(rand::random::<[u8; ID_BYTES]>()).into()
}
