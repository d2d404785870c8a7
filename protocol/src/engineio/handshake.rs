//! The beginning of a session: its id and the open packet.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Random bytes of an id.
pub const ID_BYTES: usize = 15;
/// Characters of an id.
pub const ID_CHARS: usize = 20;

/// A session's id: 20 characters of `[A-Za-z0-9_-]`. All of its bytes must be random, since with polling the id is all
/// that a client has to show.
pub fn session_id(random: [u8; ID_BYTES]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// What a server tells a client at the start.
#[derive(Clone, Copy, Debug)]
pub struct Open<'a> {
    /// The session's id; must need no escaping in JSON.
    pub sid: &'a str,
    /// Whether the client may go over to a WebSocket.
    pub has_upgrade: bool,
    /// Milliseconds between pings.
    pub ping_interval_ms: u64,
    /// Milliseconds that an answer may take.
    pub ping_timeout_ms: u64,
    /// Bytes of a body or a message that the server takes at most.
    pub payload_bytes_max: usize,
}

impl Open<'_> {
    /// The open packet as text.
    pub fn packet(&self) -> String {
        let upgrades = if self.has_upgrade { "\"websocket\"" } else { "" };
        let mut out = String::with_capacity(128);
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "0{{\"sid\":\"{}\",\"upgrades\":[{upgrades}],\"pingInterval\":{},\"pingTimeout\":{},\"maxPayload\":{}}}",
            self.sid, self.ping_interval_ms, self.ping_timeout_ms, self.payload_bytes_max
        );
        out
    }
}
