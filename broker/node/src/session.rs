//! What a real-time protocol is to the node: a [`Codec`] that turns shared events into bytes once for all, and a
//! [`Session`] for each connection that turns its client's messages into requests and the answers into bytes.
//!
//! A session is synchronous, owns no socket and does no I/O: messages in, requests and bytes out. The transport
//! underneath (WebSocket today) only moves whole messages, so a session does not know which one it is.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use natter_core::{
    ChannelHandle, ChannelKey, ChannelOptions, ClientInfo, Epoch, LaneId, PresenceEdge, Publication, Reply, Request,
    TenantId,
};

pub use crate::auth::Override as SubscriptionOverrides;
use crate::lane::{ConnectionId, LaneEvent, LaneMailbox};
use crate::tenant::Tenant;

/// The end of a connection, as its client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The protocol's code; a WebSocket close code on that transport.
    pub code: u16,
    /// At most 123 bytes of text.
    pub reason: Cow<'static, str>,
    /// What metrics call it.
    pub kind: CloseKind,
}

/// Why connections end, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseKind {
    /// The client left.
    Client,
    /// Nothing was heard of it.
    Idle,
    /// It read too slowly.
    Slow,
    /// It was not, or is no longer, allowed in.
    Auth,
    /// A limit.
    Limit,
    /// The node is going down.
    Drain,
    /// It broke the protocol.
    Protocol,
    /// Something failed on our side.
    Error,
}

impl CloseKind {
    /// The label's value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Idle => "idle",
            Self::Slow => "slow",
            Self::Auth => "auth",
            Self::Limit => "limit",
            Self::Drain => "drain",
            Self::Protocol => "protocol",
            Self::Error => "error",
        }
    }
}

/// Why the node ends a connection that has done nothing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeClose {
    /// It reads more slowly than it is sent to, and its queue is full.
    Slow,
    /// The node goes down.
    Shutdown,
    /// It subscribes to a publication that its encoding cannot express.
    Inexpressible,
}

/// How a transport wraps the payload that a codec or a session has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// A WebSocket text frame (RFC 6455 section 5.6).
    WebSocketText,
    /// A WebSocket binary frame.
    WebSocketBinary,
    /// None: the codec writes complete frames.
    Complete,
}

/// A publication on its way to subscribers of one variant.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'a> {
    /// The channel's name.
    pub channel: &'a str,
    /// What is delivered.
    pub publication: &'a Publication,
    /// What a delta may be made against.
    pub previous: Option<&'a Publication>,
    /// The log that the publication's offset counts in, if the channel keeps one.
    pub epoch: Option<&'a Epoch>,
}

/// Turns events that many connections get into their protocol's bytes. One static instance per encoding.
pub trait Codec: Send + Sync + 'static {
    /// Tells this codec from all others in the process; below 256.
    fn id(&self) -> u8;

    /// Appends one publication to `out`, which may already hold others of the same frame; on an error `out` is as
    /// before. `options` is the subscription's [`Variant::options`].
    fn append_publication(
        &self,
        options: u8,
        delivered: Delivered<'_>,
        out: &mut BytesMut,
    ) -> Result<(), Inexpressible>;

    /// Whether a publication is not worth waiting for: connections that cannot be written to at once do without it.
    fn is_volatile(&self, _publication: &Publication) -> bool {
        false
    }

    /// Appends a join or a leave to `out`.
    fn append_presence_edge(&self, channel: &str, edge: PresenceEdge, info: &ClientInfo, out: &mut BytesMut);
}

/// A publication that an encoding has no words for, such as bytes that are no JSON on a JSON connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inexpressible;

/// The form in which a subscription gets its channel's events. Subscriptions of equal variants share their bytes.
#[derive(Clone, Copy)]
pub struct Variant {
    /// Writes the payload.
    pub codec: &'static dyn Codec,
    /// Wraps it.
    pub framing: Framing,
    /// The codec's own flags.
    pub options: u8,
    /// Whether the codec is given the previous publication, to make deltas.
    pub wants_delta: bool,
}

impl Variant {
    pub(crate) fn key(&self) -> (u8, Framing, u8, bool) {
        (self.codec.id(), self.framing, self.options, self.wants_delta)
    }
}

