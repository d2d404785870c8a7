//! The publishing thread: every publisher in one event queue, in a closed loop of windows or at a fixed rate.
//!
//! A payload carries the time at which it was sent, or at a fixed rate the time at which it was due; a publisher that falls
//! behind therefore measures the wait as well, and no slow answer is hidden by sending less (coordinated omission).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::{Events, Poll, Token};

use super::checker::Published;
use super::connection::Connection;
use super::outstanding::{Outstanding, Sent};
use super::pace::{Schedule, Timer};
use super::plan::Pace;
use super::publish::PublishCommand;
use super::shared::{Phase, Shared, Tally};
use crate::client::frame::{self, Opcode};
use crate::client::marker::{Marker, Template};
use crate::client::receive::{Received, Receiver};
use crate::client::scan::{Scanned, Scanner, publish_ack};
use crate::client::session::Parts;
use crate::client::wire::{self, Encoding};
use crate::report::{hdr, text};

/// How long the thread sleeps without events before it looks at the phase.
const IDLE: Duration = Duration::from_millis(20);

/// How long outstanding publishes may take to be answered after the last one.
const DRAIN: Duration = Duration::from_secs(15);

/// Publishes without an answer that a publisher may have at a fixed rate.
const OUTSTANDING_MAX: usize = 65_536;

/// Refused and unanswered numbers that are remembered per stream.
const EXCUSED_MAX: usize = 1 << 20;

const TIMER: Token = Token(usize::MAX);

/// A stream and the channel it goes into.
#[derive(Debug)]
pub struct StreamPlan {
    /// The stream's number.
    pub stream: u32,
    /// Its channel.
    pub channel: String,
}

/// One publishing connection, ready to be handed to the thread.
#[derive(Debug)]
pub struct PublisherPlan {
    /// Its connection.
    pub parts: Parts,
    /// What it publishes, in turn.
    pub streams: Vec<StreamPlan>,
}

/// What the publishing thread knows at the end.
#[derive(Debug)]
pub struct Outcome {
    /// Per stream, what was published.
    pub published: Vec<Published>,
    /// Time to the acknowledgement, in nanoseconds, in the measured phase.
    pub acknowledged: Histogram<u64>,
    /// Why publishes failed, the first few.
    pub reasons: Vec<String>,
}

/// The running thread.
#[derive(Debug)]
pub struct PublisherThread {
    /// Its counters.
    pub tally: Arc<Tally>,
    thread: JoinHandle<std::io::Result<Outcome>>,
}

impl PublisherThread {
    /// Starts the thread; it begins to publish with [`Phase::Warm`] and ends once everything is answered in [`Phase::Drain`].
    ///
    /// # Errors
    /// When the kernel gives no event queue or no thread.
    pub fn start(
        shared: Arc<Shared>,
        encoding: Encoding,
        plans: Vec<PublisherPlan>,
        pace: Pace,
        size: usize,
    ) -> std::io::Result<Self> {
        let tally = Arc::new(Tally::default());
        let room = Room {
            poll: Poll::new()?,
            pace,
            template: Template::new(size),
            encoding,
            shared,
            tally: Arc::clone(&tally),
        };
        let thread = std::thread::Builder::new().name("publishers".into()).spawn(move || run(room, plans))?;
        Ok(Self { tally, thread })
    }

    /// Waits for the end of the thread.
    ///
    /// # Errors
    /// When its event queue failed or it panicked.
    pub fn join(self) -> std::io::Result<Outcome> {
        self.thread.join().map_err(|_| std::io::Error::other("the publishing thread panicked"))?
    }
}

/// What the publishers share.
struct Room {
    poll: Poll,
    pace: Pace,
    template: Template,
    encoding: Encoding,
    shared: Arc<Shared>,
    tally: Arc<Tally>,
}

fn run(room: Room, plans: Vec<PublisherPlan>) -> std::io::Result<Outcome> {
    let streams = plans.iter().map(|plan| plan.streams.len()).sum();
    let mut publishers = Vec::with_capacity(plans.len());
    for (index, plan) in plans.into_iter().enumerate() {
        publishers.push(Publisher::new(&room, plan, Token(index))?);
    }
    let mut thread = Thread {
        timer: Timer::register(room.poll.registry(), TIMER)?,
        scanner: Scanner::new(room.encoding),
        receiver: Receiver::new(),
        schedule: None,
        outcome: Outcome {
            published: vec![Published::default(); streams],
            acknowledged: hdr::latency(),
            reasons: Vec::new(),
        },
        room,
        publishers,
    };
    thread.serve()?;
    Ok(thread.finish())
}

