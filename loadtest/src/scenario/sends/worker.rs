//! A thread of senders: an event loop that answers each acknowledgement with the next send.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use mio::{Events, Poll, Token};

use super::connection::{Connection, Form, SendLog};
use crate::load::shared::{Phase, Shared};
use crate::report::{hdr, text};

/// How long the thread sleeps without events before it looks at the phase.
const IDLE: Duration = Duration::from_millis(20);

/// Events taken from the kernel at once.
const EVENTS: usize = 256;

/// What the threads of a workload share.
#[derive(Debug, Default)]
pub(super) struct Course {
    pub(super) shared: Shared,
    /// Sends that were acknowledged.
    pub(super) acknowledged: AtomicU64,
    /// Something went wrong, and nobody sends any more.
    pub(super) has_failed: AtomicBool,
}

/// What a thread found.
pub(super) struct Outcome {
    pub(super) logs: Vec<(usize, SendLog)>,
    /// Of sends that began and ended in the measured phase, in nanoseconds.
    pub(super) latency: Histogram<u64>,
    pub(super) errors: u64,
    pub(super) reasons: Vec<String>,
}

/// A thread's sockets, not yet connected to its event queue.
pub(super) struct Worker {
    pub(super) course: Arc<Course>,
    pub(super) form: Form,
    /// Connection numbers, channels, sockets, and heads of requests.
    pub(super) connections: Vec<(usize, usize, std::net::TcpStream, String)>,
}

impl Worker {
    /// Sends until the phase says otherwise, and then waits for what is under way.
    pub(super) fn run(self) -> std::io::Result<Outcome> {
        let poll = Poll::new()?;
        let mut running = Running::new(self.course, self.form);
        for (slot, (index, channel, stream, head)) in self.connections.into_iter().enumerate() {
            let connection = Connection::register(stream, (index, channel), head, poll.registry(), Token(slot))?;
            running.connections.push((index, connection));
        }
        running.run(poll)
    }
}

struct Running {
    course: Arc<Course>,
    form: Form,
    connections: Vec<(usize, Connection)>,
    latency: Histogram<u64>,
    errors: u64,
    reasons: Vec<String>,
}

impl Running {
    fn new(course: Arc<Course>, form: Form) -> Self {
        let (connections, reasons) = (Vec::new(), Vec::new());
        Self { course, form, connections, latency: hdr::latency(), errors: 0, reasons }
    }

    fn run(mut self, mut poll: Poll) -> std::io::Result<Outcome> {
        for slot in 0..self.connections.len() {
            self.act(slot, Running::send_next);
        }
        let mut events = Events::with_capacity(EVENTS);
        while self.goes_on() {
            match poll.poll(&mut events, Some(IDLE)) {
                Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in &events {
                self.act(event.token().0, Running::serve);
            }
        }
        let logs = self.connections.into_iter().map(|(index, connection)| (index, connection.log)).collect();
        Ok(Outcome { logs, latency: self.latency, errors: self.errors, reasons: self.reasons })
    }

    fn goes_on(&self) -> bool {
        let phase = self.course.shared.phase();
        let is_ending = phase >= Phase::Drain || self.course.has_failed.load(Ordering::Relaxed);
        phase < Phase::Stop && (!is_ending || self.connections.iter().any(|(_, connection)| connection.is_waiting()))
    }

    fn act(&mut self, slot: usize, act: impl Fn(&mut Self, usize) -> Result<(), String>) {
        if slot < self.connections.len()
            && let Err(reason) = act(self, slot)
        {
            self.errors += 1;
            text::keep_reason(&mut self.reasons, reason);
            self.course.has_failed.store(true, Ordering::Relaxed);
            // Nobody waits for an answer that cannot come any more.
            self.connections[slot].1.give_up();
        }
    }

    fn serve(&mut self, slot: usize) -> Result<(), String> {
        let connection = &mut self.connections[slot].1;
        if connection.has_given_up() {
            return Ok(());
        }
        connection.flush()?;
        if !connection.receive()? {
            return Ok(());
        }
        let now_ns = self.course.shared.clock.now_ns();
        self.course.acknowledged.fetch_add(1, Ordering::Relaxed);
        if connection.is_measured && self.course.shared.phase() == Phase::Measure {
            self.latency.saturating_record(now_ns.saturating_sub(connection.sent_ns));
        }
        self.send_next(slot)
    }

    fn send_next(&mut self, slot: usize) -> Result<(), String> {
        let phase = self.course.shared.phase();
        if phase >= Phase::Drain || self.course.has_failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let now_ns = self.course.shared.clock.now_ns();
        self.connections[slot].1.send(self.form, now_ns, phase == Phase::Measure)
    }
}
