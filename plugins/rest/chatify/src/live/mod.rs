//! What a connection over Socket.IO sees and may do.
//!
//! A socket follows its user's channels; a message is shown to all that follow as [`render`] has it, encoded once. What
//! differs between the two of a conversation (`conversation` has the unread count of its receiver) or is not for both
//! (`typing`) is emitted to each of them in [`work`].
//!
//! A socket lives as long as its token, and [`GRACE_MS`] longer; `auth {token}` brings another one.

mod app;
mod document;
mod events;
mod render;
mod sockets;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use document::document;
pub(crate) use sockets::{LiveSockets, SocketLogin};

/// How long a socket has to show another token when the one that it has runs out, in milliseconds.
pub(crate) const GRACE_MS: i64 = 60_000;
