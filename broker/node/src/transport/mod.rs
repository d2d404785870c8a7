//! Moves whole messages between a peer and its session. One file per kind of transport.

mod queue;
mod websocket;

use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;

pub use queue::SendQueue;
pub use websocket::WebSocketTransport;

use crate::session::{Close, Framing};

/// The worker's read buffer: what was read from one connection and not yet decoded.
///
/// It is shared by all connections of a lane, which is why an idle connection needs none of its own.
pub struct Scratch {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Scratch {
    /// Makes a buffer of `size` bytes.
    pub fn new(size: usize) -> Self {
        Self { bytes: vec![0; size].into_boxed_slice(), start: 0, end: 0 }
    }

    /// What has not been decoded.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
    }

    /// The whole buffer, to be filled anew; only when nothing is unread.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    pub(crate) fn filled(&mut self, count: usize) {
        self.start = 0;
        self.end = count;
    }
}

/// A peer that has this much to read first is not read from, so that what it asks for cannot pile up.
pub(crate) const READING_STOPS_AT_BYTES: usize = 256 * 1024;

/// How a connection ends from the peer's side.
#[derive(Debug)]
pub enum ReceiveError {
    /// The peer closed, with or without a goodbye.
    Closed,
    /// The peer broke the transport's rules and is told so.
    Protocol(Close),
    /// The socket failed.
    Io(io::Error),
}

/// What a peer sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A whole message.
    Message(Bytes),
    /// A whole message that the transport marks as bytes rather than text.
    Binary(Bytes),
    /// An answer to a ping of the transport.
    Pong,
}

/// What is left to write after a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Nothing.
    All,
    /// The socket takes no more now.
    Blocked,
}

/// A peer's connection.
pub trait Transport {
    /// How payloads are wrapped for this peer.
    fn framing(&self) -> Framing;

    /// What the peer sends next, using `scratch` to read. Control traffic of the transport itself (pongs, the closing
    /// handshake) goes to `queue`; while that holds too much, nothing is read, and the owner polls again once it is empty.
    fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &mut Scratch,
        queue: &mut SendQueue,
    ) -> Poll<Result<Received, ReceiveError>>;

    /// Keeps what is left in `scratch`, since another connection is going to use it.
    fn stash(&mut self, scratch: &mut Scratch);

    /// Writes as much of `queue` as the socket takes, in as few calls as possible. `writes` counts the calls.
    fn flush(&mut self, queue: &mut SendQueue, writes: &mut u64) -> io::Result<Flushed>;

    /// Whether the peer takes something now, as far as the transport alone knows.
    fn is_writable(&self) -> bool {
        true
    }

    /// Waits until the socket takes more.
    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Queues a ping of the transport's own.
    fn queue_ping(&mut self, queue: &mut SendQueue);

    /// Queues the transport's goodbye.
    fn queue_close(&mut self, close: &Close, queue: &mut SendQueue);
}
