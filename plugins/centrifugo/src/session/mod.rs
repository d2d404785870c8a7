//! One connection's protocol state (Centrifugo's client protocol, bidirectional).
//!
//! Commands are handled in the order in which they come. A command that has to wait for something that later ones
//! depend on (a backend's answer, a tenant's keys, the server-side subscriptions of a connect) holds the later ones up;
//! all others are on their way together, and their replies come as the shards answer.

mod ask;
mod connect;
mod control;
mod deadlines;
mod grant;
mod maps;
mod opening;
mod permission;
mod publish;
mod query;
mod refresh;
mod reply;
mod subscribe;
mod subscribed;
mod subscription;
mod task;
mod token;
mod track;
mod tracking;
mod unsubscribe;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use natter_core::{ChannelHandle, ClientInfo, Reply as ShardReply};
use natter_node::limits::Allowance;
use natter_node::session::{Close, CloseKind, Control, NodeClose, Session, SessionOut, Target, WorkResult};
use natter_node::tenant::Tenant;
use natter_protocol::centrifuge::codes::{ClientError, Disconnect};
use natter_protocol::centrifuge::framing::{Encoding, decode_commands};
use natter_protocol::centrifuge::request::Request;
use natter_protocol::centrifuge::schema::Command;

use self::connect::Connecting;
use self::deadlines::Deadlines;
use self::publish::OpenPublication;
use self::subscription::Subscriptions;
use self::token::{Pending, Token};
use crate::shared::{ResolvedChannel, Settings, Shared};

/// Commands that may wait behind one that holds them up; a client that sends more breaks the protocol.
const HELD_UP_MAX: usize = 4_096;

/// What the session knows of the transport underneath, for backends and metrics.
#[derive(Clone, Debug)]
pub(crate) struct TransportInfo {
    /// Its name in proxy requests: `websocket`.
    pub(crate) name: &'static str,
    /// The encoding of this connection.
    pub(crate) encoding: Encoding,
    /// The request's headers that proxies may want.
    pub(crate) headers: Option<Arc<axum::http::HeaderMap>>,
    /// Headers that the client sent inside its `connect`, since a browser's WebSocket cannot.
    pub(crate) emulated_headers: Option<Arc<BTreeMap<String, String>>>,
    /// Whether the client has asked for the transport's own pings in place of the protocol's.
    pub(crate) has_native_pings: bool,
    /// The user that a trusted proxy in front has named.
    pub(crate) user_header: Option<String>,
}

/// A connection's state.
pub(crate) struct ClientSession {
    shared: Arc<Shared>,
    settings: Arc<Settings>,
    transport: TransportInfo,
    /// The connection's id: a UUID.
    client: Arc<str>,
    phase: Phase,
    deadlines: Deadlines,
    /// What later commands wait for: work under way, and unsubscriptions of what is not subscribed yet.
    waits: u32,
    held_up: VecDeque<Command>,
}

/// How far a connection has come.
enum Phase {
    /// Nothing but `connect` is taken.
    New,
    /// Its server-side subscriptions are on their way.
    Connecting(Box<Connecting>),
    /// Everything is taken.
    Connected(Box<Connected>),
    /// Its `connect` was refused: nothing is taken any more.
    Refused,
}

/// Who the connection is, and what it is subscribed to.
struct Connected {
    tenant: Arc<Tenant>,
    user: Arc<str>,
    client: Arc<str>,
    info: Arc<ClientInfo>,
    /// What the tenant's backend keeps with the connection.
    meta: Option<Bytes>,
    /// The login that its token belongs to; the connection ends with it.
    login: Option<Arc<str>>,
    /// Whether the client is to refresh the connection; otherwise the tenant's backend is asked.
    is_refreshed_by_client: bool,
    subscriptions: Subscriptions,
    /// The channel that was published to last: a publisher seldom changes it.
    recent: Option<Box<ResolvedChannel>>,
    /// Publications that may be made in the present second.
    publish_allowance: Allowance,
    /// Publications that have not been answered: an unsubscription waits for them.
    open_publications: VecDeque<OpenPublication>,
    /// Unsubscribe commands that wait, with the numbers of their subscriptions.
    waiting_unsubscribes: Vec<(u32, u32)>,
}

