//! One Socket.IO connection over WebSocket, set up by a blocking thread: handshake, namespace, room.
//!
//! The handshake is read by hand, since an Engine.IO server speaks first and a library would keep what it has read ahead.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::frame::{self, Opcode};
use crate::client::receive::{Filled, Inbox, Received, Receiver};
use crate::client::session::Target;

/// How long an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);
/// Bytes of the answer to the handshake.
const HEAD_MAX: usize = 8 * 1024;
/// Any 16 bytes; the server's proof is not looked at.
const KEY: &str = "bmF0dGVyLWxvYWQtdGVzdA==";

/// Packets of Engine.IO 4.
pub(super) const PING: &[u8] = b"2";
pub(super) const PONG: &[u8] = b"3";

/// A connection in the namespace `/`.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    pub(super) inbox: Inbox,
    pub(super) mask: [u8; 4],
}

impl Client {
    /// Opens connection number `index`, and enters the namespace with the run's token.
    pub(super) fn open(target: &Target, index: usize, receiver: &mut Receiver) -> Result<Self> {
        let stream = target.address.connect(index)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        stream.set_write_timeout(Some(ANSWER_TIME_MAX))?;
        let mut client = Self { stream, inbox: Inbox::default(), mask: rand::random() };
        let early = client.upgrade(target)?;
        let mut opened = false;
        if !early.is_empty() {
            receiver.fill(&mut client.inbox, &mut &early[..])?;
            receiver.drain(&mut client.inbox, |received| opened |= is(received, b"0"))?;
        }
        if !opened {
            client.wait(b"0", receiver).context("open packet")?;
        }
        let token = target.tokens.of("loadtest")?;
        let auth = if token.is_empty() { String::new() } else { serde_json::json!({ "token": token }).to_string() };
        client.send(format!("40{auth}").as_bytes())?;
        client.wait(b"40", receiver).context("namespace")?;
        Ok(client)
    }

    /// Enters a room.
    pub(super) fn join(&mut self, room: &str, receiver: &mut Receiver) -> Result<()> {
        self.send(format!("420[\"join-room\",\"{room}\"]").as_bytes())?;
        self.wait(b"430", receiver).context("join-room")
    }

    /// Sends one packet.
    pub(super) fn send(&mut self, packet: &[u8]) -> Result<()> {
        let mut bytes = Vec::with_capacity(packet.len() + 14);
        frame::write(&mut bytes, Opcode::Text, self.mask, packet);
        Ok(self.stream.write_all(&bytes)?)
    }

    /// Answers with what came behind the head.
    fn upgrade(&mut self, target: &Target) -> Result<Vec<u8>> {
        let uri = &target.address.uri;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes())?;
        let (mut head, mut part) = (Vec::new(), [0; 1024]);
        while head.len() < HEAD_MAX {
            let count = self.stream.read(&mut part)?;
            if count == 0 {
                bail!("the server has closed the connection");
            }
            head.extend_from_slice(&part[..count]);
            if let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") {
                if !head.starts_with(b"HTTP/1.1 101") {
                    bail!("refused: {}", String::from_utf8_lossy(&head[..end.min(200)]));
                }
                return Ok(head.split_off(end + 4));
            }
        }
        bail!("the answer to the handshake is too long")
    }

    /// Reads until a packet comes that begins so; others are passed over.
    fn wait(&mut self, prefix: &[u8], receiver: &mut Receiver) -> Result<()> {
        let until = Instant::now() + ANSWER_TIME_MAX;
        while Instant::now() < until {
            if receiver.fill(&mut self.inbox, &mut &self.stream)? == Filled::Nothing {
                break;
            }
            let (mut found, mut pings, mut refusal) = (false, 0, None);
            receiver.drain(&mut self.inbox, |received| {
                found |= is(received, prefix);
                pings += u32::from(matches!(received, Received::Message(PING)));
                if let Received::Message(packet) = received
                    && packet.starts_with(b"44")
                {
                    refusal = Some(String::from_utf8_lossy(packet).into_owned());
                }
            })?;
            for _ in 0..pings {
                self.send(PONG)?;
            }
            if let Some(refusal) = refusal {
                bail!("refused: {refusal}");
            }
            if found {
                return Ok(());
            }
        }
        bail!("no answer in time")
    }
}

fn is(received: Received<'_>, prefix: &[u8]) -> bool {
    matches!(received, Received::Message(packet) if packet.starts_with(prefix))
}
