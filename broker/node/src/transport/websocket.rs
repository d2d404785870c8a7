//! WebSocket over a plain TCP stream (RFC 6455).
//!
//! Tungstenite decodes, checks and answers control frames; what it answers goes through the connection's own queue,
//! so it can never cut into a frame that is half written. Frames for the peer are made by whoever encodes them.

use std::io::{self, Read, Write};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use natter_protocol::wsframe::{self, Opcode};
use tokio::net::TcpStream;
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::{Flushed, READING_STOPS_AT_BYTES, ReceiveError, Received, Scratch, SendQueue, Transport};
use crate::session::{Close, CloseKind, Framing};

/// What the decoder allocates for an idle connection; it grows for a large frame.
const READ_BUFFER_BYTES: usize = 512;

/// Reads of a peer that nobody listens to, before others get their turn.
const READS_PER_TURN: usize = 16;
/// The code that stands for none and is never sent (RFC 6455 section 7.4.1).
const NO_STATUS: u16 = 1005;

/// One WebSocket.
pub struct WebSocketTransport {
    stream: TcpStream,
    context: WebSocketContext,
    /// Bytes that were read but not decoded when another connection needed the scratch buffer.
    stashed: Vec<u8>,
    framing: Framing,
    is_peer_gone: bool,
    /// The peer has broken the rules: what it still sends is read, so that it gets our goodbye, but not decoded.
    is_deaf: bool,
}

impl WebSocketTransport {
    /// Takes over a stream whose handshake is done; `already_read` came in behind the handshake.
    pub fn new(stream: TcpStream, already_read: &[u8], framing: Framing, message_bytes_max: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(message_bytes_max))
            .max_frame_size(Some(message_bytes_max));
        let context = WebSocketContext::new(Role::Server, Some(config));
        Self { stream, context, stashed: already_read.to_vec(), framing, is_peer_gone: false, is_deaf: false }
    }
}

impl WebSocketTransport {
    /// Waits for the peer to go, whatever else it sends.
    fn poll_end(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<Result<Received, ReceiveError>> {
        scratch.filled(0);
        for _ in 0..READS_PER_TURN {
            ready!(self.stream.poll_read_ready(cx)).map_err(ReceiveError::Io)?;
            match self.stream.try_read(scratch.space()) {
                Ok(0) => return Poll::Ready(Err(ReceiveError::Closed)),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(ReceiveError::Io(error))),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Transport for WebSocketTransport {
    fn framing(&self) -> Framing {
        self.framing
    }

    fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &mut Scratch,
        queue: &mut SendQueue,
    ) -> Poll<Result<Received, ReceiveError>> {
        if self.is_deaf {
            return self.poll_end(cx, scratch);
        }
        if !self.stashed.is_empty() && scratch.unread().is_empty() {
            let length = self.stashed.len().min(scratch.space().len());
            scratch.space()[..length].copy_from_slice(&self.stashed[..length]);
            scratch.filled(length);
            self.stashed = self.stashed.split_off(length);
        }
        loop {
            let mut adapter = Adapter { scratch, queue, is_peer_gone: self.is_peer_gone };
            match self.context.read(&mut adapter) {
                Ok(Message::Text(text)) => return Poll::Ready(Ok(Received::Message(text.into()))),
                Ok(Message::Binary(binary)) => return Poll::Ready(Ok(Received::Binary(binary))),
                Ok(Message::Pong(_)) => return Poll::Ready(Ok(Received::Pong)),
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    if queue.len() >= READING_STOPS_AT_BYTES {
                        return Poll::Pending;
                    }
                    ready!(self.stream.poll_read_ready(cx)).map_err(ReceiveError::Io)?;
                    match self.stream.try_read(scratch.space()) {
                        Ok(0) => self.is_peer_gone = true,
                        Ok(count) => scratch.filled(count),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Poll::Ready(Err(ReceiveError::Io(error))),
                    }
                }
                Err(error) => {
                    self.is_deaf = true;
                    return Poll::Ready(Err(receive_error(error)));
                }
            }
        }
    }

    fn stash(&mut self, scratch: &mut Scratch) {
        let unread = scratch.unread();
        if !unread.is_empty() {
            self.stashed.splice(0..0, unread.iter().copied());
            scratch.filled(0);
        }
    }

    fn flush(&mut self, queue: &mut SendQueue, writes: &mut u64) -> io::Result<Flushed> {
        while !queue.is_empty() {
            let written = match queue.single() {
                Some(frame) => self.stream.try_write(frame),
                None => {
                    let mut slices = SendQueue::empty_slices();
                    let count = queue.slices(&mut slices);
                    self.stream.try_write_vectored(&slices[..count])
                }
            };
            *writes += 1;
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => queue.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Flushed::Blocked),
                Err(error) => return Err(error),
            }
        }
        Ok(Flushed::All)
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_write_ready(cx)
    }

    fn queue_ping(&mut self, queue: &mut SendQueue) {
        queue.push(wsframe::frame(Opcode::Ping, &[]));
    }

    fn queue_close(&mut self, close: &Close, queue: &mut SendQueue) {
        let frame = CloseFrame { code: CloseCode::from(close.code), reason: close.reason.as_ref().into() };
        let frame = (close.code != NO_STATUS).then_some(frame);
        let mut nothing = Scratch::new(0);
        let mut adapter = Adapter { scratch: &mut nothing, queue, is_peer_gone: false };
        // The only failure is that the closing handshake is under way already, which is just as well.
        let _ = self.context.close(&mut adapter, frame);
    }
}

fn receive_error(error: Error) -> ReceiveError {
    let (code, reason) = match error {
        Error::ConnectionClosed | Error::AlreadyClosed => return ReceiveError::Closed,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return ReceiveError::Closed,
        Error::Io(error) => return ReceiveError::Io(error),
        Error::Capacity(CapacityError::MessageTooLong { .. }) => (1009, "message too large"),
        Error::Utf8(_) => (1007, "text is not UTF-8"),
        _ => (1002, "protocol error"),
    };
    ReceiveError::Protocol(Close { code, reason: reason.into(), kind: CloseKind::Protocol })
}

/// Lets tungstenite read from the scratch buffer and write to the connection's queue.
struct Adapter<'a> {
    scratch: &'a mut Scratch,
    queue: &'a mut SendQueue,
    is_peer_gone: bool,
}

impl Read for Adapter<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let unread = self.scratch.unread();
        if unread.is_empty() {
            return if self.is_peer_gone { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        let count = unread.len().min(out.len());
        out[..count].copy_from_slice(&unread[..count]);
        self.scratch.consume(count);
        Ok(count)
    }
}

impl Write for Adapter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.queue.push(Bytes::copy_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