impl ClientSession {
    pub(crate) fn new(shared: Arc<Shared>, transport: TransportInfo, now_ms: i64) -> Self {
        let settings = shared.settings();
        let deadlines = Deadlines::new(&settings.centrifugo, now_ms);
        let client = uuid::Uuid::new_v4().to_string().into();
        Self { shared, settings, transport, client, phase: Phase::New, deadlines, waits: 0, held_up: VecDeque::new() }
    }

    /// Handles one command, or keeps it until it is its turn.
    fn take(&mut self, command: Command, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if self.is_ready() {
            return self.command(command, out);
        }
        if self.held_up.len() >= HELD_UP_MAX {
            return Err(close(Disconnect::TOO_MANY_REQUESTS, CloseKind::Limit));
        }
        self.held_up.push_back(command);
        Ok(())
    }

    /// One of the things that later commands wait for has come.
    fn waited(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.waits = self.waits.saturating_sub(1);
        self.resume(out)
    }

    /// Handles the commands that were held up, until one of them holds up the rest again.
    fn resume(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        while self.is_ready()
            && let Some(command) = self.held_up.pop_front()
        {
            self.command(command, out)?;
        }
        Ok(())
    }

    fn command(&mut self, command: Command, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if matches!(self.phase, Phase::Refused) {
            return Ok(());
        }
        if command.is_pong() {
            return self.deadlines.pong();
        }
        let id = command.id;
        let request = command.into_request().ok_or_else(bad_request)?;
        if id == 0 && !matches!(request, Request::Send(_)) {
            return Err(bad_request());
        }
        let request = match (&self.phase, request) {
            (Phase::New, Request::Connect(connect)) => return self.connect(id, *connect, out),
            (Phase::New, _) | (_, Request::Connect(_)) => return Err(bad_request()),
            (_, request) => request,
        };
        match request {
            Request::Subscribe(subscribe) => self.subscribe(id, *subscribe, out),
            Request::Unsubscribe(unsubscribe) => self.unsubscribe(id, &unsubscribe.channel, out),
            Request::Publish(publish) => self.publish(id, publish, out),
            Request::Presence(presence) => self.presence(id, &presence.channel, out),
            Request::PresenceStats(stats) => self.presence_stats(id, &stats.channel, out),
            Request::History(history) => self.history(id, history, out),
            Request::Rpc(rpc) => self.rpc(id, rpc, out),
            Request::Refresh(refresh) => self.refresh(id, refresh, out),
            Request::SubRefresh(refresh) => self.sub_refresh(id, refresh, out),
            Request::Send(_) => Err(close(Disconnect::NOT_AVAILABLE, CloseKind::Protocol)),
            Request::Connect(_) => Err(bad_request()),
        }
    }

    fn connected(&mut self) -> Result<&mut Connected, Close> {
        match &mut self.phase {
            Phase::Connected(connected) => Ok(connected),
            Phase::Connecting(connecting) => Ok(&mut connecting.connected),
            Phase::New | Phase::Refused => Err(bad_request()),
        }
    }

    fn connected_ref(&self) -> Option<&Connected> {
        match &self.phase {
            Phase::Connected(connected) => Some(connected),
            Phase::Connecting(connecting) => Some(&connecting.connected),
            Phase::New | Phase::Refused => None,
        }
    }

    /// A channel by its name, by the rules that hold now.
    fn resolve(&self, channel: &str) -> Result<ResolvedChannel, ClientError> {
        let connected = self.connected_ref().ok_or(ClientError::BAD_REQUEST)?;
        self.settings.resolve(&connected.tenant, channel)
    }

