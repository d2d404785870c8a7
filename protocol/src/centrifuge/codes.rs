//! Numbers by which the protocol names errors, ended subscriptions and closed connections.
//!
//! Clients act on the numbers alone; the texts are for people.

use std::borrow::Cow;

use super::schema;

/// Why a command failed, without allocation; becomes a [`schema::Error`] in a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientError {
    /// Stable number of the cause.
    pub code: u32,
    /// Text for people.
    pub message: &'static str,
    /// True when the same command may succeed later.
    pub temporary: bool,
}

impl ClientError {
    /// The server failed, or something it depends on.
    pub const INTERNAL: Self = Self::new(100, "internal server error").temporary();
    /// The backend does not know the user.
    pub const UNAUTHORIZED: Self = Self::new(101, "unauthorized");
    /// The namespace of the channel is not configured.
    pub const UNKNOWN_CHANNEL: Self = Self::new(102, "unknown channel");
    /// Not allowed, also for an invalid (not expired) subscription token.
    pub const PERMISSION_DENIED: Self = Self::new(103, "permission denied");
    /// No such method.
    pub const METHOD_NOT_FOUND: Self = Self::new(104, "method not found");
    /// The connection has that subscription.
    pub const ALREADY_SUBSCRIBED: Self = Self::new(105, "already subscribed");
    /// Too many channels on one connection.
    pub const LIMIT_EXCEEDED: Self = Self::new(106, "limit exceeded");
    /// The command is well-formed but makes no sense.
    pub const BAD_REQUEST: Self = Self::new(107, "bad request");
    /// The feature is off for the channel.
    pub const NOT_AVAILABLE: Self = Self::new(108, "not available");
    /// The token expired; the client fetches another.
    pub const TOKEN_EXPIRED: Self = Self::new(109, "token expired");
    /// The expiry that was given is in the past.
    pub const EXPIRED: Self = Self::new(110, "expired");
    /// A rate limit.
    pub const TOO_MANY_REQUESTS: Self = Self::new(111, "too many requests").temporary();
    /// The position is not of this stream or no longer kept.
    pub const UNRECOVERABLE_POSITION: Self = Self::new(112, "unrecoverable position");
    /// The pages of a map are being read already.
    pub const CONCURRENT_PAGINATION: Self = Self::new(113, "concurrent pagination").temporary();

    /// An error of any number; 400 to 1999 are for backends.
    pub const fn new(code: u32, message: &'static str) -> Self {
        Self { code, message, temporary: false }
    }

    const fn temporary(mut self) -> Self {
        self.temporary = true;
        self
    }

    /// How a connection ends whose connect failed, where there is no reply to carry the error.
    pub const fn disconnect(self) -> Disconnect {
        match self.code {
            109 | 110 => Disconnect::CONNECTION_EXPIRED,
            111 => Disconnect::TOO_MANY_REQUESTS,
            103 => Disconnect::PERMISSION_DENIED,
            _ => Disconnect::INTERNAL,
        }
    }
}

impl From<ClientError> for schema::Error {
    fn from(error: ClientError) -> Self {
        Self { code: error.code, message: error.message.to_owned(), temporary: error.temporary }
    }
}

/// Why the server ended a subscription; becomes a [`schema::Unsubscribe`] push. From 2500 on the client subscribes
/// again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsubscribed {
    /// Stable number of the cause.
    pub code: u32,
    /// Text for people.
    pub reason: &'static str,
}

impl Unsubscribed {
    /// The backend ended it; final.
    pub const SERVER: Self = Self { code: 2000, reason: "server unsubscribe" };
    /// The position was lost; the client recovers.
    pub const INSUFFICIENT_STATE: Self = Self { code: 2500, reason: "insufficient state" };
    /// The subscription was not refreshed in time.
    pub const EXPIRED: Self = Self { code: 2501, reason: "subscription expired" };
    /// The client has to drop its subscription token and what it cached.
    pub const STATE_INVALIDATED: Self = Self { code: 2502, reason: "state invalidated" };

