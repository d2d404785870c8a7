//! Frames: messages to bytes and back, in either encoding.
//!
//! A JSON frame is one or more objects joined by a single newline, with at most one more at its end. A Protobuf frame is
//! a concatenation of messages, each behind its length as a varint. Both are decoded lazily and in order, so that a frame
//! costs no more memory than the message at hand.

#[cfg(test)]
mod strategies;
#[cfg(test)]
mod tests;

use std::iter::FusedIterator;
use std::marker::PhantomData;

use bytes::{BufMut, BytesMut};
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::schema::{Command, Reply};

/// A ping of the server: the empty reply in JSON.
pub const PING_JSON: &[u8] = b"{}";
/// A ping of the server: the empty reply in Protobuf, with its length.
pub const PING_PROTOBUF: &[u8] = &[0];

/// Encoding of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Newline-delimited JSON.
    Json,
    /// Length-delimited Protobuf.
    Protobuf,
}

impl Encoding {
    /// The ping of the server, and the client's answer to it, as a whole frame.
    pub const fn ping(self) -> &'static [u8] {
        match self {
            Self::Json => PING_JSON,
            Self::Protobuf => PING_PROTOBUF,
        }
    }
}

/// Why a frame could not be read. The connection is closed with 3501 for any of them.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The frame holds no message.
    #[error("frame holds no message")]
    Empty,
    /// A line is not a JSON object of the schema.
    #[error("malformed JSON message")]
    Json(#[source] serde_json::Error),
    /// A line is not a JSON object.
    #[error("message is not a JSON object")]
    NotAnObject,
    /// A message is not Protobuf of the schema.
    #[error("malformed Protobuf message")]
    Protobuf(#[from] prost::DecodeError),
    /// The last message is longer than the rest of the frame.
    #[error("frame ends inside a message")]
    Truncated,
}

/// Why a message could not be written.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// A body is not JSON (or not text, where it has to be a JSON string) and so cannot go to a JSON connection, which is
    /// closed with 3506.
    #[error("body cannot be carried in JSON")]
    NotJson,
    /// The message is larger than memory can hold.
    #[error("message is too large")]
    TooLarge(#[from] prost::EncodeError),
}

/// Messages of one frame, in order; ends after the first error.
#[derive(Debug)]
pub struct Messages<'a, M> {
    encoding: Encoding,
    rest: Option<&'a [u8]>,
    message: PhantomData<fn() -> M>,
}

/// Reads the commands of a frame from a client. A frame without commands yields [`DecodeError::Empty`].
pub fn decode_commands(encoding: Encoding, frame: &[u8]) -> Messages<'_, Command> {
    Messages::new(encoding, frame)
}

/// Reads the replies of a frame from a server, as [`decode_commands`] does.
pub fn decode_replies(encoding: Encoding, frame: &[u8]) -> Messages<'_, Reply> {
    Messages::new(encoding, frame)
}

/// Writes a reply behind what `out` holds, with no separator before it.
///
/// # Errors
/// [`EncodeError::NotJson`] on a JSON connection when a body is not JSON; `out` is then unchanged.
pub fn encode_reply(encoding: Encoding, reply: &Reply, out: &mut BytesMut) -> Result<(), EncodeError> {
    encode(encoding, reply, out)
}

/// Appends a reply to the frame in `out`; in JSON with a newline before it unless `out` is empty.
///
/// # Errors
/// As [`encode_reply`].
pub fn append_reply(encoding: Encoding, reply: &Reply, out: &mut BytesMut) -> Result<(), EncodeError> {
    append(encoding, out, |out| encode(encoding, reply, out))
}

/// Writes a command as [`encode_reply`] does.
///
/// # Errors
/// As [`encode_reply`].
pub fn encode_command(encoding: Encoding, command: &Command, out: &mut BytesMut) -> Result<(), EncodeError> {
    encode(encoding, command, out)
}

/// Appends a command to the frame in `out`, as [`append_reply`] does.
///
/// # Errors
/// As [`encode_reply`].
pub fn append_command(encoding: Encoding, command: &Command, out: &mut BytesMut) -> Result<(), EncodeError> {
    append(encoding, out, |out| encode(encoding, command, out))
}

/// Appends a message that was encoded before to the frame in `out`.
pub fn append_encoded(encoding: Encoding, message: &[u8], out: &mut BytesMut) {
    separate(encoding, out);
    out.extend_from_slice(message);
}

/// Runs `write` behind a separator, and leaves `out` as it was when that fails.
pub(crate) fn append(
    encoding: Encoding,
    out: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    separate(encoding, out);
    write(out).inspect_err(|_| out.truncate(start))
}

fn encode<M: Message + Serialize>(encoding: Encoding, message: &M, out: &mut BytesMut) -> Result<(), EncodeError> {
    match encoding {
        Encoding::Json => write_json(message, out),
        Encoding::Protobuf => Ok(message.encode_length_delimited(out)?),
    }
}

/// Writes a value as JSON, or nothing when a body in it is not JSON.
pub(crate) fn write_json<T: Serialize + ?Sized>(value: &T, out: &mut BytesMut) -> Result<(), EncodeError> {
    let start = out.len();
    serde_json::to_writer(out.writer(), value).map_err(|_| {
        out.truncate(start);
        EncodeError::NotJson
    })
}

/// Puts what has to stand between two messages of a frame behind the first; nothing in an empty frame.
fn separate(encoding: Encoding, out: &mut BytesMut) {
    if encoding == Encoding::Json && !out.is_empty() {
        out.put_u8(b'\n');
    }
}

impl<'a, M: Message + Default + DeserializeOwned> Messages<'a, M> {
    fn new(encoding: Encoding, frame: &'a [u8]) -> Self {
        Self { encoding, rest: Some(frame), message: PhantomData }
    }

    fn decode_next(&mut self, frame: &'a [u8]) -> Result<M, DecodeError> {
        if frame.is_empty() {
            return Err(DecodeError::Empty);
        }
        let (message, rest) = match self.encoding {
            Encoding::Json => {
                let (line, rest) = split_line(frame);
                (read_json(line)?, rest)
            }
            Encoding::Protobuf => {
                let (message, rest) = split_delimited(frame)?;
                (M::decode(message)?, rest)
            }
        };
        self.rest = (!rest.is_empty()).then_some(rest);
        Ok(message)
    }
}

impl<M: Message + Default + DeserializeOwned> Iterator for Messages<'_, M> {
    type Item = Result<M, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let frame = self.rest.take()?;
        Some(self.decode_next(frame))
    }
}

impl<M: Message + Default + DeserializeOwned> FusedIterator for Messages<'_, M> {}

/// The first line without its newline, and what follows.
fn split_line(frame: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'\n', frame) {
        Some(end) => (&frame[..end], &frame[end + 1..]),
        None => (frame, &[]),
    }
}

fn read_json<M: DeserializeOwned>(line: &[u8]) -> Result<M, DecodeError> {
    // A derived reader takes an array of field values as well, which is not of this protocol.
    if line.trim_ascii_start().first() != Some(&b'{') {
        return Err(DecodeError::NotAnObject);
    }
    serde_json::from_slice(line).map_err(DecodeError::Json)
}

/// The first message without its length, and what follows.
fn split_delimited(mut frame: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    let len = prost::decode_length_delimiter(&mut frame)?;
    frame.split_at_checked(len).ok_or(DecodeError::Truncated)
}
