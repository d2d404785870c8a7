//! The bounds of the queue and when it tries again.

use std::sync::Arc;
use std::time::Duration;

use natter_node::config::Webhooks;
use natter_store::{Clock, system_clock};
use rand::Rng;

use super::job::JobKind;

/// When a failed job is tried again, and when it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Upper end of the first wait.
    pub initial: Duration,
    /// Upper end of every wait.
    pub max: Duration,
    /// Age from which a job that has failed is not tried again.
    pub give_up_after: Duration,
}

/// A link that could not be looked up for so long is not worth a change of its message any more.
const LINK_PREVIEW_GIVE_UP: Duration = Duration::from_secs(600);
/// A notification of yesterday's message helps nobody.
const PUSH_GIVE_UP: Duration = Duration::from_secs(4 * 3600);

impl RetryPolicy {
    /// The upper end of the wait after so many failures: doubled each time, from `initial` to `max`.
    pub(super) fn ceiling_ms(&self, failures: u32) -> u64 {
        let initial = millis(self.initial).max(1);
        let factor = 1u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
        initial.saturating_mul(factor).min(millis(self.max).max(initial))
    }
}

/// Bounds and seams of an [`Outbox`](super::Outbox).
#[derive(Clone)]
pub struct OutboxOptions {
    /// Whose queue of the store it is: the node's name in a cluster, empty elsewhere. Two nodes never share one.
    pub owner: String,
    /// When a job of each kind is tried again, in the order of [`JobKind::ALL`].
    pub policies: [RetryPolicy; 4],
    /// Most attempts under way.
    pub attempts_max: usize,
    /// Most attempts under way for a tenant.
    pub attempts_per_tenant_max: usize,
    /// Most attempts under way at a host.
    pub attempts_per_host_max: usize,
    /// Longest attempt.
    pub attempt_time_max: Duration,
    /// Most lanes in memory; the jobs of others are found in the store when there is room.
    pub lanes_max: usize,
    /// Most jobs of a tenant that wait; more are refused.
    pub backlog_per_tenant_max: u64,
    /// Most jobs that are kept after they were given up; more are dropped, which is logged and counted.
    pub dead_max: u64,
    /// Time between two searches of the store for jobs that are not in memory, when there are any.
    pub survey_interval: Duration,
    /// Tells the time; tests set their own.
    pub clock: Clock,
    /// Answers with a number from 0 to its argument, both included; tests set their own.
    pub jitter: Arc<dyn Fn(u64) -> u64 + Send + Sync>,
}

impl OutboxOptions {
    /// The defaults, with the waits that `[webhooks]` sets. Link previews and push notifications are given up earlier,
    /// after 10 minutes and 4 hours at the latest.
    pub fn new(webhooks: &Webhooks) -> Self {
        let base = RetryPolicy {
            initial: Duration::from_millis(webhooks.retry_initial_ms),
            max: Duration::from_millis(webhooks.retry_max_ms),
            give_up_after: Duration::from_secs(u64::from(webhooks.give_up_after_hours) * 3600),
        };
        let at_most = |limit: Duration| RetryPolicy { give_up_after: base.give_up_after.min(limit), ..base };
        Self {
            owner: String::new(),
            policies: JobKind::ALL.map(|kind| match kind {
                JobKind::Webhook | JobKind::Mail => base,
                JobKind::Push => at_most(PUSH_GIVE_UP),
                JobKind::LinkPreview => at_most(LINK_PREVIEW_GIVE_UP),
            }),
            attempts_max: 256,
            attempts_per_tenant_max: 64,
            attempts_per_host_max: 16,
            attempt_time_max: Duration::from_secs(30),
            lanes_max: 16_384,
            backlog_per_tenant_max: 1_000_000,
            dead_max: 100_000,
            survey_interval: Duration::from_secs(5),
            clock: system_clock(),
            jitter: Arc::new(|max| rand::rng().random_range(0..=max)),
        }
    }

    pub(super) fn policy(&self, kind: JobKind) -> &RetryPolicy {
        &self.policies[kind.index()]
    }
}

impl Default for OutboxOptions {
    fn default() -> Self {
        Self::new(&Webhooks::default())
    }
}

/// Whole milliseconds, capped.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