    /// True when the client subscribes again by itself.
    pub const fn resubscribes(self) -> bool {
        self.code >= 2500
    }
}

impl From<Unsubscribed> for schema::Unsubscribe {
    fn from(unsubscribed: Unsubscribed) -> Self {
        Self { code: unsubscribed.code, reason: unsubscribed.reason.to_owned() }
    }
}

/// Why the server closes a connection: the code of the close frame, or of a [`schema::Disconnect`] push on transports
/// without close frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// Stable number of the cause; its range tells the client whether to come back.
    pub code: u16,
    /// Text for people; at most 32 ASCII bytes by convention.
    pub reason: Cow<'static, str>,
}

impl Disconnect {
    /// Plain end of a connection.
    pub const CONNECTION_CLOSED: Self = Self::constant(3000, "connection closed");
    /// The node shuts down.
    pub const SHUTDOWN: Self = Self::constant(3001, "shutdown");
    /// The server failed.
    pub const INTERNAL: Self = Self::constant(3004, "internal server error");
    /// The connection was not refreshed in time.
    pub const CONNECTION_EXPIRED: Self = Self::constant(3005, "connection expired");
    /// A server-side subscription was not refreshed in time.
    pub const SUBSCRIPTION_EXPIRED: Self = Self::constant(3006, "subscription expired");
    /// The client reads too slowly.
    pub const SLOW: Self = Self::constant(3008, "slow");
    /// Writing to the client failed.
    pub const WRITE_ERROR: Self = Self::constant(3009, "write error");
    /// The position of a server-side subscription was lost.
    pub const INSUFFICIENT_STATE: Self = Self::constant(3010, "insufficient state");
    /// The server wants the client to reconnect.
    pub const FORCE_RECONNECT: Self = Self::constant(3011, "force reconnect");
    /// A ping was not answered in time.
    pub const NO_PONG: Self = Self::constant(3012, "no pong");
    /// A rate limit or overload.
    pub const TOO_MANY_REQUESTS: Self = Self::constant(3013, "too many requests");
    /// What the client cached is void.
    pub const STATE_INVALIDATED: Self = Self::constant(3014, "state invalidated");
    /// The connection token is invalid.
    pub const INVALID_TOKEN: Self = Self::constant(3500, "invalid token");
    /// The client broke the protocol.
    pub const BAD_REQUEST: Self = Self::constant(3501, "bad request");
    /// No connect command in time.
    pub const STALE: Self = Self::constant(3502, "stale");
    /// The backend closed the connection.
    pub const FORCE_DISCONNECT: Self = Self::constant(3503, "force disconnect");
    /// Too many connections.
    pub const CONNECTION_LIMIT: Self = Self::constant(3504, "connection limit");
    /// Too many server-side subscriptions.
    pub const CHANNEL_LIMIT: Self = Self::constant(3505, "channel limit");
    /// The body of a publication cannot be carried in the encoding of the connection.
    pub const INAPPROPRIATE_PROTOCOL: Self = Self::constant(3506, "inappropriate protocol");
    /// The client may not connect.
    pub const PERMISSION_DENIED: Self = Self::constant(3507, "permission denied");
    /// The client used what the server does not offer.
    pub const NOT_AVAILABLE: Self = Self::constant(3508, "not available");
    /// Too many failed commands.
    pub const TOO_MANY_ERRORS: Self = Self::constant(3509, "too many errors");

    const fn constant(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// A disconnect of any number; 4000 to 4499 (client comes back) and 4500 to 4999 (it does not) are for
    /// applications.
    pub fn new(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// True when the client connects again by itself.
    pub const fn reconnects(&self) -> bool {
        !matches!(self.code, 1009 | 3500..=3999 | 4500..=4999)
    }
}

impl From<Disconnect> for schema::Disconnect {
    fn from(disconnect: Disconnect) -> Self {
        Self { code: disconnect.code.into(), reason: disconnect.reason.into_owned(), reconnect: false }
    }
}
