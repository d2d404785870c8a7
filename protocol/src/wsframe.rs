//! WebSocket frames of a server, RFC 6455 section 5.2: whole, final and unmasked.
//!
//! A frame for many subscribers is built once, header and payload in one buffer, and then shared.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Longest header of an unmasked frame, in bytes.
pub const HEADER_BYTES_MAX: usize = 10;

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

/// Takes the first frame off complete frames that [`append_header`] has begun; `None` at their end.
pub fn take_frame(frames: &mut Bytes) -> Option<(u8, Bytes)> {
    let (&opcode, &short) = (frames.first()?, frames.get(1)?);
    let (header_len, payload_len) = match short {
        LEN_16 => (4, usize::from(u16::from_be_bytes(frames.get(2..4)?.try_into().ok()?))),
        LEN_64 => (10, usize::try_from(u64::from_be_bytes(frames.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, usize::from(short)),
    };
    if frames.len() - header_len < payload_len {
        return None;
    }
    frames.advance(header_len);
    Some((opcode & !FINAL, frames.split_to(payload_len)))
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

    #[test]
    fn headers_match_the_examples_of_the_standard() {
        assert_eq!(&frame(Opcode::Text, b"Hello")[..], b"\x81\x05Hello");
        assert_eq!(&frame(Opcode::Pong, b"")[..], [0x8a, 0]);
        assert_eq!(&frame(Opcode::Binary, &[7; 256])[..4], [0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(&frame(Opcode::Binary, &[7; 65536])[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn frames_are_taken_off_one_by_one() {
        for len in [0, 1, 125, 126, 65535, 65536] {
            let mut frames = BytesMut::new();
            frames.put_slice(&frame(Opcode::Text, &vec![b'a'; len]));
            frames.put_slice(&frame(Opcode::Binary, b"next"));
            let mut frames = frames.freeze();
            assert_eq!(take_frame(&mut frames), Some((Opcode::Text as u8, vec![b'a'; len].into())));
            assert_eq!(take_frame(&mut frames), Some((Opcode::Binary as u8, Bytes::from_static(b"next"))));
            assert_eq!(take_frame(&mut frames), None);
        }
    }

    #[test]
    fn length_forms_change_at_their_bounds() {
        let header_len = |len| frame(Opcode::Binary, &vec![0; len]).len() - len;
        assert_eq!([125, 126, 65535, 65536].map(header_len), [2, 4, 4, 10]);
    }
}
