//! One client in one namespace, as handlers see it, and what its plugin does for it.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use natter_core::{ChannelKey, ChannelOptions};
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::oneshot;

use super::args::Args;
use super::attempt::{Handshake, Identity};
use super::broadcast::Broadcast;
use super::room::{ROOM_NAME_BYTES_MAX, Rooms, room_channel};
use super::sockets::{Scope, Sockets};
use crate::tenant::Tenant;

/// Why a socket is gone, in the words of Socket.IO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisconnectReason {
    /// The client left the namespace.
    ClientNamespace,
    /// The server put it out of the namespace.
    ServerNamespace,
    /// The connection ended.
    TransportClose,
    /// The connection broke.
    TransportError,
    /// The client did not answer.
    PingTimeout,
    /// The client sent what is no Engine.IO.
    ParseError,
    /// The server closed the connection, or the client sent what is no Socket.IO.
    ForcedClose,
    /// The client did what it must not at this moment.
    ForcedServerClose,
    /// The node goes down.
    ServerShuttingDown,
}

impl DisconnectReason {
    /// The reason as Socket.IO's own server puts it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientNamespace => "client namespace disconnect",
            Self::ServerNamespace => "server namespace disconnect",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::ServerShuttingDown => "server shutting down",
        }
    }
}

/// Something that could not be emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EmitError {
    /// The socket is gone.
    #[error("the socket is closed")]
    Closed,
    /// Too much waits for this connection.
    #[error("the connection's queue is full")]
    Full,
}

/// An acknowledgement that did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AckError {
    /// Not in time; a later one is ignored.
    #[error("the client did not acknowledge in time")]
    Timeout,
    /// The event was not emitted, or the socket has gone since.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

/// A room or a channel that could not be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FollowError {
    /// The socket is gone.
    #[error("the socket is closed")]
    Closed,
    /// The socket is in as many as it may be.
    #[error("too many rooms")]
    TooMany,
    /// A name that is empty or too long.
    #[error("a room's name has 1 to 160 bytes")]
    BadName,
    /// The app shows no channels.
    #[error("the app has no render")]
    NoRender,
    /// The channel's owner cannot take it now.
    #[error("refused: {0}")]
    Refused(natter_core::Refusal),
}

/// As what a socket gets a channel's publications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowForm {
    /// Events of the room of this name.
    Room(Arc<str>),
    /// Whatever the app's [`Render`](super::Render) makes of them.
    Rendered,
}

/// One thing that a plugin does for a socket. Commands of one connection are done in order.
pub enum Command {
    /// Send an event.
    Emit {
        /// Its name.
        event: Arc<str>,
        /// Its arguments.
        args: Args,
        /// Whether it is dropped when the client cannot be written to at once.
        is_volatile: bool,
        /// Who waits for the acknowledgement.
        ack: Option<oneshot::Sender<Args>>,
    },
    /// Attach the socket to a channel.
    Follow {
        /// The channel.
        channel: ChannelKey,
        /// Its options.
        options: Arc<ChannelOptions>,
        /// As what its publications come.
        form: FollowForm,
        /// Told how it went.
        done: oneshot::Sender<Result<(), FollowError>>,
    },
    /// Detach it.
    Unfollow {
        /// The channel.
        channel: ChannelKey,
        /// Told when nothing more will come; at once when it was not attached.
        done: oneshot::Sender<()>,
    },
    /// Put the client out of the namespace, and end its connection as well if that is asked.
    Disconnect {
        /// Whether the connection ends.
        ends_connection: bool,
    },
    /// End the connection as if the network had.
    DropTransport,
}

/// What a plugin that speaks a socket protocol implements for each connection.
pub trait Driver: Send + Sync {
    /// Takes a command for the socket of this connection in `namespace`.
    ///
    /// # Errors
    /// When the connection is gone, or when too much waits for it.
    fn command(&self, namespace: &Arc<str>, command: Command) -> Result<(), EmitError>;
}

/// What a plugin makes a socket of.
pub struct NewSocket {
    /// Its id: 20 characters that nobody can guess, or what the revision of the protocol says.
    pub id: Arc<str>,
    /// The name of its app.
    pub app: &'static str,
    /// The namespace.
    pub namespace: Arc<str>,
    /// Who it is.
    pub identity: Identity,
    /// How its connection began.
    pub handshake: Arc<Handshake>,
    /// The JSON object that the client sent along.
    pub auth: bytes::Bytes,
    /// Whether its connection has recovered what it missed.
    pub is_recovered: bool,
    /// Its connection.
    pub driver: Arc<dyn Driver>,
    /// All sockets of the node.
    pub sockets: Sockets,
}

/// One client in one namespace. Cheap to clone; outlives its connection without harm.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    new: NewSocket,
    rooms: Rooms,
    reason: OnceLock<DisconnectReason>,
}

impl Socket {
    /// Makes a socket; for plugins.
    pub fn new(new: NewSocket) -> Self {
        Self(Arc::new(Inner { new, rooms: Arc::new(Mutex::new(Vec::new())), reason: OnceLock::new() }))
    }

    /// Its id. Also the name of a room with this one member.
    pub fn id(&self) -> &Arc<str> {
        &self.0.new.id
    }

    /// The namespace.
    pub fn namespace(&self) -> &Arc<str> {
        &self.0.new.namespace
    }

