//! Threads that read for many connections: members' messages are checked and timed, pings are answered.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver as Queue, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, anyhow};
use hdrhistogram::Histogram;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::client::{Client, PING, PONG};
use super::message;
use crate::client::clock::Clock;
use crate::client::frame::{self, Opcode};
use crate::client::receive::{Filled, ReceiveError, Received, Receiver};
use crate::report::{hdr, text};

/// How long a thread sleeps without events before it looks at the phase and at new connections.
const LOOK: Duration = Duration::from_millis(20);
/// Events taken from the kernel at once.
const EVENTS: usize = 1024;
/// Connections that may wait to be taken over.
const HANDOVER: usize = 1024;

/// Where the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Phase {
    Warm,
    Measure,
    /// Nothing new is sent.
    Drain,
    Stop,
}

/// What all threads share.
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) deliveries: AtomicU64,
    phase: AtomicU8,
}

impl Default for Shared {
    fn default() -> Self {
        Self { clock: Clock::start(), deliveries: AtomicU64::new(0), phase: AtomicU8::new(Phase::Warm as u8) }
    }
}

impl Shared {
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(super) fn phase(&self) -> Phase {
        let known = [Phase::Warm, Phase::Measure, Phase::Drain];
        known.get(usize::from(self.phase.load(Ordering::Relaxed))).copied().unwrap_or(Phase::Stop)
    }
}

/// What the threads have seen.
pub(super) struct Seen {
    /// Nanoseconds, of what came while it was measured.
    pub(super) latency: Histogram<u64>,
    pub(super) out_of_order: u64,
    pub(super) lost: u64,
    pub(super) reasons: Vec<String>,
}

/// A connection, and how many senders a member of the room listens to; 0 is no member.
type Handed = (Client, usize);
/// A thread, and the way to hand it connections.
type Thread = (SyncSender<Handed>, JoinHandle<Seen>);

/// The threads.
pub(super) struct Readers {
    threads: Vec<Thread>,
    next: usize,
}

impl Readers {
    pub(super) fn start(shared: &Arc<Shared>, count: usize) -> Result<Self> {
        let start = |_| -> Result<Thread> {
            let (queue, incoming) = sync_channel(HANDOVER);
            let poll = Poll::new()?;
            let shared = Arc::clone(shared);
            let thread = std::thread::Builder::new().name("members".into());
            let thread = thread.spawn(move || Reader::new(poll, incoming, shared).run())?;
            Ok((queue, thread))
        };
        let threads = (0..count.max(1)).map(start).collect::<Result<_>>()?;
        Ok(Self { threads, next: 0 })
    }

    /// Hands a connection over; a member gets every message of every sender, and with 0 senders it is no member.
    pub(super) fn add(&mut self, client: Client, senders: usize) -> Result<()> {
        client.stream.set_nonblocking(true)?;
        self.next = (self.next + 1) % self.threads.len();
        let sent = self.threads[self.next].0.send((client, senders));
        sent.map_err(|_| anyhow!("a reading thread has ended"))
    }

    /// Waits for the threads, which end with [`Phase::Stop`].
    pub(super) fn join(self) -> Seen {
        let mut all = Seen { latency: hdr::latency(), out_of_order: 0, lost: 0, reasons: Vec::new() };
        for (queue, thread) in self.threads {
            drop(queue);
            let Ok(seen) = thread.join() else {
                text::keep_reason(&mut all.reasons, "a reading thread has panicked".to_owned());
                all.lost += 1;
                continue;
            };
            // Both have the same bounds.
            let _ = all.latency.add(&seen.latency);
            (all.out_of_order, all.lost) = (all.out_of_order + seen.out_of_order, all.lost + seen.lost);
            seen.reasons.into_iter().for_each(|reason| text::keep_reason(&mut all.reasons, reason));
        }
        all
    }
}

struct Reader {
    poll: Poll,
    incoming: Queue<Handed>,
    shared: Arc<Shared>,
    receiver: Receiver,
    connections: Vec<Option<Connection>>,
    seen: Seen,
}

struct Connection {
    client: Client,
    /// The number of each sender's newest message; empty for one that is no member.
    newest: Box<[u64]>,
}

impl Reader {
    fn new(poll: Poll, incoming: Queue<Handed>, shared: Arc<Shared>) -> Self {
        let seen = Seen { latency: hdr::latency(), out_of_order: 0, lost: 0, reasons: Vec::new() };
        Self { poll, incoming, shared, receiver: Receiver::new(), connections: Vec::new(), seen }
    }

    fn run(mut self) -> Seen {
        let mut events = Events::with_capacity(EVENTS);
        while self.shared.phase() != Phase::Stop {
            // An interrupted call is tried again.
            let _ = self.poll.poll(&mut events, Some(LOOK));
            events.iter().for_each(|event| self.readable(event.token().0));
            while let Ok((client, senders)) = self.incoming.try_recv() {
                self.take(client, senders);
            }
        }
        self.seen
    }

    fn take(&mut self, client: Client, senders: usize) {
        let token = Token(self.connections.len());
        let registered =
            self.poll.registry().register(&mut SourceFd(&client.stream.as_raw_fd()), token, Interest::READABLE);
        self.connections.push(Some(Connection { client, newest: vec![0; senders].into() }));
        match registered {
            // What has come already is no news to the kernel.
            Ok(()) => self.readable(token.0),
            Err(error) => self.lose(token.0, &error.to_string()),
        }
    }

    fn readable(&mut self, index: usize) {
        loop {
            match self.read(index) {
                Ok(Filled::Nothing) => return,
                Ok(_) => {}
                Err(error) => return self.lose(index, &error.to_string()),
            }
        }
    }

    fn read(&mut self, index: usize) -> Result<Filled, ReceiveError> {
        let Some(Some(connection)) = self.connections.get_mut(index) else { return Ok(Filled::Nothing) };
        let Client { stream, inbox, mask } = &mut connection.client;
        let filled = self.receiver.fill(inbox, &mut &*stream)?;
        if filled == Filled::Nothing {
            return Ok(filled);
        }
        let (now_ns, is_measured) = (self.shared.clock.now_ns(), self.shared.phase() == Phase::Measure);
        let (mut deliveries, mut pings, newest, seen) = (0, 0, &mut connection.newest, &mut self.seen);
        let drained = self.receiver.drain(inbox, |received| {
            let Received::Message(packet) = received else { return };
            pings += u32::from(packet == PING);
            let Some(mark) = message::read(packet) else { return };
            let Some(newest) = newest.get_mut(mark.sender) else { return };
            deliveries += 1;
            seen.out_of_order += u64::from(mark.sequence != *newest + 1);
            *newest = mark.sequence;
            if is_measured {
                seen.latency.saturating_record(now_ns.saturating_sub(mark.sent_ns));
            }
        });
        self.shared.deliveries.fetch_add(deliveries, Ordering::Relaxed);
        drained?;
        for _ in 0..pings {
            let mut bytes = Vec::new();
            frame::write(&mut bytes, Opcode::Text, *mask, PONG);
            (&*stream).write_all(&bytes)?;
        }
        Ok(filled)
    }

    fn lose(&mut self, index: usize, reason: &str) {
        if self.connections.get_mut(index).and_then(Option::take).is_some() {
            self.seen.lost += 1;
            text::keep_reason(&mut self.seen.reasons, reason.to_owned());
        }
    }
}
