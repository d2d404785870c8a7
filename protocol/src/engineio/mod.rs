//! Engine.IO, revisions 3 and 4: packets, polling payloads, the handshake.
//!
//! Everywhere here a packet is held as the frame that it would be on a WebSocket ([`Frame`]), which is what both
//! transports have in common: a connection's queue holds such frames, and polling translates them.
//!
//! * [`packet`]: what one frame says.
//! * [`payload`]: several frames in one body of long polling.
//! * [`jsonp`]: such a body inside a script, and inside a form.
//! * [`handshake`]: session ids and the open packet.

pub mod handshake;
pub mod jsonp;
pub mod packet;
pub mod payload;

#[cfg(test)]
mod tests;

use bytes::Bytes;

/// The revisions that are spoken. Socket.IO 4 rides on the former, Socket.IO 5 on the latter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Revision {
    /// Clients ping, payloads are counted in characters: socket.io-client 1 and 2.
    V3,
    /// Servers ping, payloads are separated by 0x1e: socket.io-client 3 and 4.
    V4,
}

impl Revision {
    /// The revision that the query parameter `EIO` names.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "3" => Some(Self::V3),
            "4" => Some(Self::V4),
            _ => None,
        }
    }
}

/// A packet as a WebSocket carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// UTF-8; the first character is the packet's type, or `b` for bytes in base64.
    Text(Bytes),
    /// A message's bytes, in revision 3 behind a byte 4.
    Binary(Bytes),
}
