//! Open Chat on sockets: partners' clients in the namespace `/`.
//!
//! | file | has |
//! |---|---|
//! | [`admission`] | which clients are partners' |
//! | [`events`], [`payload`], [`reply`] | what clients say, and the answer |
//! | [`joined`] | rooms that sockets have joined: they follow the room's log, which is shown to them in its order |
//! | [`sides`], [`presence`], [`status`] | who is there as which shop or user, and telling those it has rooms with |
//! | [`directed`] | messages to the sockets of a side, in the order of their room |
//! | [`session`] | what a socket has joined and is; kept for sockets only that have said something |
//! | [`partner_sockets`] | all sockets of a partner, for its own events |
//! | [`expiry`] | the end of sockets whose token ends |
//!
//! Invariants: a socket reaches nothing of another partner; a message comes once under each of its two names, and under
//! each in the order of `seq`; what is kept for a socket is bounded and goes with it.

mod admission;
mod directed;
mod events;
mod expiry;
mod joined;
mod partner_sockets;
mod payload;
mod presence;
mod reply;
mod session;
mod sides;
mod status;

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use natter_core::{EntityId, TenantId};
use natter_node::config::{self, Config};
use natter_node::realtime::{App, DisconnectReason, Socket};
use natter_node::run_time_tenants::SELF_REGISTERED_PREFIX;
use natter_node::tenant::Tenant;

use admission::Visitor;
use expiry::Expiries;
use joined::JoinedRooms;
use session::Sessions;

pub use partner_sockets::PartnerSockets;
pub(crate) use payload::{RoomNamed, SideBody};

use crate::open_chat::OpenChat;

/// Tells the app from all others of the node.
const APP: &str = "openchat";
const NAMESPACE: &str = "/";
/// Rooms of which it is known how far their messages have been directed.
const DIRECTED_MAX: u64 = 200_000;
/// How long after a connection was lost its socket may come back, at most, where connections are recovered: a little more
/// than the Socket.IO plugin grants.
const RECOVERABLE: Duration = Duration::from_secs(125);

/// Open Chat on the node's sockets. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    open_chat: OpenChat,
    sockets: PartnerSockets,
    rooms: JoinedRooms,
    sessions: Sessions,
    expiries: Expiries,
    /// The offset of the newest message of a room that has been directed to a side.
    directed: Cache<(TenantId, EntityId), u64>,
    /// Unix milliseconds: what is older was told before this run of the node.
    started_ms: i64,
    /// Whose sockets are that name no partner.
    nobody: Arc<Tenant>,
    /// Whether lost connections can be gone on with.
    has_recovery: bool,
}

impl Live {
    /// Opens the namespace; call it on the runtime.
    pub fn start(config: &Config, open_chat: OpenChat, sockets: PartnerSockets) -> Self {
        let nobody = config::Tenant { id: SELF_REGISTERED_PREFIX.to_owned(), ..config::Tenant::default() };
        let live = Self(Arc::new(Inner {
            started_ms: open_chat.now_ms(),
            open_chat,
            rooms: JoinedRooms::default(),
            sessions: Sessions::default(),
            expiries: Expiries::default(),
            directed: Cache::new(DIRECTED_MAX),
            nobody: Arc::new(Tenant::new(nobody)),
            has_recovery: config.plugins.socketio.connection_state_recovery,
            sockets,
        }));
        live.0.sockets.realtime().register(live.app());
        live.start_ending_expired();
        live
    }

    fn app(&self) -> App {
        let (admission, connected, disconnected) = (self.clone(), self.clone(), self.clone());
        let app = App::new(APP, NAMESPACE, move |attempt| admission.clone().decide(attempt))
            .with_everyone()
            .rendered_by(self.0.rooms.clone())
            .on_connected(move |socket| {
                let live = connected.clone();
                async move { live.connected(&socket).await }
            })
            .on_disconnected(move |socket, reason| {
                let live = disconnected.clone();
                async move { live.disconnected(&socket, reason).await }
            });
        events::handled(app, self)
    }

    async fn connected(&self, socket: &Socket) {
        self.0.sockets.partners().of(socket.tenant().id()).socket_came();
        if let Some(until) = Visitor::of(socket).and_then(Visitor::good_until) {
            self.0.expiries.add(until, socket.clone());
        }
        if socket.is_recovered() {
            self.recovered(socket).await;
        }
    }

    async fn disconnected(&self, socket: &Socket, reason: DisconnectReason) {
        let tenant = socket.tenant().id();
        self.0.sockets.partners().of(tenant).socket_went();
        if let Some(until) = Visitor::of(socket).and_then(Visitor::good_until) {
            self.0.expiries.remove(until, socket.id());
        }
        if let Some(session) = self.0.sessions.get(socket.id()) {
            self.lost(&session).await;
            if self.0.has_recovery && is_recoverable(reason) {
                tokio::time::sleep(RECOVERABLE).await;
            }
            self.forget(socket.id(), &session);
        }
        self.0.sockets.partners().tidy(tenant);
    }
}

/// Whether the client may come back as the same socket.
fn is_recoverable(reason: DisconnectReason) -> bool {
    use DisconnectReason as Reason;
    matches!(reason, Reason::TransportClose | Reason::TransportError | Reason::PingTimeout | Reason::ForcedClose)
}