impl PartialEq for Variant {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Variant {}

/// Decides for each publication whether a subscription gets it.
pub trait PublicationFilter: Send {
    /// Whether the subscription gets it.
    fn passes(&self, publication: &Publication) -> bool;
}

/// A connection's interest in a channel, as its lane needs to know it.
pub struct Subscription {
    /// The channel's life, from the shard's answer.
    pub channel: ChannelHandle,
    /// The channel.
    pub key: ChannelKey,
    /// The form in which events are wanted.
    pub variant: Variant,
    /// Whether joins and leaves are wanted.
    pub wants_presence_edges: bool,
    /// Which publications are wanted; `None` for all.
    pub filter: Option<Box<dyn PublicationFilter>>,
}

/// One thing that a session wants done, in order.
pub(crate) enum SessionAction {
    Request { channel: ChannelKey, options: Arc<ChannelOptions>, request: LaneRequest },
    Attach(Box<Subscription>),
    Detach(ChannelHandle),
    Identify { tenant: Arc<Tenant>, user: Arc<str> },
    Supersede(Close),
    Frames(Bytes),
    Task { token: u64, work: Work },
    Ping,
    Cork,
    Uncork,
    UncorkWith { first: Vec<Bytes>, keep: KeepFrames },
}

/// Makes of frames that were held back what is left to send of them.
pub type KeepFrames = Box<dyn FnMut(Bytes) -> Bytes>;

/// A request whose answer comes back to the session under a token; without one nobody waits.
pub(crate) struct LaneRequest {
    pub(crate) token: Option<u64>,
    pub(crate) request: Request<()>,
}

/// Work that a session cannot do itself, since it waits for something.
pub type Work = Pin<Box<dyn Future<Output = WorkResult> + Send>>;

/// What work brings back; the session knows its type.
pub type WorkResult = Box<dyn Any + Send>;

/// Where a session puts what it wants done. Everything is done in the order in which it was put in.
pub struct SessionOut<'a> {
    pub(crate) lane: LaneId,
    pub(crate) connection: ConnectionId,
    pub(crate) mailbox: &'a LaneMailbox,
    pub(crate) is_writable: bool,
    pub(crate) now_ms: i64,
    pub(crate) payload: &'a mut BytesMut,
    pub(crate) actions: &'a mut Vec<SessionAction>,
}

impl SessionOut<'_> {
    /// The time, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// The lane that the connection lives on.
    pub fn lane(&self) -> LaneId {
        self.lane
    }

    /// Something that can have [`Session::on_wake`] called from anywhere.
    pub fn waker(&self) -> SessionWaker {
        SessionWaker { lane: self.lane, mailbox: self.mailbox.clone(), connection: self.connection }
    }

    /// Whether what is sent now would be written at once.
    pub fn is_writable(&self) -> bool {
        self.is_writable
    }

    /// Sends complete frames of the transport, behind the payload that has been written so far.
    pub fn send_frames(&mut self, frames: Bytes) {
        self.actions.push(SessionAction::Frames(frames));
    }

    /// The payload of the frame that is being made for this connection, to which several calls may add; the session
    /// joins its messages as its protocol says.
    pub fn payload(&mut self) -> &mut BytesMut {
        self.payload
    }

    /// Sends a ping of the transport itself, such as a WebSocket's ping frame.
    pub fn ping(&mut self) {
        self.actions.push(SessionAction::Ping);
    }

    /// Holds back the events of channels that are attached from now on, until [`SessionOut::uncork`].
    pub fn cork(&mut self) {
        self.actions.push(SessionAction::Cork);
    }

    /// Lets what was held back follow the payload that has been written so far.
    pub fn uncork(&mut self) {
        self.actions.push(SessionAction::Uncork);
    }

    /// Sends `first`, complete frames, and lets what was held back follow as far as `keep` leaves it.
    pub fn uncork_with(&mut self, first: Vec<Bytes>, keep: KeepFrames) {
        self.actions.push(SessionAction::UncorkWith { first, keep });
    }

    /// Sends a request to a channel's owner; the answer comes to [`Session::on_reply`] under `token`.
    ///
    /// Within the request, the reply address is a placeholder that the lane replaces by its own.
    pub fn request(&mut self, token: u64, channel: ChannelKey, options: Arc<ChannelOptions>, request: Request<()>) {
        let request = LaneRequest { token: Some(token), request };
        self.actions.push(SessionAction::Request { channel, options, request });
    }

    /// Tells a channel's owner something that is not answered.
    pub fn tell(&mut self, channel: ChannelKey, options: Arc<ChannelOptions>, request: Request<()>) {
        let request = LaneRequest { token: None, request };
        self.actions.push(SessionAction::Request { channel, options, request });
    }

    /// From here on the connection gets the channel's events.
    pub fn attach(&mut self, subscription: Subscription) {
        self.actions.push(SessionAction::Attach(Box::new(subscription)));
    }

    /// From here on it does not.
    pub fn detach(&mut self, channel: ChannelHandle) {
        self.actions.push(SessionAction::Detach(channel));
    }

    /// Names the connection's tenant and user, so that it is counted and can be addressed.
    pub fn identify(&mut self, tenant: Arc<Tenant>, user: Arc<str>) {
        self.actions.push(SessionAction::Identify { tenant, user });
    }

    /// Ends the user's connections that were identified before this one, which must be identified itself: those of protocols
    /// that obey [`Control::Supersede`].
    pub fn supersede(&mut self, close: Close) {
        self.actions.push(SessionAction::Supersede(close));
    }

    /// Starts work; its result comes to [`Session::on_task`] under `token`.
    pub fn start(&mut self, token: u64, work: Work) {
        self.actions.push(SessionAction::Task { token, work });
    }
}

/// Wakes one session, from any thread.
#[derive(Clone)]
pub struct SessionWaker {
    lane: LaneId,
    mailbox: LaneMailbox,
    connection: ConnectionId,
}

