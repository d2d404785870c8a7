//! What the threads of a load share: the phase it is in, its clock, and counters that are read while it runs.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::client::clock::Clock;

/// The phases of a load, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// Connections are being opened; nothing is published.
    Open,
    /// Publishing, not yet measured.
    Warm,
    /// Publishing and measured.
    Measure,
    /// No new publishes; what is outstanding still arrives.
    Drain,
    /// Threads end.
    Stop,
}

const PHASES: [Phase; 5] = [Phase::Open, Phase::Warm, Phase::Measure, Phase::Drain, Phase::Stop];

/// Shared state of one load.
#[derive(Debug)]
pub struct Shared {
    /// Tells this run's messages from those of others.
    pub run: u32,
    /// The clock of send times and arrivals.
    pub clock: Clock,
    phase: AtomicU8,
}

impl Shared {
    /// A new run with a random number.
    #[must_use]
    pub fn new() -> Self {
        Self { run: rand::random(), clock: Clock::start(), phase: AtomicU8::new(Phase::Open as u8) }
    }

    /// The current phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        PHASES[usize::from(self.phase.load(Ordering::Acquire))]
    }

    /// Moves on to `phase`.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new()
    }
}

/// Counters of one thread, written by it once per read and summed by whoever watches.
#[derive(Debug, Default)]
pub struct Tally {
    /// Load messages of this run that arrived.
    pub deliveries: AtomicU64,
    /// Bytes read, frame headers included.
    pub bytes: AtomicU64,
    /// Read calls that brought something.
    pub reads: AtomicU64,
    /// Publishes sent.
    pub published: AtomicU64,
    /// Publishes acknowledged.
    pub acknowledged: AtomicU64,
    /// Publishes refused.
    pub refused: AtomicU64,
    /// Connections that ended before they should have.
    pub closed: AtomicU64,
}

/// The counters of all threads at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// See [`Tally::deliveries`].
    pub deliveries: u64,
    /// See [`Tally::bytes`].
    pub bytes: u64,
    /// See [`Tally::reads`].
    pub reads: u64,
    /// See [`Tally::published`].
    pub published: u64,
    /// See [`Tally::acknowledged`].
    pub acknowledged: u64,
    /// See [`Tally::refused`].
    pub refused: u64,
    /// See [`Tally::closed`].
    pub closed: u64,
}

impl Totals {
    /// The sum over `tallies` now.
    pub fn sum<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Self {
        tallies.fold(Self::default(), |total, tally| Self {
            deliveries: total.deliveries + tally.deliveries.load(Ordering::Relaxed),
            bytes: total.bytes + tally.bytes.load(Ordering::Relaxed),
            reads: total.reads + tally.reads.load(Ordering::Relaxed),
            published: total.published + tally.published.load(Ordering::Relaxed),
            acknowledged: total.acknowledged + tally.acknowledged.load(Ordering::Relaxed),
            refused: total.refused + tally.refused.load(Ordering::Relaxed),
            closed: total.closed + tally.closed.load(Ordering::Relaxed),
        })
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            deliveries: self.deliveries - earlier.deliveries,
            bytes: self.bytes - earlier.bytes,
            reads: self.reads - earlier.reads,
            published: self.published - earlier.published,
            acknowledged: self.acknowledged - earlier.acknowledged,
            refused: self.refused - earlier.refused,
            closed: self.closed - earlier.closed,
        }
    }
}
