//! One packet: what a frame says (sections "packet types" and "binary" of the protocol).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use thiserror::Error;

use super::Revision;
use crate::wsframe::{self, Opcode};

/// In revision 3 the first byte of a binary frame: the type of a message.
pub(super) const BINARY_MESSAGE: u8 = 4;

/// A packet, borrowed from its frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The handshake, from the server.
    Open(&'a str),
    /// The end of the session.
    Close,
    /// From whoever measures the other; the answer repeats the text.
    Ping(&'a str),
    /// The answer.
    Pong(&'a str),
    /// Text of the layer above.
    Message(&'a str),
    /// Bytes of the layer above.
    Binary(Cow<'a, [u8]>),
    /// The client's last word of an upgrade.
    Upgrade,
    /// Ends a poll that has nothing to say.
    Noop,
}

/// A frame that is no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PacketError {
    /// Not even a type.
    #[error("the packet is empty")]
    Empty,
    /// A type that does not exist, or not in this kind of frame.
    #[error("the packet's type is unknown")]
    UnknownType,
    /// Text that is not UTF-8.
    #[error("the packet is not UTF-8")]
    NotText,
    /// Base64 that is none.
    #[error("the packet's base64 is malformed")]
    NotBase64,
}

impl<'a> Packet<'a> {
    /// Reads a text frame. Memory is taken for base64 only, less than the input.
    ///
    /// # Errors
    /// A frame that is no packet.
    pub fn from_text(revision: Revision, frame: &'a [u8]) -> Result<Self, PacketError> {
        let text = std::str::from_utf8(frame).map_err(|_| PacketError::NotText)?;
        let kind = text.chars().next().ok_or(PacketError::Empty)?;
        let rest = &text[kind.len_utf8()..];
        match kind {
            '0' => Ok(Self::Open(rest)),
            '1' => Ok(Self::Close),
            '2' => Ok(Self::Ping(rest)),
            '3' => Ok(Self::Pong(rest)),
            '4' => Ok(Self::Message(rest)),
            '5' => Ok(Self::Upgrade),
            '6' => Ok(Self::Noop),
            'b' => base64_message(revision, rest),
            _ => Err(PacketError::UnknownType),
        }
    }

    /// Reads a binary frame.
    ///
    /// # Errors
    /// In revision 3 a frame whose first byte is not that of a message.
    pub fn from_binary(revision: Revision, frame: &'a [u8]) -> Result<Self, PacketError> {
        match (revision, frame) {
            (Revision::V4, bytes) => Ok(Self::Binary(Cow::Borrowed(bytes))),
            (Revision::V3, [BINARY_MESSAGE, bytes @ ..]) => Ok(Self::Binary(Cow::Borrowed(bytes))),
            (Revision::V3, []) => Err(PacketError::Empty),
            (Revision::V3, _) => Err(PacketError::UnknownType),
        }
    }
}

fn base64_message<'a>(revision: Revision, text: &str) -> Result<Packet<'a>, PacketError> {
    let data = match revision {
        Revision::V3 => text.strip_prefix('4').ok_or(PacketError::UnknownType)?,
        Revision::V4 => text,
    };
    let bytes = STANDARD.decode(data).map_err(|_| PacketError::NotBase64)?;
    Ok(Packet::Binary(Cow::Owned(bytes)))
}

/// Appends the base64 form of a message's bytes: text that begins with `b`.
pub fn append_base64(revision: Revision, bytes: &[u8], out: &mut BytesMut) {
    out.put_slice(if revision == Revision::V3 { b"b4" } else { b"b" });
    // Base64 is ASCII and sized beforehand: one growth, no copy.
    let start = out.len();
    out.resize(start + base64_len(bytes.len()), 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or_default();
    out.truncate(start + written);
}

/// Length of the base64 text of so many bytes.
pub(super) fn base64_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Appends a complete WebSocket frame with a text message of the layer above.
pub fn append_message_frame(text: &[u8], out: &mut BytesMut) {
    wsframe::append_header(Opcode::Text, text.len() + 1, out);
    out.put_u8(b'4');
    out.put_slice(text);
}

/// Appends a complete WebSocket frame with a binary message of the layer above; `has_binary` is false for clients that
/// asked for base64.
pub fn append_binary_frame(revision: Revision, has_binary: bool, bytes: &[u8], out: &mut BytesMut) {
    match (has_binary, revision) {
        (true, Revision::V4) => {
            wsframe::append_header(Opcode::Binary, bytes.len(), out);
            out.put_slice(bytes);
        }
        (true, Revision::V3) => {
            wsframe::append_header(Opcode::Binary, bytes.len() + 1, out);
            out.put_u8(BINARY_MESSAGE);
            out.put_slice(bytes);
        }
        (false, _) => {
            let prefix_len = if revision == Revision::V3 { 2 } else { 1 };
            wsframe::append_header(Opcode::Text, prefix_len + base64_len(bytes.len()), out);
            append_base64(revision, bytes, out);
        }
    }
}

/// A complete WebSocket frame with a packet that is text, such as `2` or `3probe`.
pub fn text_frame(packet: &str) -> Bytes {
    wsframe::frame(Opcode::Text, packet.as_bytes())
}
