//! Several packets in one body of long polling.
//!
//! Revision 4 separates packets by 0x1e. Revision 3 counts: `<length>:<packet>` with the length in UTF-16 units, or, when
//! one of the packets is bytes and the client takes bytes, a binary form with the length in bytes, one byte per digit.
//! Reading is lazy: a body costs no memory beyond itself, however many packets it claims to hold.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;

use super::packet::{append_base64, base64_len};
use super::{Frame, Revision};

/// Between two packets of a body of revision 4.
const SEPARATOR: u8 = 0x1e;
/// Ends a length in the binary form of revision 3.
const LENGTH_END: u8 = 0xff;
/// Digits of a length at most: more than any body that is taken.
const LENGTH_DIGITS_MAX: usize = 10;

/// A body that is no sequence of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PayloadError {
    /// Nothing where a packet should be.
    #[error("the payload has an empty packet")]
    Empty,
    /// A length that is none, or that reaches beyond the body.
    #[error("the payload's length is malformed")]
    Length,
    /// Not UTF-8 where text should be.
    #[error("the payload is not UTF-8")]
    NotText,
    /// Bytes where the revision has none.
    #[error("the payload is binary")]
    Binary,
}

/// Reads a body, packet by packet. Ends after the first error.
#[derive(Debug)]
pub struct PayloadReader {
    revision: Revision,
    is_binary: bool,
    rest: Bytes,
    is_done: bool,
}

impl PayloadReader {
    /// Begins with a body; `is_binary` tells that it was sent as `application/octet-stream`.
    pub fn new(revision: Revision, is_binary: bool, body: Bytes) -> Self {
        Self { revision, is_binary, rest: body, is_done: false }
    }

    fn read(&mut self) -> Result<Frame, PayloadError> {
        match (self.revision, self.is_binary) {
            (Revision::V4, true) => Err(PayloadError::Binary),
            (Revision::V4, false) => self.read_separated(),
            (Revision::V3, false) => self.read_counted(),
            (Revision::V3, true) => self.read_binary(),
        }
    }

    fn read_separated(&mut self) -> Result<Frame, PayloadError> {
        let end = memchr::memchr(SEPARATOR, &self.rest);
        let packet = self.rest.split_to(end.unwrap_or(self.rest.len()));
        match end {
            // What follows a separator must be a packet.
            Some(_) if self.rest.len() == 1 => return Err(PayloadError::Empty),
            Some(_) => self.rest.advance(1),
            None => {}
        }
        text(packet)
    }

    fn read_counted(&mut self) -> Result<Frame, PayloadError> {
        let window = &self.rest[..self.rest.len().min(LENGTH_DIGITS_MAX + 1)];
        let colon = memchr::memchr(b':', window).ok_or(PayloadError::Length)?;
        let units = decimal(window[..colon].iter().map(|digit| digit.wrapping_sub(b'0')))?;
        self.rest.advance(colon + 1);
        let length = length_of_units(&self.rest, units)?;
        text(self.rest.split_to(length))
    }

    fn read_binary(&mut self) -> Result<Frame, PayloadError> {
        let window = &self.rest[1..self.rest.len().min(LENGTH_DIGITS_MAX + 2)];
        let end = memchr::memchr(LENGTH_END, window).ok_or(PayloadError::Length)?;
        let length = decimal(window[..end].iter().copied())?;
        let kind = self.rest[0];
        self.rest.advance(end + 2);
        if length == 0 || length > self.rest.len() {
            return Err(PayloadError::Length);
        }
        let packet = self.rest.split_to(length);
        match kind {
            0 => text(packet),
            1 => Ok(Frame::Binary(packet)),
            _ => Err(PayloadError::Length),
        }
    }
}

impl Iterator for PayloadReader {
    type Item = Result<Frame, PayloadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let frame = if self.rest.is_empty() { Err(PayloadError::Empty) } else { self.read() };
        self.is_done = frame.is_err() || self.rest.is_empty();
        Some(frame)
    }
}

fn text(packet: Bytes) -> Result<Frame, PayloadError> {
    if packet.is_empty() {
        return Err(PayloadError::Empty);
    }
    std::str::from_utf8(&packet).map_err(|_| PayloadError::NotText)?;
    Ok(Frame::Text(packet))
}

