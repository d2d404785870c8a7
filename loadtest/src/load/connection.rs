//! One non-blocking connection of an event loop: an inbox, an outbox, and nothing that grows while it is idle.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;

use mio::{Interest, Registry, Token};

use crate::client::clock::Clock;
use crate::client::receive::{Filled, Inbox, ReceiveError, Received, Receiver};

/// Unsent bytes that a connection may hold before publishers leave it alone.
const OUTBOX_MAX: usize = 1 << 20;

/// A registered socket with its unfinished input and unsent output.
#[derive(Debug)]
pub struct Connection {
    stream: mio::net::TcpStream,
    inbox: Inbox,
    outbox: Vec<u8>,
    /// The mask of every frame it sends; random per connection, since nothing here needs a new one per frame.
    pub mask: [u8; 4],
}

impl Connection {
    /// Takes over a blocking socket and watches it for both directions under `token`.
    ///
    /// # Errors
    /// When the socket cannot be switched or registered.
    pub fn register(stream: TcpStream, inbox: Inbox, registry: &Registry, token: Token) -> std::io::Result<Self> {
        stream.set_nonblocking(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, inbox, outbox: Vec::new(), mask: rand::random() })
    }

    /// Reads until the socket is empty, handing each message to `on` with the outbox for answers and the time it was read.
    /// `ending` says that the peer has shut its side down, so the end itself is still to be read.
    ///
    /// # Errors
    /// When the connection has ended; everything before the end was handed out.
    #[inline]
    pub fn receive(
        &mut self,
        receiver: &mut Receiver,
        clock: &Clock,
        ending: bool,
        mut on: impl FnMut(&mut Vec<u8>, u64, Received<'_>),
    ) -> Result<Reads, ReceiveError> {
        let mut reads = Reads::default();
        loop {
            let kept = self.inbox.len();
            let filled = receiver.fill(&mut self.inbox, &mut self.stream)?;
            if filled == Filled::Nothing {
                return Ok(reads);
            }
            reads.calls += 1;
            reads.bytes += (receiver.filled() - kept) as u64;
            let now_ns = clock.now_ns();
            let outbox = &mut self.outbox;
            receiver.drain(&mut self.inbox, |received| on(outbox, now_ns, received))?;
            if filled == Filled::Some && !ending {
                return Ok(reads);
            }
        }
    }

    /// The bytes to send; call [`Self::flush`] after adding to them.
    pub fn outbox(&mut self) -> &mut Vec<u8> {
        &mut self.outbox
    }

    /// Whether unsent bytes have piled up because the server does not read.
    #[must_use]
    pub fn is_congested(&self) -> bool {
        self.outbox.len() > OUTBOX_MAX
    }

    /// Sends what the socket takes now; the rest goes when it becomes writable.
    ///
    /// # Errors
    /// When the socket failed.
    pub fn flush(&mut self) -> std::io::Result<()> {
        let mut sent = 0;
        let result = loop {
            if sent == self.outbox.len() {
                break Ok(());
            }
            match self.stream.write(&self.outbox[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.outbox.drain(..sent);
        result
    }
}

/// What one round of reading cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reads {
    /// Read calls that brought something.
    pub calls: u64,
    /// Bytes they brought.
    pub bytes: u64,
}
