//! Builds that lie, to prove that the tests which judge the engine notice. Compiled only with the feature `faults`
//! and chosen by the environment variable `NATTER_FAULT`:
//! - `ack_before_commit`: answers before the batch is written, then waits up to 20 ms before writing it;
//! - `fail_sync_after=<n>`: the n-th batch (from 1) reaches the operating system, and then its sync "fails";
//! - `one_event_per_sync`: every command is a batch with a sync of its own (the core appends one event at a time).

use std::time::Duration;

use fjall::{OwnedWriteBatch, PersistMode};
use tokio::sync::OwnedSemaphorePermit;

use super::command::Answer;

const DELAY_US_MAX: u64 = 20_000;

type Decided = Vec<(Answer, OwnedSemaphorePermit)>;

/// The faults that were asked for.
#[derive(Default)]
pub(super) struct Faults {
    ack_before_commit: bool,
    fail_sync_after: Option<u64>,
    one_event_per_sync: bool,
    batches: u64,
}

impl Faults {
    pub(super) fn from_env() -> Self {
        let asked = std::env::var("NATTER_FAULT").unwrap_or_default();
        let fail_sync_after = asked.strip_prefix("fail_sync_after=").and_then(|count| count.parse().ok());
        Self {
            ack_before_commit: asked == "ack_before_commit",
            fail_sync_after,
            one_event_per_sync: asked == "one_event_per_sync",
            batches: 0,
        }
    }

    /// Whether no command may share its sync with another.
    pub(super) fn one_event_per_sync(&self) -> bool {
        self.one_event_per_sync
    }

    /// Answers everybody too early; the answers are then gone.
    pub(super) fn ack_before_commit(&mut self, decided: Decided) -> Decided {
        if !self.ack_before_commit {
            return decided;
        }
        decided.into_iter().for_each(|(answer, _)| answer.deliver());
        self.batches += 1;
        // Spread over the range without a source of randomness: steps of the golden ratio.
        let delay_us = self.batches.wrapping_mul(0x9E37_79B9_7F4A_7C15) % DELAY_US_MAX;
        std::thread::sleep(Duration::from_micros(delay_us));
        Vec::new()
    }

    /// Hands the batch on, or writes it without a sync and reports a failure.
    pub(super) fn fail_sync(&mut self, writes: OwnedWriteBatch) -> Result<OwnedWriteBatch, String> {
        self.batches += 1;
        if self.fail_sync_after != Some(self.batches) {
            return Ok(writes);
        }
        let written = writes.durability(Some(PersistMode::Buffer)).commit();
        Err(format!("the sync failed because NATTER_FAULT asks for it (written: {})", written.is_ok()))
    }
}
