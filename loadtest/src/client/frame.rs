//! WebSocket frames as a client sees them (RFC 6455, section 5.2): unmasked ones in, masked ones out, no extensions.
//!
//! tungstenite makes the handshake; frames are read here because the hot loop reads many small messages out of one shared
//! buffer, where an owned message per delivery would cost more than everything else it does.

use thiserror::Error;

/// The largest payload that is accepted, in bytes; a server that joins replies stays far below it.
pub const PAYLOAD_MAX: usize = 1 << 20;

/// The bytes of the longest header a client can receive.
const HEADER_MAX: usize = 10;

/// The buffer a reader needs for the largest frame, in bytes.
pub const BUFFER_MAX: usize = PAYLOAD_MAX + HEADER_MAX;

/// Bytes that are no frame a server may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A reserved bit is set although no extension was negotiated.
    #[error("reserved bits in a WebSocket frame")]
    Reserved,
    /// A server frame is masked.
    #[error("masked WebSocket frame from the server")]
    Masked,
    /// The payload exceeds [`PAYLOAD_MAX`].
    #[error("WebSocket frame of {0} bytes")]
    TooLarge(u64),
    /// The opcode is not one of RFC 6455.
    #[error("WebSocket opcode {0}")]
    Opcode(u8),
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// The rest of a fragmented message.
    Continuation = 0,
    /// A text message.
    Text = 1,
    /// A binary message.
    Binary = 2,
    /// The peer's last frame, with a code and a reason.
    Close = 8,
    /// Asks for a pong with the same payload.
    Ping = 9,
    /// Answers a ping.
    Pong = 10,
}

impl Opcode {
    fn read(value: u8) -> Result<Self, FrameError> {
        Ok(match value {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => return Err(FrameError::Opcode(other)),
        })
    }
}

/// One frame in a read buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Whether it ends its message.
    pub last: bool,
    /// What it is.
    pub opcode: Opcode,
    /// Its payload.
    pub payload: &'a [u8],
    /// Header and payload together, in bytes.
    pub size: usize,
}

/// Reads the frame at the start of `bytes`; `None` while it is not there as a whole.
///
/// # Errors
/// When the header breaks the standard or claims more than [`PAYLOAD_MAX`].
#[inline]
pub fn read(bytes: &[u8]) -> Result<Option<Frame<'_>>, FrameError> {
    let [first, second, ..] = *bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err(FrameError::Reserved);
    }
    if second & 0x80 != 0 {
        return Err(FrameError::Masked);
    }
    let opcode = Opcode::read(first & 0x0f)?;
    let Some((header, length)) = read_length(bytes, second) else { return Ok(None) };
    if length > PAYLOAD_MAX as u64 {
        return Err(FrameError::TooLarge(length));
    }
    let size = header + length as usize;
    let Some(payload) = bytes.get(header..size) else { return Ok(None) };
    Ok(Some(Frame { last: first & 0x80 != 0, opcode, payload, size }))
}

/// The header's size and the payload's length.
#[inline]
fn read_length(bytes: &[u8], second: u8) -> Option<(usize, u64)> {
    match second {
        126 => Some((4, u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)))),
        127 => Some((10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?))),
        short => Some((2, u64::from(short))),
    }
}

/// Appends one masked frame to `out`.
pub fn write(out: &mut Vec<u8>, opcode: Opcode, mask: [u8; 4], payload: &[u8]) {
    out.push(0x80 | opcode as u8);
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    let start = out.len();
    out.extend_from_slice(payload);
    for (index, byte) in out[start..].iter_mut().enumerate() {
        *byte ^= mask[index & 3];
    }
}

/// Appends one unmasked frame as a server writes it, for the sender of the limit measurement and for tests.
pub fn write_unmasked(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let start = out.len();
    write(out, opcode, [0; 4], payload);
    out[start + 1] &= 0x7f;
    let header = out.len() - start - payload.len();
    out.drain(start + header - 4..start + header);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_length_form_and_waits_for_the_rest() {
        for length in [0, 1, 125, 126, 1000, 65535, 65536, PAYLOAD_MAX] {
            let payload = vec![b'p'; length];
            let mut bytes = Vec::new();
            write_unmasked(&mut bytes, Opcode::Text, &payload);
            let size = bytes.len();
            assert_eq!(read(&bytes[..size - 1]), Ok(None));
            bytes.extend_from_slice(b"next");
            let frame = read(&bytes).unwrap().unwrap();
            assert_eq!((frame.last, frame.opcode, frame.size), (true, Opcode::Text, size));
            assert_eq!(frame.payload, payload);
        }
    }

    #[test]
    fn refuses_what_a_server_may_not_send() {
        assert_eq!(read(&[0xc1, 0]), Err(FrameError::Reserved));
        assert_eq!(read(&[0x81, 0x80]), Err(FrameError::Masked));
        assert_eq!(read(&[0x83, 0]), Err(FrameError::Opcode(3)));
        let huge = [0x82, 127, 0x7f, 0, 0, 0, 0, 0, 0, 0];
        assert!(matches!(read(&huge), Err(FrameError::TooLarge(_))));
    }

    #[test]
    fn masks_what_it_sends() {
        let mut bytes = Vec::new();
        write(&mut bytes, Opcode::Text, [1, 2, 3, 4], b"{}");
        assert_eq!(bytes, [0x81, 0x82, 1, 2, 3, 4, b'{' ^ 1, b'}' ^ 2]);
    }
}
