//! Sockets, as those see them who have something to say on them.
//!
//! A dialect describes itself as an [`App`]: the namespace that its clients connect to, who is let in
//! ([`Authenticator`]), what it does on which event, and how it shows the events of the channels that its sockets follow
//! ([`Render`]). It registers the app with [`Sockets`] and from then on deals with [`Socket`]s: it emits to them, with or
//! without an acknowledgement, puts them into rooms, and sends to rooms. Whatever plugin speaks the protocol on the wire
//! implements [`Driver`]; a dialect never sees it.
//!
//! Several apps may share a namespace: the first whose authenticator knows the client has it.
//!
//! Rooms are channels of the broker without history, in a reserved part of its names, so that fan-out, encoding once, and
//! the bounds of queues are the same as everywhere. A room belongs to one app and one tenant.
//!
//! Events of one connection are handled in order, one at a time: the next one waits until the handler's future is done.
//! A handler that is done at once costs no task and no hand-over. While it runs, acknowledgements still arrive.

mod app;
mod args;
mod attempt;
mod broadcast;
mod once;
mod room;
mod socket;
mod sockets;
#[cfg(test)]
mod tests;
mod tokens;

pub use app::{App, Connecting, Event, Handling, Render};
pub use args::{Args, ArgsError, FromArgs};
pub use attempt::{Attempt, Authenticator, Handshake, Identity, Refused, Verdict, Verdicts};
pub use broadcast::Broadcast;
pub use once::Once;
pub use room::{RoomEvent, RoomFilter, Rooms, room_channel};
pub use socket::{AckError, Command, DisconnectReason, Driver, EmitError, FollowError, FollowForm, NewSocket, Socket};
pub use sockets::{Scope, Sockets};
pub use tokens::UserTokens;