impl SessionWaker {
    /// Has [`Session::on_wake`] called soon, if the connection is still there. The caller sees to it that no second
    /// wake is sent before the first has been answered.
    pub fn wake(&self) {
        self.mailbox.send(vec![LaneEvent::Wake(self.connection)]);
    }

    /// As [`SessionWaker::wake`] of each, with one hand-over for each lane.
    pub fn wake_all<'a>(wakers: impl IntoIterator<Item = &'a Self>) {
        let mut lanes: BTreeMap<LaneId, (&LaneMailbox, Vec<LaneEvent>)> = BTreeMap::new();
        for waker in wakers {
            let (_, events) = lanes.entry(waker.lane).or_insert_with(|| (&waker.mailbox, Vec::new()));
            events.push(LaneEvent::Wake(waker.connection));
        }
        lanes.into_values().for_each(|(mailbox, events)| mailbox.send(events));
    }
}

/// What a tenant's backend can do to connections of its users.
#[derive(Clone, Debug)]
pub enum Control {
    /// Subscribe them to a channel.
    Subscribe(Arc<ServerSubscribe>),
    /// Take them off a channel, or off all.
    Unsubscribe {
        /// The channel; `None` for all.
        channel: Option<Arc<str>>,
    },
    /// End them.
    Disconnect(Close),
    /// End them, since their user has come again and may have one connection of this protocol.
    Supersede(Close),
    /// Move or end their expiry.
    Refresh {
        /// End them as expired.
        expired: bool,
        /// The new expiry in seconds since the Unix epoch; `None`: they do not expire any more.
        expire_at: Option<i64>,
        /// New connection info; `None` leaves it.
        info: Option<Bytes>,
    },
}

/// A server-side subscription, as the server API asks for it.
#[derive(Clone, Debug, Default)]
pub struct ServerSubscribe {
    /// The channel.
    pub channel: String,
    /// Seconds since the Unix epoch; `None`: it does not expire.
    pub expire_at: Option<i64>,
    /// What presence shows of it.
    pub info: Bytes,
    /// What the client is given.
    pub data: Bytes,
    /// Recover from this position.
    pub recover_since: Option<natter_core::Since>,
    /// Overrides of the namespace's options.
    pub overrides: SubscriptionOverrides,
}

/// Which connections of a user are meant.
#[derive(Clone, Debug)]
pub struct Target {
    /// The tenant.
    pub tenant: TenantId,
    /// The user; empty for anonymous ones.
    pub user: String,
    /// Only the connection with this id.
    pub client: Option<String>,
    /// Only the connection with this session id, or those whose token is of the login with this name.
    pub session: Option<String>,
    /// All but the connections with these ids.
    pub except: Vec<String>,
}

/// One connection's protocol state.
///
/// An `Err` ends the connection with that close; nothing further is called but [`Session::on_closed`].
pub trait Session {
    /// The connection is there; nothing has been read yet.
    fn on_opened(&mut self, _out: &mut SessionOut<'_>) -> Result<(), Close> {
        Ok(())
    }

    /// A whole message of the client.
    fn on_message(&mut self, message: &[u8], out: &mut SessionOut<'_>) -> Result<(), Close>;

    /// A whole message that the transport marks as bytes; sessions that make no difference need not care.
    fn on_binary(&mut self, message: &[u8], out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.on_message(message, out)
    }

    /// Somebody has used the session's [`SessionWaker`].
    fn on_wake(&mut self, _out: &mut SessionOut<'_>) -> Result<(), Close> {
        Ok(())
    }

    /// The peer has answered a ping of the transport, or sent such an answer unasked.
    fn on_pong(&mut self);

    /// Whether the session takes another message now. While it waits for something that later commands depend on it
    /// does not, and the connection is not read.
    fn is_ready(&self) -> bool;

    /// The answer to a request.
    fn on_reply(&mut self, token: u64, reply: Reply, out: &mut SessionOut<'_>) -> Result<(), Close>;

    /// The result of work.
    fn on_task(&mut self, token: u64, result: WorkResult, out: &mut SessionOut<'_>) -> Result<(), Close>;

    /// The tenant's backend wants something.
    fn on_control(&mut self, control: &Control, out: &mut SessionOut<'_>) -> Result<(), Close>;

    /// A channel can no longer vouch for the subscriber's position; the lane has detached it already.
    fn on_invalidated(&mut self, channel: ChannelHandle, out: &mut SessionOut<'_>) -> Result<(), Close>;

    /// When [`Session::on_deadline`] is due next, in milliseconds since the Unix epoch; checked after every call.
    fn deadline_ms(&self) -> i64;

    /// The deadline has passed, by at most a tick of the wheel.
    fn on_deadline(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close>;

    /// The connection is gone: give up its subscriptions. Bytes written now are dropped.
    fn on_closed(&mut self, out: &mut SessionOut<'_>);

    /// How the protocol says that the node itself ends the connection.
    fn node_close(&self, cause: NodeClose) -> Close;

    /// Whether a control is meant for this connection, given that the user is.
    fn is_target(&self, target: &Target) -> bool;
}

/// Makes the session of a connection that has just been accepted, on the connection's own lane.
pub type SessionFactory = Box<dyn FnOnce(i64) -> Box<dyn Session> + Send>;