struct Thread {
    room: Room,
    timer: Timer,
    scanner: Scanner,
    receiver: Receiver,
    schedule: Option<Schedule>,
    publishers: Vec<Publisher>,
    outcome: Outcome,
}

impl Thread {
    fn serve(&mut self) -> std::io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut drain_until = None;
        loop {
            let phase = self.room.shared.phase();
            if phase == Phase::Stop {
                return Ok(());
            }
            if phase == Phase::Drain {
                let deadline = *drain_until.get_or_insert_with(|| Instant::now() + DRAIN);
                if self.publishers.iter().all(Publisher::is_done) || Instant::now() > deadline {
                    return Ok(());
                }
            } else if phase > Phase::Open {
                self.publish()?;
            }
            match self.room.poll.poll(&mut events, Some(IDLE)) {
                Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return Err(error),
                _ => self.read(&events, phase == Phase::Measure),
            }
        }
    }

    fn publish(&mut self) -> std::io::Result<()> {
        match self.room.pace {
            Pace::Window(window) => self.fill_windows(window),
            Pace::Rate(per_second) => self.publish_due(per_second)?,
        }
        for publisher in &mut self.publishers {
            publisher.flush(&mut self.outcome);
        }
        Ok(())
    }

    fn fill_windows(&mut self, window: usize) {
        let now_ns = self.room.shared.clock.now_ns();
        for publisher in &mut self.publishers {
            while publisher.may_publish(window) {
                publisher.publish(&mut self.room, &mut self.outcome, now_ns);
            }
        }
    }

    fn publish_due(&mut self, per_second: f64) -> std::io::Result<()> {
        let now_ns = self.room.shared.clock.now_ns();
        let schedule = self.schedule.get_or_insert_with(|| Schedule::new(now_ns, per_second));
        let count = self.publishers.len() as u64;
        while self.publishers[(schedule.issued() % count) as usize].may_publish(OUTSTANDING_MAX)
            && let Some((number, due_ns)) = schedule.take_due(now_ns)
        {
            self.publishers[(number % count) as usize].publish(&mut self.room, &mut self.outcome, due_ns);
        }
        self.timer.set(schedule.next_ns().saturating_sub(self.room.shared.clock.now_ns()))
    }

    fn read(&mut self, events: &Events, measured: bool) {
        for event in events.iter().filter(|event| event.token() != TIMER) {
            let Some(publisher) = self.publishers.get_mut(event.token().0) else { continue };
            publisher.flush(&mut self.outcome);
            publisher.read(
                &self.room,
                &self.scanner,
                &mut self.receiver,
                &mut self.outcome,
                measured,
                event.is_read_closed(),
            );
        }
    }

    fn finish(mut self) -> Outcome {
        for publisher in &mut self.publishers {
            publisher.give_up(&mut self.outcome);
        }
        self.outcome
    }
}

struct Publisher {
    connection: Option<Connection>,
    outstanding: Outstanding,
    streams: Vec<(u32, PublishCommand)>,
    turn: usize,
}

impl Publisher {
    fn new(room: &Room, plan: PublisherPlan, token: Token) -> std::io::Result<Self> {
        let connection = Connection::register(plan.parts.stream, plan.parts.inbox, room.poll.registry(), token)?;
        let command = |plan: StreamPlan| (plan.stream, PublishCommand::new(room.encoding, &plan.channel));
        Ok(Self {
            connection: Some(connection),
            outstanding: Outstanding::new(2),
            streams: plan.streams.into_iter().map(command).collect(),
            turn: 0,
        })
    }

    fn is_done(&self) -> bool {
        self.connection.is_none() || self.outstanding.is_empty()
    }

    fn may_publish(&self, window: usize) -> bool {
        self.outstanding.len() < window && self.connection.as_ref().is_some_and(|connection| !connection.is_congested())
    }

