//! One kept-alive connection with at most one send under way, and the record of what was answered.

use std::io::{ErrorKind, Read, Write};

use mio::{Interest, Registry, Token};
use serde::Deserialize;

use super::marker::Mark;
use crate::client::http::response;

/// Bytes that one read takes.
const READ: usize = 16 * 1024;

/// What a connection sent and what it was told, for the judge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendLog {
    /// Which of the workload's channels it sent to.
    pub channel: usize,
    /// The `seq` that each message was answered with, by its number.
    pub acknowledged: Vec<u64>,
    /// Messages that were begun: one more than acknowledged when the last has no answer.
    pub sent: u64,
}

/// What every message of a workload has in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) run: u32,
    pub(super) size: usize,
    pub(super) client_ids: bool,
}

/// A registered socket and its send.
pub(super) struct Connection {
    stream: mio::net::TcpStream,
    index: usize,
    head: String,
    body: String,
    outbox: Vec<u8>,
    written: usize,
    unread: Vec<u8>,
    is_waiting: bool,
    has_given_up: bool,
    /// When the send under way began, in nanoseconds of the run's clock.
    pub(super) sent_ns: u64,
    /// Whether the send under way began in the measured phase.
    pub(super) is_measured: bool,
    pub(super) log: SendLog,
}

/// The answer that every send must get.
#[derive(Deserialize)]
struct Sent {
    seq: u64,
}

impl Connection {
    /// Takes over a connected socket; `head` is the request up to the value of its length.
    pub(super) fn register(
        stream: std::net::TcpStream,
        (index, channel): (usize, usize),
        head: String,
        registry: &Registry,
        token: Token,
    ) -> std::io::Result<Self> {
        stream.set_nonblocking(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            index,
            head,
            body: String::new(),
            outbox: Vec::new(),
            written: 0,
            unread: Vec::new(),
            is_waiting: false,
            has_given_up: false,
            sent_ns: 0,
            is_measured: false,
            log: SendLog { channel, ..SendLog::default() },
        })
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    pub(super) fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    /// Waits for nothing any more, after an error.
    pub(super) fn give_up(&mut self) {
        (self.is_waiting, self.has_given_up) = (false, true);
    }

    /// Begins the next send.
    pub(super) fn send(&mut self, form: Form, now_ns: u64, is_measured: bool) -> Result<(), String> {
        let mark = Mark { connection: self.index, number: self.log.sent };
        self.body.clear();
        self.body.push_str("{\"text\":\"");
        mark.write(form.run, form.size, &mut self.body);
        if form.client_ids {
            self.body.push_str("\",\"clientId\":\"");
            mark.write(form.run, 0, &mut self.body);
        }
        self.body.push_str("\"}");
        self.outbox.clear();
        self.outbox.extend_from_slice(self.head.as_bytes());
        // Writing to memory does not fail.
        let _ = write!(self.outbox, "{}\r\n\r\n{}", self.body.len(), self.body);
        (self.written, self.is_waiting, self.sent_ns, self.is_measured) = (0, true, now_ns, is_measured);
        self.log.sent += 1;
        self.flush()
    }

    /// Writes what the socket takes now.
    pub(super) fn flush(&mut self) -> Result<(), String> {
        while let Some(rest) = self.outbox.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// Reads what is there; whether the send under way was answered with 201.
    ///
    /// # Errors
    /// Any other answer, with its status, and the end of the connection.
    pub(super) fn receive(&mut self) -> Result<bool, String> {
        let mut buffer = [0; READ];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err("the server closed a connection".into()),
                Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.take_answer(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.to_string()),
            }
            if self.take_answer()? {
                return Ok(true);
            }
        }
    }

    fn take_answer(&mut self) -> Result<bool, String> {
        let Some(response) = response::read(&self.unread).map_err(|error| error.to_string())? else { return Ok(false) };
        let body = String::from_utf8_lossy(response.body);
        if !self.is_waiting {
            return Err(format!("an answer that nobody asked for: {} {body}", response.status));
        }
        if response.status != 201 {
            return Err(format!("status {}: {}", response.status, body.chars().take(200).collect::<String>()));
        }
        let sent: Sent = serde_json::from_slice(response.body).map_err(|error| format!("{error}: {body}"))?;
        if response.closes {
            return Err("the server ends connections that should stay".into());
        }
        let size = response.size;
        self.unread.drain(..size);
        self.log.acknowledged.push(sent.seq);
        self.is_waiting = false;
        Ok(true)
    }
}
