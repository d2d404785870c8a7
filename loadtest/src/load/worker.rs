//! A reading thread: an event queue over many subscribers, each delivery checked and timed as it is found.
//!
//! Connections are handed over while it runs and are served from then on, so pings are answered even while others still
//! open. A connection that ends before the run does is kept as a reason; what it did not receive counts as lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver as Queue, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use hdrhistogram::Histogram;
use mio::{Events, Poll, Token, Waker};

use super::checker::Checker;
use super::connection::{Connection, Reads};
use super::shared::{Phase, Shared, Tally};
use crate::client::frame::{self, Opcode};
use crate::client::receive::{Inbox, ReceiveError, Received, Receiver};
use crate::client::scan::{Scanned, Scanner};
use crate::client::wire::{self, Encoding};
use crate::report::{hdr, text};

/// How long the thread sleeps without events before it looks at the phase.
const IDLE: Duration = Duration::from_millis(100);

/// Events taken from the kernel at once.
const EVENTS: usize = 1024;

/// Connections that may wait to be taken over.
const HANDOVER: usize = 1024;

const WAKE: Token = Token(usize::MAX);

/// A subscriber on its way to its thread.
#[derive(Debug)]
pub struct Subscriber {
    /// Its socket, still blocking.
    pub stream: std::net::TcpStream,
    /// Bytes of an unfinished frame.
    pub inbox: Inbox,
    /// What it has to receive.
    pub checker: Checker,
}

/// What a thread found out.
#[derive(Debug)]
pub struct Outcome {
    /// The subscribers' expectations, for the final judgement.
    pub checkers: Vec<Checker>,
    /// Time from sending to reading, in nanoseconds, of deliveries in the measured phase.
    pub latency: Histogram<u64>,
    /// Why connections ended early, the first few.
    pub reasons: Vec<String>,
}

/// A running thread.
#[derive(Debug)]
pub struct Worker {
    /// Its counters.
    pub tally: Arc<Tally>,
    queue: SyncSender<Subscriber>,
    waker: Arc<Waker>,
    thread: JoinHandle<Outcome>,
}

impl Worker {
    /// Starts a thread for subscribers of one encoding.
    ///
    /// # Errors
    /// When the kernel gives no event queue or no thread.
    pub fn start(shared: Arc<Shared>, encoding: Encoding) -> std::io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let (queue, incoming) = sync_channel(HANDOVER);
        let tally = Arc::new(Tally::default());
        let reader = Reader::new(shared, Arc::clone(&tally), encoding);
        let thread = std::thread::Builder::new()
            .name("subscribers".into())
            .spawn(move || EventLoop::new(poll, incoming, reader).run())?;
        Ok(Self { tally, queue, waker, thread })
    }

    /// Hands a subscriber over; waits while the thread has too many to take.
    ///
    /// # Errors
    /// When the thread has ended.
    pub fn add(&self, subscriber: Subscriber) -> std::io::Result<()> {
        self.queue.send(subscriber).map_err(std::io::Error::other)?;
        self.waker.wake()
    }

    /// Waits for the end of the thread, which comes with [`Phase::Stop`]; `None` when it panicked.
    #[must_use]
    pub fn join(self) -> Option<Outcome> {
        drop(self.queue);
        self.thread.join().ok()
    }
}

struct EventLoop {
    poll: Poll,
    incoming: Queue<Subscriber>,
    receiver: Receiver,
    reader: Reader,
    connections: Vec<Option<Connection>>,
}

impl EventLoop {
    fn new(poll: Poll, incoming: Queue<Subscriber>, reader: Reader) -> Self {
        Self { poll, incoming, receiver: Receiver::new(), reader, connections: Vec::new() }
    }

    fn run(mut self) -> Outcome {
        let mut events = Events::with_capacity(EVENTS);
        while self.reader.shared.phase() < Phase::Stop {
            if let Err(error) = self.poll.poll(&mut events, Some(IDLE))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                self.reader.note(error.to_string());
                break;
            }
            self.reader.measured = self.reader.shared.phase() == Phase::Measure;
            for event in &events {
                match event.token() {
                    WAKE => self.take_over(),
                    token => self.serve(token.0, event.is_read_closed()),
                }
            }
        }
        self.reader.outcome
    }

    fn take_over(&mut self) {
        while let Ok(subscriber) = self.incoming.try_recv() {
            let index = self.connections.len();
            self.reader.outcome.checkers.push(subscriber.checker);
            let registry = self.poll.registry();
            let registered = Connection::register(subscriber.stream, subscriber.inbox, registry, Token(index));
            self.connections.push(registered.map_err(|error| self.reader.close(&error.into())).ok());
            self.serve(index, false);
        }
    }

    #[inline]
    fn serve(&mut self, index: usize, ending: bool) {
        let Some(slot) = self.connections.get_mut(index) else { return };
        let Some(connection) = slot else { return };
        if let Err(error) = self.reader.read(connection, index, &mut self.receiver, ending) {
            self.reader.close(&error);
            *slot = None;
        }
    }
}