    /// The tenant of its user.
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.0.new.identity.tenant
    }

    /// Its user; empty for an anonymous one.
    pub fn user(&self) -> &Arc<str> {
        &self.0.new.identity.user
    }

    /// How its connection began.
    pub fn handshake(&self) -> &Handshake {
        &self.0.new.handshake
    }

    /// The JSON object that the client sent along; `{}` when it sent none.
    pub fn auth(&self) -> &bytes::Bytes {
        &self.0.new.auth
    }

    /// Whether this socket goes on where an earlier connection was lost.
    pub fn is_recovered(&self) -> bool {
        self.0.new.is_recovered
    }

    /// What the app's authenticator has put in, if it is of this type.
    pub fn state<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.new.identity.state.downcast_ref()
    }

    /// Who this socket is; for plugins.
    pub fn identity(&self) -> &Identity {
        &self.0.new.identity
    }

    /// Why it is gone, once it is.
    pub fn disconnect_reason(&self) -> Option<DisconnectReason> {
        self.0.reason.get().copied()
    }

    /// Notes why it is gone; for plugins. The first reason counts.
    pub fn set_disconnect_reason(&self, reason: DisconnectReason) {
        let _ = self.0.reason.set(reason);
    }

    /// The rooms that it is in; after its end those that it was in.
    pub fn rooms(&self) -> &Rooms {
        &self.0.rooms
    }

    /// Its place: app and tenant.
    pub fn scope(&self) -> Scope {
        Scope { app: self.0.new.app, namespace: Arc::clone(&self.0.new.namespace), tenant: self.tenant().id().clone() }
    }

    /// Sends an event.
    ///
    /// # Errors
    /// When the socket is gone, or when too much waits for it.
    pub fn emit(&self, event: &str, args: &Args) -> Result<(), EmitError> {
        self.command(Command::Emit { event: event.into(), args: args.clone(), is_volatile: false, ack: None })
    }

    /// Sends an event that is dropped when the client cannot be written to at once.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit_volatile(&self, event: &str, args: &Args) -> Result<(), EmitError> {
        self.command(Command::Emit { event: event.into(), args: args.clone(), is_volatile: true, ack: None })
    }

    /// Sends an event and waits for its acknowledgement.
    ///
    /// # Errors
    /// When the client does not answer in time, and as [`Socket::emit`].
    pub async fn emit_with_ack(&self, event: &str, args: &Args, timeout: Duration) -> Result<Args, AckError> {
        let (ack, answer) = oneshot::channel();
        let args = args.clone();
        self.command(Command::Emit { event: event.into(), args, is_volatile: false, ack: Some(ack) })?;
        match tokio::time::timeout(timeout, answer).await {
            Ok(Ok(args)) => Ok(args),
            Ok(Err(_)) => Err(AckError::Emit(EmitError::Closed)),
            Err(_) => Err(AckError::Timeout),
        }
    }

    /// Enters a room; done when everything that is sent to the room from now on arrives.
    ///
    /// # Errors
    /// Why it could not.
    pub async fn join(&self, room: &str) -> Result<(), FollowError> {
        if room.is_empty() || room.len() > ROOM_NAME_BYTES_MAX {
            return Err(FollowError::BadName);
        }
        let options = Arc::clone(self.0.new.sockets.room_options());
        let channel = room_channel(self.tenant().id(), self.0.new.app, room);
        self.follow_as(channel, options, FollowForm::Room(room.into())).await
    }

    /// Leaves a room; done when nothing of it arrives any more.
    pub async fn leave(&self, room: &str) {
        self.unfollow(room_channel(self.tenant().id(), self.0.new.app, room)).await;
    }

    /// Gets a channel's publications from now on, as the app's [`Render`](super::Render) shows them. Whether the user
    /// may is the caller's business.
    ///
    /// # Errors
    /// Why it could not.
    pub async fn follow(&self, channel: ChannelKey, options: Arc<ChannelOptions>) -> Result<(), FollowError> {
        self.follow_as(channel, options, FollowForm::Rendered).await
    }

    /// Gets them no more.
    pub async fn unfollow(&self, channel: ChannelKey) {
        let (done, is_done) = oneshot::channel();
        if self.command(Command::Unfollow { channel, done }).is_ok() {
            // A socket that goes meanwhile leaves everything.
            let _ = is_done.await;
        }
    }

    async fn follow_as(
        &self,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
        form: FollowForm,
    ) -> Result<(), FollowError> {
        let (done, result) = oneshot::channel();
        self.command(Command::Follow { channel, options, form, done }).map_err(|_| FollowError::Closed)?;
        result.await.unwrap_or(Err(FollowError::Closed))
    }

    /// To a room, but not to this socket.
    pub fn to(&self, room: &str) -> Broadcast {
        self.room(room).except(self.id())
    }

    /// To a room, this socket included if it is a member.
    pub fn room(&self, room: &str) -> Broadcast {
        self.0.new.sockets.to(&self.scope(), room)
    }

    /// Puts the client out of the namespace. With `ends_connection` all of its namespaces go, and the connection.
    pub fn disconnect(&self, ends_connection: bool) {
        // A socket that is gone is as it should be.
        let _ = self.command(Command::Disconnect { ends_connection });
    }

    /// Ends the connection as if the network had: the client comes back by itself.
    pub fn drop_transport(&self) {
        let _ = self.command(Command::DropTransport);
    }

    fn command(&self, command: Command) -> Result<(), EmitError> {
        self.0.new.driver.command(&self.0.new.namespace, command)
    }
}