    fn publish(&mut self, room: &mut Room, outcome: &mut Outcome, sent_ns: u64) {
        let Some(connection) = &mut self.connection else { return };
        let turn = self.turn;
        self.turn = (turn + 1) % self.streams.len();
        let (stream, command) = &mut self.streams[turn];
        let published = &mut outcome.published[*stream as usize];
        let sequence = published.count;
        published.count += 1;
        let id = self.outstanding.push(Sent { stream: *stream, sequence, sent_ns });
        let payload = room.template.fill(Marker { run: room.shared.run, stream: *stream, sequence, sent_ns });
        let mask = connection.mask;
        command.write(id, payload, mask, connection.outbox());
        room.tally.published.fetch_add(1, Ordering::Relaxed);
    }

    fn flush(&mut self, outcome: &mut Outcome) {
        let Some(connection) = &mut self.connection else { return };
        if let Err(error) = connection.flush() {
            self.end(outcome, error.to_string());
        }
    }

    fn read(
        &mut self,
        room: &Room,
        scanner: &Scanner,
        receiver: &mut Receiver,
        outcome: &mut Outcome,
        measured: bool,
        ending: bool,
    ) {
        let Some(connection) = &mut self.connection else { return };
        let (mask, outstanding) = (connection.mask, &mut self.outstanding);
        let result =
            connection.receive(receiver, &room.shared.clock, ending, |outbox, now_ns, received| match received {
                Received::Ping(payload) => frame::write(outbox, Opcode::Pong, mask, payload),
                Received::Message(message) => {
                    scanner.scan(message, |scanned| match scanned {
                        Scanned::Ping => wire::write_pong(room.encoding, mask, outbox),
                        Scanned::Other(reply) => accept(room, outstanding, outcome, reply, measured.then_some(now_ns)),
                        Scanned::Delivery(_) => {}
                    });
                }
            });
        if let Err(error) = result {
            room.tally.closed.fetch_add(1, Ordering::Relaxed);
            self.end(outcome, error.to_string());
        }
        self.flush(outcome);
    }

    fn end(&mut self, outcome: &mut Outcome, reason: String) {
        self.connection = None;
        text::keep_reason(&mut outcome.reasons, format!("publisher: {reason}"));
        self.give_up(outcome);
    }

    fn give_up(&mut self, outcome: &mut Outcome) {
        for sent in self.outstanding.take_all() {
            let unanswered = &mut outcome.published[sent.stream as usize].unanswered;
            if unanswered.len() < EXCUSED_MAX {
                unanswered.insert(sent.sequence);
            }
        }
    }
}

/// Takes one reply to a publish; `now_ns` is set in the measured phase.
fn accept(room: &Room, outstanding: &mut Outstanding, outcome: &mut Outcome, reply: &[u8], now_ns: Option<u64>) {
    if let Some(id) = publish_ack(room.encoding, reply) {
        return acknowledge(room, outstanding, outcome, id, now_ns);
    }
    match wire::read_reply(room.encoding, reply) {
        Ok(reply) => match reply.error {
            None if reply.id > 0 => acknowledge(room, outstanding, outcome, reply.id, now_ns),
            None => {}
            Some(error) => {
                text::keep_reason(&mut outcome.reasons, format!("publish refused: {} {}", error.code, error.message));
                refuse(&room.tally.refused, outstanding, outcome, reply.id);
            }
        },
        Err(error) => text::keep_reason(&mut outcome.reasons, error.to_string()),
    }
}

fn acknowledge(room: &Room, outstanding: &mut Outstanding, outcome: &mut Outcome, id: u32, now_ns: Option<u64>) {
    let Some(sent) = outstanding.take(id) else {
        return text::keep_reason(&mut outcome.reasons, format!("answer to unknown id {id}"));
    };
    room.tally.acknowledged.fetch_add(1, Ordering::Relaxed);
    if let Some(now_ns) = now_ns {
        outcome.acknowledged.saturating_record(now_ns.saturating_sub(sent.sent_ns));
    }
}

fn refuse(refused: &AtomicU64, outstanding: &mut Outstanding, outcome: &mut Outcome, id: u32) {
    let Some(sent) = outstanding.take(id) else { return };
    refused.fetch_add(1, Ordering::Relaxed);
    let numbers = &mut outcome.published[sent.stream as usize].refused;
    if numbers.len() < EXCUSED_MAX {
        numbers.insert(sent.sequence);
    }
}