struct Reader {
    shared: Arc<Shared>,
    tally: Arc<Tally>,
    encoding: Encoding,
    scanner: Scanner,
    measured: bool,
    outcome: Outcome,
}

impl Reader {
    fn new(shared: Arc<Shared>, tally: Arc<Tally>, encoding: Encoding) -> Self {
        let outcome = Outcome { checkers: Vec::new(), latency: hdr::latency(), reasons: Vec::new() };
        Self { shared, tally, encoding, scanner: Scanner::new(encoding), measured: false, outcome }
    }

    #[inline]
    fn read(
        &mut self,
        connection: &mut Connection,
        index: usize,
        receiver: &mut Receiver,
        ending: bool,
    ) -> Result<(), ReceiveError> {
        let (mask, clock, mut deliveries) = (connection.mask, self.shared.clock, 0);
        let reads = connection.receive(receiver, &clock, ending, |outbox, now_ns, received| match received {
            Received::Message(message) => deliveries += self.accept(index, message, now_ns, mask, outbox),
            Received::Ping(payload) => frame::write(outbox, Opcode::Pong, mask, payload),
        });
        self.count(deliveries, *reads.as_ref().unwrap_or(&Reads::default()));
        reads?;
        Ok(connection.flush()?)
    }

    /// Takes one message; the number of deliveries in it.
    #[inline]
    fn accept(&mut self, index: usize, message: &[u8], now_ns: u64, mask: [u8; 4], outbox: &mut Vec<u8>) -> u64 {
        let (run, measured, encoding) = (self.shared.run, self.measured, self.encoding);
        let Outcome { checkers, latency, reasons } = &mut self.outcome;
        let mut deliveries = 0;
        let complete = self.scanner.scan(message, |scanned| match scanned {
            Scanned::Delivery(marker) if marker.run == run => {
                deliveries += 1;
                checkers[index].accept(marker);
                if measured {
                    latency.saturating_record(now_ns.saturating_sub(marker.sent_ns));
                }
            }
            Scanned::Delivery(_) => {}
            Scanned::Ping => wire::write_pong(encoding, mask, outbox),
            Scanned::Other(reply) => note_rare(encoding, reply, reasons),
        });
        if !complete {
            self.note("a reply runs over the end of its message".to_owned());
        }
        deliveries
    }

    #[inline]
    fn count(&self, deliveries: u64, reads: Reads) {
        self.tally.deliveries.fetch_add(deliveries, Ordering::Relaxed);
        self.tally.bytes.fetch_add(reads.bytes, Ordering::Relaxed);
        self.tally.reads.fetch_add(reads.calls, Ordering::Relaxed);
    }

    fn close(&mut self, error: &ReceiveError) {
        self.tally.closed.fetch_add(1, Ordering::Relaxed);
        self.note(error.to_string());
    }

    fn note(&mut self, reason: String) {
        text::keep_reason(&mut self.outcome.reasons, reason);
    }
}

/// Keeps what explains missing deliveries: an unsubscribe or a disconnect. Joins, leaves and strangers' messages do not.
#[cold]
fn note_rare(encoding: Encoding, reply: &[u8], reasons: &mut Vec<String>) {
    let reason = match wire::read_reply(encoding, reply) {
        Err(error) => Some(error.to_string()),
        Ok(reply) => reply.push.and_then(|push| {
            let unsubscribed =
                push.unsubscribe.map(|end| format!("unsubscribed by the server: {} {}", end.code, end.reason));
            unsubscribed
                .or(push.disconnect.map(|end| format!("disconnected by the server: {} {}", end.code, end.reason)))
        }),
    };
    if let Some(reason) = reason {
        text::keep_reason(reasons, reason);
    }
}