fn decimal(digits: impl ExactSizeIterator<Item = u8>) -> Result<usize, PayloadError> {
    if digits.len() == 0 || digits.len() > LENGTH_DIGITS_MAX {
        return Err(PayloadError::Length);
    }
    let mut number = 0_u64;
    for digit in digits {
        if digit > 9 {
            return Err(PayloadError::Length);
        }
        number = number * 10 + u64::from(digit);
    }
    usize::try_from(number).map_err(|_| PayloadError::Length)
}

/// How many bytes hold so many UTF-16 units.
fn length_of_units(body: &[u8], units: usize) -> Result<usize, PayloadError> {
    // Every unit is at least one byte, so a length beyond the body is found without looking at it.
    if units == 0 || units > body.len() {
        return Err(PayloadError::Length);
    }
    let mut left = units;
    let mut length = 0;
    // A character has three bytes for one unit at most; what is cut at the window's end is not looked at.
    for chunk in body[..body.len().min(units.saturating_mul(3))].utf8_chunks() {
        for character in chunk.valid().chars() {
            left = left.checked_sub(character.len_utf16()).ok_or(PayloadError::Length)?;
            length += character.len_utf8();
            if left == 0 {
                return Ok(length);
            }
        }
        if !chunk.invalid().is_empty() {
            return Err(PayloadError::NotText);
        }
    }
    Err(PayloadError::Length)
}

/// A body to answer a poll with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The body.
    pub body: Bytes,
    /// Whether it is to be sent as `application/octet-stream`.
    pub is_binary: bool,
}

/// Joins frames into one body. `has_binary` is false for clients that asked for base64.
pub fn encode(revision: Revision, has_binary: bool, frames: &[Frame]) -> Payload {
    let is_binary =
        revision == Revision::V3 && has_binary && frames.iter().any(|frame| matches!(frame, Frame::Binary(_)));
    let mut body = BytesMut::with_capacity(frames.iter().map(size_hint).sum());
    for (index, frame) in frames.iter().enumerate() {
        match (revision, is_binary) {
            (Revision::V3, true) => append_counted_bytes(frame, &mut body),
            (Revision::V3, false) => append_counted_text(frame, &mut body),
            (Revision::V4, _) => {
                if index > 0 {
                    body.put_u8(SEPARATOR);
                }
                append_text_form(revision, frame, &mut body);
            }
        }
    }
    Payload { body: body.freeze(), is_binary }
}

fn size_hint(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len() + 12,
        Frame::Binary(bytes) => base64_len(bytes.len()) + 16,
    }
}

fn append_text_form(revision: Revision, frame: &Frame, out: &mut BytesMut) {
    match (revision, frame) {
        (_, Frame::Text(text)) => out.put_slice(text),
        // Without the byte that says "message": base64 says it by a digit.
        (Revision::V3, Frame::Binary(bytes)) => append_base64(revision, bytes.get(1..).unwrap_or_default(), out),
        (Revision::V4, Frame::Binary(bytes)) => append_base64(revision, bytes, out),
    }
}

fn append_counted_text(frame: &Frame, out: &mut BytesMut) {
    let units = match frame {
        // What is no UTF-8 is counted as the bytes it is; nothing of ours is.
        Frame::Text(text) => std::str::from_utf8(text).map_or(text.len(), |text| text.encode_utf16().count()),
        Frame::Binary(bytes) => 2 + base64_len(bytes.len().saturating_sub(1)),
    };
    out.put_slice(units.to_string().as_bytes());
    out.put_u8(b':');
    append_text_form(Revision::V3, frame, out);
}

fn append_counted_bytes(frame: &Frame, out: &mut BytesMut) {
    let (kind, bytes) = match frame {
        Frame::Text(text) => (0, text),
        Frame::Binary(bytes) => (1, bytes),
    };
    out.put_u8(kind);
    out.extend(bytes.len().to_string().bytes().map(|digit| digit - b'0'));
    out.put_u8(LENGTH_END);
    out.put_slice(bytes);
}
