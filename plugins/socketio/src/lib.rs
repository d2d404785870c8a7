//! Socket.IO on natter: Engine.IO 3 and 4 over polling and WebSocket, Socket.IO 4 and 5 above them.
//!
//! `http` takes requests, `link` is what they share with a session's lane, `transport` moves frames, `session` is one
//! connection's protocol state, `outbox` what handlers want done for it, `codec` what many sockets get. Who connects and
//! what happens on which event is said by the apps of [`natter_node::realtime`].

mod codec;
mod endpoint;
mod http;
mod link;
mod options;
mod outbox;
mod plugin;
mod replay;
mod session;
#[cfg(test)]
mod tests;
mod transport;

pub use options::{Layer, Options};
pub use plugin::SocketIoPlugin;
