//! WebSocket frames of a server, RFC 6455 section 5.2: whole, final and unmasked.
//!
//! A frame for many subscribers is built once, header and payload in one buffer, and then shared.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Longest header of an unmasked frame, in bytes.
pub const HEADER_BYTES_MAX: usize = 10;
/// Longest reason in a close frame, in bytes: a control frame's 125 less the code.
pub const CLOSE_REASON_BYTES_MAX: usize = 123;

/// First byte: this is the last (here: only) frame of its message.
const FINAL: u8 = 0x80;
/// Longest payload whose length stands in the second byte.
const SHORT_MAX: usize = 125;
/// Second byte when 16 bits of length follow.
const LEN_16: u8 = 126;
/// Second byte when 64 bits of length follow.
const LEN_64: u8 = 127;

/// Kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// UTF-8 text.
    Text = 0x1,
    /// Bytes.
    Binary = 0x2,
    /// End of the connection.
    Close = 0x8,
    /// Asks for a pong; at most 125 bytes.
    Ping = 0x9,
    /// Answers a ping; at most 125 bytes.
    Pong = 0xA,
}

/// Appends the header of a frame whose payload of `payload_len` bytes follows.
pub fn append_header(opcode: Opcode, payload_len: usize, out: &mut BytesMut) {
    let (header, len) = header(opcode, payload_len);
    out.put_slice(&header[..len]);
}

/// A frame around a copy of the payload. A payload of [`Opcode::Ping`] or [`Opcode::Pong`] must not be longer than 125
/// bytes.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(HEADER_BYTES_MAX + payload.len());
    append_header(opcode, payload.len(), &mut out);
    out.put_slice(payload);
    out.freeze()
}

/// A close frame; the reason is cut to [`CLOSE_REASON_BYTES_MAX`] at the end of a character.
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let reason = &reason[..reason.floor_char_boundary(CLOSE_REASON_BYTES_MAX)];
    let mut builder = FrameBuilder::with_capacity(2 + reason.len());
    builder.payload().put_u16(code);
    builder.payload().put_slice(reason.as_bytes());
    builder.finish(Opcode::Close)
}

/// Builds one frame with its payload in place: room for the longest header is kept in front, and the part of it that the
/// header does not need is cut off at the end.
#[derive(Debug)]
pub struct FrameBuilder {
    buffer: BytesMut,
}

impl FrameBuilder {
    /// A builder with room for a payload of that many bytes; it grows beyond.
    pub fn with_capacity(payload_bytes: usize) -> Self {
        let mut buffer = BytesMut::with_capacity(HEADER_BYTES_MAX + payload_bytes);
        buffer.put_bytes(0, HEADER_BYTES_MAX);
        Self { buffer }
    }

    /// Where to append the payload. The buffer is not empty at first, as it begins with the room for the header; use the
    /// functions that write a message without a separator before it.
    pub fn payload(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Bytes of payload so far.
    pub fn payload_len(&self) -> usize {
        self.buffer.len().saturating_sub(HEADER_BYTES_MAX)
    }

    /// Writes the header in front of the payload.
    pub fn finish(mut self, opcode: Opcode) -> Bytes {
        let payload_len = self.payload_len();
        self.buffer.resize(HEADER_BYTES_MAX + payload_len, 0);
        let (header, len) = header(opcode, payload_len);
        let start = HEADER_BYTES_MAX - len;
        self.buffer[start..HEADER_BYTES_MAX].copy_from_slice(&header[..len]);
        self.buffer.advance(start);
        self.buffer.freeze()
    }
}

/// The header and how many bytes of the array it takes.
fn header(opcode: Opcode, payload_len: usize) -> ([u8; HEADER_BYTES_MAX], usize) {
    let mut header = [0; HEADER_BYTES_MAX];
    header[0] = FINAL | opcode as u8;
    match u16::try_from(payload_len) {
        Ok(len) if payload_len <= SHORT_MAX => {
            header[1] = len.to_be_bytes()[1];
            (header, 2)
        }
        Ok(len) => {
            header[1] = LEN_16;
            header[2..4].copy_from_slice(&len.to_be_bytes());
            (header, 4)
        }
        Err(_) => {
            header[1] = LEN_64;
            header[2..].copy_from_slice(&(payload_len as u64).to_be_bytes());
            (header, 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_match_the_examples_of_the_standard() {
        assert_eq!(&frame(Opcode::Text, b"Hello")[..], b"\x81\x05Hello");
        assert_eq!(&frame(Opcode::Pong, b"")[..], [0x8a, 0]);
        assert_eq!(&frame(Opcode::Binary, &[7; 256])[..4], [0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(&frame(Opcode::Binary, &[7; 65536])[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn length_forms_change_at_their_bounds() {
        let header_len = |len| frame(Opcode::Binary, &vec![0; len]).len() - len;
        assert_eq!([125, 126, 65535, 65536].map(header_len), [2, 4, 4, 10]);
    }

    #[test]
    fn close_reason_is_cut_at_a_character() {
        assert_eq!(&close_frame(3000, "bye")[..], b"\x88\x05\x0b\xb8bye");
        let long = close_frame(3000, &"é".repeat(100));
        assert_eq!(long.len(), 2 + 2 + 122);
        assert_eq!(std::str::from_utf8(&long[4..]), Ok("é".repeat(61).as_str()));
    }

    proptest! {
        #[test]
        fn building_in_place_equals_framing_a_copy(payload in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let mut builder = FrameBuilder::with_capacity(16);
            builder.payload().put_slice(&payload);
            prop_assert_eq!(builder.payload_len(), payload.len());
            prop_assert_eq!(builder.finish(Opcode::Text), frame(Opcode::Text, &payload));
        }
    }
}