    fn is_insecure(&self) -> bool {
        self.settings.centrifugo.insecure
    }

    /// Leaves out what follows until work is done.
    fn wait_for(&mut self, work: natter_node::session::Work, out: &mut SessionOut<'_>) {
        self.waits += 1;
        out.start(0, work);
    }
}

impl Session for ClientSession {
    fn on_message(&mut self, message: &[u8], out: &mut SessionOut<'_>) -> Result<(), Close> {
        for command in decode_commands(self.transport.encoding, message) {
            self.take(command.map_err(|_| bad_request())?, out)?;
        }
        Ok(())
    }

    fn on_pong(&mut self) {
        self.deadlines.native_pong();
    }

    fn is_ready(&self) -> bool {
        self.waits == 0 && !matches!(self.phase, Phase::Connecting(_))
    }

    fn on_reply(&mut self, token: u64, reply: ShardReply, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Token { pending, id } = Token::unpack(token);
        match (pending, reply) {
            (Pending::Publish, ShardReply::Published(result)) => self.published(id, result, out),
            (Pending::Subscribe, ShardReply::Subscribed(result)) => self.subscribed(id, result, out),
            (Pending::Publish, ShardReply::Keyed(result)) => self.key_changed(id, result, out),
            (Pending::MapPage, ShardReply::Keyed(result)) => self.map_page_read(id, result, out),
            (Pending::MapPage, ShardReply::Subscribed(result)) => self.map_went_live(id, result, out),
            (Pending::Presence, ShardReply::Presence(result)) => self.present(id, result, out),
            (Pending::PresenceStats, ShardReply::PresenceStats(result)) => self.counted(id, result, out),
            (Pending::History, ShardReply::History(result)) => self.history_read(id, result, out),
            // The lane gives back what was asked for under the same token.
            _ => Err(close(Disconnect::INTERNAL, CloseKind::Error)),
        }
    }

    fn on_task(&mut self, _token: u64, result: WorkResult, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.task_done(result, out)
    }

    fn on_wake(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.push_tracked(out)
    }

    fn on_control(&mut self, control: &Control, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.control(control, out)
    }

    fn on_invalidated(&mut self, channel: ChannelHandle, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.invalidated(channel, out)
    }

    fn deadline_ms(&self) -> i64 {
        self.next_deadline_ms()
    }

    fn on_deadline(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.deadline(out)
    }

    fn on_closed(&mut self, out: &mut SessionOut<'_>) {
        if let Ok(connected) = self.connected() {
            connected.subscriptions.leave_all(out);
        }
    }

    fn node_close(&self, cause: NodeClose) -> Close {
        match cause {
            NodeClose::Slow => close(Disconnect::SLOW, CloseKind::Slow),
            NodeClose::Shutdown => close(Disconnect::SHUTDOWN, CloseKind::Drain),
            NodeClose::Inexpressible => inexpressible(),
        }
    }

    fn is_target(&self, target: &Target) -> bool {
        let connected = match &self.phase {
            Phase::Connected(connected) => connected,
            Phase::Connecting(connecting) => &connecting.connected,
            _ => return false,
        };
        let is_named = target.client.as_deref().is_none_or(|client| client == &*connected.client);
        let is_of_session = target.session.as_deref().is_none_or(|session| connected.login.as_deref() == Some(session));
        is_named && is_of_session && target.except.iter().all(|client| **client != *connected.client)
    }
}

/// The end of a connection, for the node.
fn close(disconnect: Disconnect, kind: CloseKind) -> Close {
    Close { code: disconnect.code, reason: disconnect.reason, kind }
}

/// 3506: the connection's encoding cannot carry what it is to be sent.
fn inexpressible() -> Close {
    close(Disconnect::INAPPROPRIATE_PROTOCOL, CloseKind::Protocol)
}

/// 3501: the client broke the protocol.
fn bad_request() -> Close {
    close(Disconnect::BAD_REQUEST, CloseKind::Protocol)
}
