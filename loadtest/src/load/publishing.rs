//! The publishing thread: every publisher in one event queue, in a closed loop of windows or at a fixed rate.
//!
//! A payload carries the time at which it was sent, or at a fixed rate the time at which it was due; a publisher that falls
//! behind therefore measures the wait as well, and no slow answer is hidden by sending less (coordinated omission).

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::checker::Published;
use super::pace::{Schedule, Timer};
use super::plan::Pace;
use super::publisher::{Outcome, Publisher, PublisherPlan, Room};
use super::shared::{Phase, Shared, Tally};
use crate::client::marker::Template;
use crate::client::receive::Receiver;
use crate::client::scan::Scanner;
use crate::client::wire::Encoding;
use crate::report::hdr;

/// How long the thread sleeps without events before it looks at the phase.
const IDLE: Duration = Duration::from_millis(20);

/// How long outstanding publishes may take to be answered after the last one.
const DRAIN: Duration = Duration::from_secs(15);

/// Publishes without an answer that a publisher may have at a fixed rate.
const OUTSTANDING_MAX: usize = 65_536;

const TIMER: Token = Token(usize::MAX);

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
