//! One load from the first connection to the verdict: open, warm up, measure, drain, judge.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use super::checker::{Faults, Published};
use super::open::open_subscribers;
use super::plan::Plan;
use super::publisher::{self, PublisherPlan, StreamPlan};
use super::publishing::PublisherThread;
use super::shared::{Phase, Shared, Totals};
use super::worker::Worker;
use crate::client::receive::Receiver;
use crate::client::session::Session;
use crate::client::{descriptors, marker};
use crate::report::hdr;
use crate::report::text::{Progress, keep_reason, thousands};

/// How often a running load looks at its counters.
const TICK: Duration = Duration::from_millis(50);

/// Deliveries may pause this long while draining before the rest counts as lost.
const SILENCE: Duration = Duration::from_secs(5);

/// A load whose connections are open.
#[derive(Debug)]
pub struct Load {
    /// Phase, clock and run number.
    pub shared: Arc<Shared>,
    plan: Plan,
    workers: Vec<Worker>,
    publisher: Option<PublisherThread>,
    stop: Arc<AtomicBool>,
    progress: Progress,
}

/// What a load found.
#[derive(Debug)]
pub struct Found {
    /// Everything that was wrong with deliveries.
    pub faults: Faults,
    /// From sending to reading.
    pub latency: Histogram<u64>,
    /// From sending to the acknowledgement.
    pub acknowledged: Histogram<u64>,
    /// Publishes without an answer.
    pub unanswered: u64,
    /// Counters from beginning to end.
    pub totals: Totals,
    /// What explains faults, the first few.
    pub reasons: Vec<String>,
}

impl Load {
    /// Opens every connection of the plan.
    ///
    /// # Errors
    /// When descriptors are too few or a connection cannot be set up.
    pub fn open(plan: Plan, stop: Arc<AtomicBool>, progress: Progress) -> Result<Self> {
        descriptors::require(plan.connections())?;
        let shared = Arc::new(Shared::new());
        let start =
            || Worker::start(Arc::clone(&shared), plan.target.encoding).context("cannot start a reading thread");
        let workers = (0..plan.threads.max(1)).map(|_| start()).collect::<Result<Vec<_>>>()?;
        let mut load = Self { shared, plan, workers, publisher: None, stop, progress };
        open_subscribers(&load.plan, &load.workers, &load.stop, progress)?;
        if load.plan.publishers > 0 {
            load.publisher = Some(load.open_publishers()?);
        }
        Ok(load)
    }

    fn open_publishers(&self) -> Result<PublisherThread> {
        let Plan { target, channels, publishers, pace, size, subscribers, .. } = &self.plan;
        let mut plans = Vec::with_capacity(*publishers);
        for index in 0..*publishers {
            let number = subscribers.len() + index;
            let session = Session::open(target, number, &format!("publisher-{index}"), Receiver::new());
            let parts = session.with_context(|| format!("publisher {index}"))?.into_parts();
            let own = (index..channels.len()).step_by(*publishers);
            let stream = |stream: usize| StreamPlan { stream: stream as u32, channel: channels[stream].clone() };
            plans.push(PublisherPlan { parts, streams: own.map(stream).collect() });
        }
        let size = (*size).max(marker::SIZE_MIN);
        Ok(PublisherThread::start(Arc::clone(&self.shared), target.encoding, plans, *pace, size)?)
    }

    /// The counters now.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let publisher = self.publisher.iter().map(|publisher| &*publisher.tally);
        Totals::sum(self.workers.iter().map(|worker| &*worker.tally).chain(publisher))
    }

    /// Whether the user asked to stop.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Stays in `phase` for `duration` or until interrupted, with a line of progress a second.
    pub fn stay(&self, phase: Phase, duration: Duration) {
        self.shared.enter(phase);
        let (end, mut last) = (Instant::now() + duration, (Instant::now(), self.totals()));
        while !self.is_interrupted() && Instant::now() < end {
            std::thread::sleep(TICK.min(end.saturating_duration_since(Instant::now())));
            if last.0.elapsed() >= Duration::from_secs(1) {
                let totals = self.totals();
                self.say(phase, totals.since(last.1), last.0.elapsed());
                last = (Instant::now(), totals);
            }
        }
    }

    fn say(&self, phase: Phase, done: Totals, elapsed: Duration) {
        let per_second = |count: u64| thousands(count as f64 / elapsed.as_secs_f64());
        let (publishes, deliveries) = (per_second(done.acknowledged), per_second(done.deliveries));
        let closed = if done.closed > 0 { format!(", {} connections lost", done.closed) } else { String::new() };
        self.progress.line(format!("{phase:?}: {publishes} publishes/s, {deliveries} deliveries/s{closed}"));
    }

    /// Stops publishing, waits for what is still on its way, ends every thread and judges.
    ///
    /// # Errors
    /// When a thread panicked or the publishing thread failed.
    pub fn finish(mut self) -> Result<Found> {
        self.shared.enter(Phase::Drain);
        let published = match self.publisher.take() {
            Some(publisher) => {
                let tally = Arc::clone(&publisher.tally);
                let outcome = publisher.join()?;
                (outcome, Totals::sum(std::iter::once(&*tally)))
            }
            None => (nothing_published(self.plan.channels.len()), Totals::default()),
        };
        self.finish_with(published.0, published.1)
    }

    /// As [`Self::finish`], for publishes that were made elsewhere.
    ///
    /// # Errors
    /// When a thread panicked.
    pub fn finish_with(self, outcome: publisher::Outcome, published: Totals) -> Result<Found> {
        self.await_deliveries(&outcome.published);
        self.shared.enter(Phase::Stop);
        let read = Totals::sum(self.workers.iter().map(|worker| &*worker.tally));
        let mut found = Found {
            faults: Faults::default(),
            latency: hdr::latency(),
            unanswered: outcome.published.iter().map(|stream| stream.unanswered.len() as u64).sum(),
            totals: Totals {
                deliveries: read.deliveries,
                bytes: read.bytes,
                reads: read.reads,
                closed: read.closed + published.closed,
                ..published
            },
            acknowledged: outcome.acknowledged,
            reasons: outcome.reasons,
        };
        for worker in self.workers {
            let read = worker.join().context("a reading thread panicked")?;
            found.latency.add(&read.latency)?;
            read.reasons.into_iter().for_each(|reason| keep_reason(&mut found.reasons, reason));
            for checker in &read.checkers {
                found.faults += checker.finish(&outcome.published);
            }
        }
        Ok(found)
    }

    /// Waits until every expected delivery has come or none comes any more.
    fn await_deliveries(&self, published: &[Published]) {
        let expected = |(stream, audience): (&Published, u64)| (stream.count - stream.refused.len() as u64) * audience;
        let expected: u64 = published.iter().zip(self.plan.audience()).map(expected).sum();
        let mut last = (Instant::now(), 0);
        while last.1 < expected && last.0.elapsed() < SILENCE {
            std::thread::sleep(TICK);
            let deliveries = self.totals().deliveries;
            if deliveries > last.1 {
                last = (Instant::now(), deliveries);
            }
        }
    }
}

/// The outcome of a publisher that published nothing.
#[must_use]
pub fn nothing_published(streams: usize) -> publisher::Outcome {
    publisher::Outcome {
        published: vec![Published::default(); streams],
        acknowledged: hdr::latency(),
        reasons: Vec::new(),
    }
}
