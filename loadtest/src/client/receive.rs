//! Reading messages out of a socket through one buffer that many connections share.
//!
//! A connection keeps only its unfinished frame ([`Inbox`]); the buffer belongs to the thread. `fill` makes one read call and
//! `drain` hands out what became complete, so the caller can read the clock once between the two.

use std::io::{ErrorKind, Read};

use thiserror::Error;

use super::frame::{self, BUFFER_MAX, Frame, FrameError, Opcode, PAYLOAD_MAX};

/// Why reading a connection ended.
#[derive(Debug, Error)]
pub enum ReceiveError {
    /// The socket failed.
    #[error(transparent)]
    Socket(#[from] std::io::Error),
    /// The peer ended the stream without a close frame.
    #[error("end of stream")]
    Ended,
    /// The peer closed with this code and reason.
    #[error("closed by the server: {0} {1}")]
    Closed(u16, String),
    /// The bytes are no WebSocket frames.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A continuation came without a beginning, or a message grew beyond the limit.
    #[error("broken fragmentation")]
    Fragments,
}

/// What a connection keeps between reads: the unfinished frame and the message begun by fragments. Bounded by [`BUFFER_MAX`].
#[derive(Debug, Default)]
pub struct Inbox {
    tail: Vec<u8>,
    fragments: Option<Vec<u8>>,
}

impl Inbox {
    /// Bytes that wait for the rest of their frame.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tail.len()
    }

    /// Whether no frame is unfinished.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tail.is_empty()
    }
}

/// A whole message or a control frame that wants an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<'a> {
    /// One WebSocket message, text or binary.
    Message(&'a [u8]),
    /// A WebSocket ping, to be answered with its payload.
    Ping(&'a [u8]),
}

/// What one read call brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// Nothing is there now.
    Nothing,
    /// Some bytes, and the socket is probably empty.
    Some,
    /// The buffer was filled, so there may be more.
    Full,
}

/// The shared read buffer of one thread.
#[derive(Debug)]
pub struct Receiver {
    buffer: Vec<u8>,
    filled: usize,
}

impl Receiver {
    /// A buffer for frames up to the limit.
    #[must_use]
    pub fn new() -> Self {
        Self { buffer: vec![0; BUFFER_MAX], filled: 0 }
    }

    /// Makes one read call behind the connection's unfinished bytes. Follow it with [`Self::drain`] for the same connection.
    ///
    /// # Errors
    /// When the socket fails or the stream has ended.
    #[inline]
    pub fn fill(&mut self, inbox: &mut Inbox, source: &mut impl Read) -> Result<Filled, ReceiveError> {
        let kept = inbox.tail.len();
        self.buffer[..kept].copy_from_slice(&inbox.tail);
        self.filled = kept;
        loop {
            match source.read(&mut self.buffer[kept..]) {
                Ok(0) => return Err(ReceiveError::Ended),
                Ok(count) => {
                    self.filled = kept + count;
                    return Ok(if self.filled == self.buffer.len() { Filled::Full } else { Filled::Some });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Filled::Nothing),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The bytes that the last [`Self::fill`] left to drain.
    #[must_use]
    pub fn filled(&self) -> usize {
        self.filled
    }

    /// Hands every complete message to `on`, in order, and keeps the rest in the inbox.
    ///
    /// # Errors
    /// When the peer closed or the bytes break the standard; what came before was handed out.
    #[inline]
    pub fn drain(&mut self, inbox: &mut Inbox, mut on: impl FnMut(Received<'_>)) -> Result<(), ReceiveError> {
        let mut rest = &self.buffer[..self.filled];
        while let Some(frame) = frame::read(rest)? {
            rest = &rest[frame.size..];
            if frame.last && matches!(frame.opcode, Opcode::Text | Opcode::Binary) {
                on(Received::Message(frame.payload));
            } else {
                accept_rare(inbox, frame, &mut on)?;
            }
        }
        inbox.tail.clear();
        inbox.tail.extend_from_slice(rest);
        if inbox.tail.is_empty() {
            inbox.tail = Vec::new();
        }
        Ok(())
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

/// Control frames and fragments.
#[cold]
fn accept_rare(inbox: &mut Inbox, frame: Frame<'_>, on: &mut impl FnMut(Received<'_>)) -> Result<(), ReceiveError> {
    match frame.opcode {
        Opcode::Ping => on(Received::Ping(frame.payload)),
        Opcode::Pong => {}
        Opcode::Close => return Err(closed(frame.payload)),
        Opcode::Text | Opcode::Binary => inbox.fragments = Some(frame.payload.to_vec()),
        Opcode::Continuation => {
            let fragments = inbox.fragments.as_mut().ok_or(ReceiveError::Fragments)?;
            if fragments.len() + frame.payload.len() > PAYLOAD_MAX {
                return Err(ReceiveError::Fragments);
            }
            fragments.extend_from_slice(frame.payload);
            if frame.last {
                let message = inbox.fragments.take().unwrap_or_default();
                on(Received::Message(&message));
            }
        }
    }
    Ok(())
}

/// The close code and reason; 1005 stands for a close frame that names none.
fn closed(payload: &[u8]) -> ReceiveError {
    match payload {
        [high, low, reason @ ..] => {
            ReceiveError::Closed(u16::from_be_bytes([*high, *low]), String::from_utf8_lossy(reason).into_owned())
        }
        _ => ReceiveError::Closed(1005, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(bytes: &[u8], step: usize) -> (Vec<Vec<u8>>, Result<(), ReceiveError>) {
        let (mut receiver, mut inbox, mut messages) = (Receiver::new(), Inbox::default(), Vec::new());
        for mut part in bytes.chunks(step) {
            receiver.fill(&mut inbox, &mut part).unwrap();
            let result = receiver.drain(&mut inbox, |received| {
                if let Received::Message(message) = received {
                    messages.push(message.to_vec());
                }
            });
            if result.is_err() {
                return (messages, result);
            }
        }
        (messages, Ok(()))
    }

    #[test]
    fn gives_the_same_messages_however_the_bytes_arrive() {
        let mut bytes = Vec::new();
        for payload in [&b"one"[..], b"", &[b'x'; 300]] {
            frame::write_unmasked(&mut bytes, Opcode::Text, payload);
        }
        bytes.extend_from_slice(&[0x01, 1, b'a', 0x89, 0, 0x80, 1, b'b']);
        let whole = collect(&bytes, bytes.len()).0;
        assert_eq!(whole.len(), 4);
        assert_eq!(whole[3], b"ab");
        for step in [1, 2, 3, 7, 64] {
            assert_eq!(collect(&bytes, step).0, whole);
        }
    }

    #[test]
    fn a_close_frame_ends_with_its_code() {
        let (_, result) = collect(&[0x88, 6, 0x0b, 0xc0, b's', b'l', b'o', b'w'], 8);
        assert!(matches!(result, Err(ReceiveError::Closed(3008, reason)) if reason == "slow"));
    }

    #[test]
    fn a_continuation_needs_a_beginning() {
        assert!(matches!(collect(&[0x80, 0], 2).1, Err(ReceiveError::Fragments)));
    }
}
