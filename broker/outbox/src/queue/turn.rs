//! A lane's turn: its first jobs, one after the other, until one has to wait.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use natter_store::StoreError;
use tokio::time::Instant;

use super::gauges;
use super::job::{Deliverer, Delivery, JobId, Outcome};
use super::options::millis;
use super::outbox::Shared;
use super::record::{LaneId, Record};
use super::rows::Place;
use super::schedule::TurnEnd;

/// Jobs of one turn: few, so that others get theirs, and so that few payloads are in memory.
const TURN_JOBS: usize = 4;
/// Wait after the store has failed, and for a deliverer that is not there.
const SETBACK_MS: i64 = 5_000;

/// What to do after a job.
enum Next {
    /// It is out of the way.
    Job,
    /// It has to wait until then, and what is behind it as well.
    Wait(i64),
}

impl Shared {
    pub(super) async fn turn(&self, lane: LaneId) -> TurnEnd {
        let barrier = self.schedule.lock().barrier(lane);
        match self.walk(lane, barrier).await {
            Ok(end) => end,
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot use the store");
                TurnEnd::Wait(self.now_ms() + SETBACK_MS)
            }
        }
    }

    async fn walk(&self, lane: LaneId, barrier: JobId) -> Result<TurnEnd, StoreError> {
        let (records, is_whole) = self.rows.of_lane(lane, TURN_JOBS).await?;
        if records.is_empty() {
            return Ok(TurnEnd::Empty);
        }
        for record in records {
            if record.id >= barrier {
                return Ok(TurnEnd::Empty);
            }
            if self.stop.is_cancelled() {
                return Ok(TurnEnd::More);
            }
            self.schedule.lock().set_head_time(lane, record.head.since_ms);
            if let Next::Wait(until) = self.run_job(lane, record).await? {
                return Ok(TurnEnd::Wait(until));
            }
        }
        Ok(if is_whole { TurnEnd::Empty } else { TurnEnd::More })
    }

    async fn run_job(&self, lane: LaneId, record: Record) -> Result<Next, StoreError> {
        let (head, now_ms) = (&record.head, self.now_ms());
        let is_hurried = self.schedule.lock().take_hurry(lane);
        if head.due_ms > now_ms && !is_hurried {
            return Ok(Next::Wait(head.due_ms));
        }
        let Some(deliverer) = self.deliverer(head.kind) else { return Ok(Next::Wait(now_ms + SETBACK_MS)) };
        let age_ms = u64::try_from(now_ms - head.since_ms).unwrap_or_default();
        if head.attempts > 0 && age_ms >= millis(self.options.policy(head.kind).give_up_after) {
            let reason = format!("given up after {} attempts: {}", head.attempts, head.reason);
            return self.bury(record, &reason).await;
        }
        let started = Instant::now();
        let outcome = self.attempt(deliverer, &record.delivery()).await;
        let has_worked = !matches!(outcome, Outcome::Retry { .. });
        self.schedule.lock().attempted(lane, has_worked, self.now_ms());
        gauges::attempted(record.head.kind, outcome.label(), started.elapsed());
        self.settle(record, outcome).await
    }

    async fn attempt(&self, deliverer: Arc<dyn Deliverer>, delivery: &Delivery) -> Outcome {
        let work = AssertUnwindSafe(deliverer.deliver(delivery)).catch_unwind();
        match tokio::time::timeout(self.options.attempt_time_max, work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Outcome::retry("the deliverer panicked"),
            Err(_) => Outcome::retry("the attempt took too long"),
        }
    }

    async fn settle(&self, record: Record, outcome: Outcome) -> Result<Next, StoreError> {
        match outcome {
            Outcome::Done => {
                self.drop_waiting(&record).await?;
                Ok(Next::Job)
            }
            Outcome::Dead { reason } => self.bury(record, &reason).await,
            Outcome::Retry { reason, after } => self.postpone(record, &reason, after.map(millis)).await,
        }
    }

    async fn postpone(&self, mut record: Record, reason: &str, after_ms: Option<u64>) -> Result<Next, StoreError> {
        let policy = self.options.policy(record.head.kind);
        record.head.attempts = record.head.attempts.saturating_add(1);
        record.set_reason(reason);
        let jittered = (self.options.jitter)(policy.ceiling_ms(record.head.attempts));
        // A peer may ask for more patience, but not for more than the configuration has.
        let wait = jittered.max(after_ms.unwrap_or_default().min(millis(policy.max)));
        let due_ms = self.now_ms().saturating_add_unsigned(wait);
        record.head.due_ms = due_ms;
        tracing::debug!(job = %record.id, kind = %record.head.kind, wait_ms = wait, reason, "a job is put off");
        self.rows.set(Place::Waiting, &record).await?;
        Ok(Next::Wait(due_ms))
    }

    /// Moves a job to the dead: first the copy, so that a crash in between loses nothing.
    async fn bury(&self, mut record: Record, reason: &str) -> Result<Next, StoreError> {
        let kind = record.head.kind;
        record.set_reason(reason);
        record.head.died_ms = self.now_ms();
        tracing::warn!(job = %record.id, %kind, tenant = record.head.tenant, reason, "a job is given up");
        if self.tally.lock().all_dead() < self.options.dead_max {
            self.rows.set(Place::Dead, &record).await?;
            self.tally.lock().died(kind);
        } else {
            tracing::error!(job = %record.id, %kind, "a job is dropped, since too many dead ones are record");
            gauges::dropped(kind);
        }
        self.drop_waiting(&record).await?;
        Ok(Next::Job)
    }

    async fn drop_waiting(&self, record: &Record) -> Result<(), StoreError> {
        self.rows.remove(Place::Waiting, record).await?;
        self.tally.lock().left(&record.head);
        Ok(())
    }
}

impl Outcome {
    fn label(&self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Retry { .. } => "retry",
            Self::Dead { .. } => "dead",
        }
    }
}
