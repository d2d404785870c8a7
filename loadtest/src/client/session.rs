//! One connection driven by a blocking thread: handshake, connect, and commands answered in order of asking.
//!
//! Used to set connections up before an event loop takes them ([`Session::into_parts`]), and for whole sessions where cost
//! does not matter. Pings are answered whenever the session reads. Pushes wait in a bounded queue.

use std::collections::VecDeque;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use thiserror::Error;
use tungstenite::ClientRequestBuilder;
use tungstenite::protocol::WebSocketConfig;

use super::address::Address;
use super::frame::{self, Opcode};
use super::receive::{Filled, Inbox, ReceiveError, Received, Receiver};
use super::token::Tokens;
use super::wire::{self, Command, ConnectRequest, Encoding, Push, Reply};

/// How long an answer may take.
const REPLY_TIMEOUT: Duration = Duration::from_secs(15);

/// Pushes that wait to be taken before the session gives up.
const PUSHES_MAX: usize = 1 << 20;

/// Why a session failed.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The server answered with an error; the session goes on.
    #[error("refused with {0}: {1}")]
    Refused(u32, String),
    /// The connection is gone.
    #[error(transparent)]
    Broken(#[from] ReceiveError),
    /// The server did not answer in time; the session is not to be used further.
    #[error("no answer in time")]
    Timeout,
    /// The WebSocket handshake failed.
    #[error("handshake: {0}")]
    Handshake(String),
    /// The server sent what the protocol does not allow.
    #[error("protocol: {0}")]
    Protocol(String),
}

impl From<std::io::Error> for SessionError {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl From<wire::WireError> for SessionError {
    fn from(error: wire::WireError) -> Self {
        Self::Protocol(error.to_string())
    }
}

/// What every connection of a run has in common.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where to connect.
    pub address: Address,
    /// The encoding to negotiate.
    pub encoding: Encoding,
    /// Who to connect as.
    pub tokens: Tokens,
}

/// A connected session.
#[derive(Debug)]
pub struct Session {
    stream: TcpStream,
    encoding: Encoding,
    receiver: Receiver,
    inbox: Inbox,
    replies: VecDeque<Reply>,
    pushes: VecDeque<Push>,
    mask: [u8; 4],
    last_id: u32,
}

/// What an event loop takes over.
#[derive(Debug)]
pub struct Parts {
    /// The socket, still blocking.
    pub stream: TcpStream,
    /// Bytes of an unfinished frame.
    pub inbox: Inbox,
    /// Pushes that came already.
    pub pushes: VecDeque<Push>,
    /// The read buffer, for the next session of the thread.
    pub receiver: Receiver,
}

impl Session {
    /// Opens connection number `index` for `user` and waits for the connect reply.
    ///
    /// # Errors
    /// When any step fails or takes too long.
    pub fn open(target: &Target, index: usize, user: &str, receiver: Receiver) -> Result<Self, SessionError> {
        let stream = target.address.connect(index)?;
        stream.set_read_timeout(Some(REPLY_TIMEOUT))?;
        stream.set_write_timeout(Some(REPLY_TIMEOUT))?;
        let mut session = Self {
            stream: handshake(target, stream)?,
            encoding: target.encoding,
            receiver,
            inbox: Inbox::default(),
            replies: VecDeque::new(),
            pushes: VecDeque::new(),
            mask: rand::random(),
            last_id: 0,
        };
        let token = target.tokens.of(user).map_err(|error| SessionError::Handshake(error.to_string()))?;
        let connect = ConnectRequest { token, name: "loadtest".into(), ..ConnectRequest::default() };
        session.request(Command { connect: Some(connect), ..Command::default() })?;
        Ok(session)
    }

    /// Sends one command, with an id of its own, and waits for its reply.
    ///
    /// # Errors
    /// [`SessionError::Refused`] when the server says no; anything else ends the session.
    pub fn request(&mut self, mut command: Command) -> Result<Reply, SessionError> {
        self.last_id += 1;
        command.id = self.last_id;
        let mut bytes = Vec::new();
        wire::write_command(self.encoding, &command, self.mask, &mut bytes)?;
        self.stream.write_all(&bytes)?;
        let deadline = Instant::now() + REPLY_TIMEOUT;
        loop {
            while let Some(reply) = self.replies.pop_front() {
                if reply.id == command.id {
                    return refused(reply);
                }
            }
            self.read_until(deadline)?;
        }
    }

    /// The next push, or `None` when none came within `wait`.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn next_push(&mut self, wait: Duration) -> Result<Option<Push>, SessionError> {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(push) = self.pushes.pop_front() {
                return Ok(Some(push));
            }
            match self.read_until(deadline) {
                Ok(()) => {}
                Err(SessionError::Timeout) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives the connection up to an event loop.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        Parts { stream: self.stream, inbox: self.inbox, pushes: self.pushes, receiver: self.receiver }
    }

    fn read_until(&mut self, deadline: Instant) -> Result<(), SessionError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(SessionError::Timeout);
        }
        self.stream.set_read_timeout(Some(left))?;
        if self.receiver.fill(&mut self.inbox, &mut &self.stream)? == Filled::Nothing {
            return Err(SessionError::Timeout);
        }
        let (mut messages, mut pong) = (Vec::new(), Vec::new());
        let drained = self.receiver.drain(&mut self.inbox, |received| match received {
            Received::Message(message) => messages.push(message.to_vec()),
            Received::Ping(payload) => frame::write(&mut pong, Opcode::Pong, self.mask, payload),
        });
        for message in messages {
            self.accept(&message, &mut pong)?;
        }
        drained?;
        if !pong.is_empty() {
            self.stream.write_all(&pong)?;
        }
        Ok(())
    }

    fn accept(&mut self, message: &[u8], pong: &mut Vec<u8>) -> Result<(), SessionError> {
        for reply in wire::read_replies(self.encoding, message)? {
            if reply.id > 0 {
                self.replies.push_back(reply);
            } else if let Some(push) = reply.push {
                self.pushes.push_back(push);
            } else {
                wire::write_pong(self.encoding, self.mask, pong);
            }
        }
        if self.pushes.len() > PUSHES_MAX {
            return Err(SessionError::Protocol("too many pushes are waiting".into()));
        }
        Ok(())
    }
}

fn refused(reply: Reply) -> Result<Reply, SessionError> {
    match reply.error {
        Some(error) => Err(SessionError::Refused(error.code, error.message)),
        None => Ok(reply),
    }
}

/// The WebSocket handshake. The server speaks only after the connect command, so no bytes are left in tungstenite's buffer.
fn handshake(target: &Target, stream: TcpStream) -> Result<TcpStream, SessionError> {
    let request = ClientRequestBuilder::new(target.address.uri.clone());
    let request = match target.encoding {
        Encoding::Json => request,
        Encoding::Protobuf => request.with_sub_protocol("centrifuge-protobuf"),
    };
    let config = WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(0);
    let done = tungstenite::client::client_with_config(request, stream, Some(config));
    let (socket, _response) = done.map_err(|error| SessionError::Handshake(error.to_string()))?;
    Ok(socket.into_inner())
}
