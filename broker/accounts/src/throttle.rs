//! Counts failures, so that passwords cannot be guessed.
//!
//! Up to `events_max` failures of a key in any stretch of `window` are let happen. Attempts that are under way count as if
//! they failed: those for which there is no room wait until one of them is decided, so that many at once guess no more
//! than many in a row. An attempt that is dropped undecided has failed.
//!
//! Bounds: a key costs some 150 bytes and is forgotten a window after its last failure. When [`ThrottleRules::keys_max`]
//! keys are known, those beyond share one counter: a flood of made-up addresses makes them wait, and frees nobody.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use natter_store::Clock;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::error::AccountError;

/// What a throttle lets happen.
#[derive(Clone, Copy, Debug)]
pub struct ThrottleRules {
    /// Failures of a key within the window.
    pub events_max: usize,
    /// How long a failure counts.
    pub window: Duration,
    /// Keys that are counted by themselves.
    pub keys_max: usize,
    /// Attempts that wait for others to be decided.
    pub waiting_max: usize,
}

impl Default for ThrottleRules {
    fn default() -> Self {
        Self { events_max: 10, window: Duration::from_secs(15 * 60), keys_max: 100_000, waiting_max: 256 }
    }
}

type Key = [u8; 16];

/// The key of those that came too late for one of their own.
const SHARED: Key = [0; 16];

/// Counts failures by key. Cheap to clone.
#[derive(Clone)]
pub struct Throttle(Arc<Inner>);

struct Inner {
    rules: ThrottleRules,
    clock: Clock,
    counts: Mutex<Counts>,
    decided: Notify,
    waiting: AtomicUsize,
}

#[derive(Default)]
struct Counts {
    of_key: HashMap<Key, Count>,
    /// When keys without failures were last looked for, in Unix milliseconds.
    swept_at: i64,
}

#[derive(Default)]
struct Count {
    /// Unix milliseconds, in order; at most `events_max`.
    failures: Vec<i64>,
    under_way: usize,
}

/// An attempt that is let happen. Dropped undecided, it has failed.
#[must_use]
pub struct Attempt {
    throttle: Throttle,
    key: Key,
    is_failure: bool,
}

/// What is said to an attempt.
enum Said {
    Go(Key),
    Wait,
    No { retry_after_seconds: u64 },
}

impl Throttle {
    /// Counts by a clock.
    pub fn new(rules: ThrottleRules, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            rules,
            clock,
            counts: Mutex::default(),
            decided: Notify::new(),
            waiting: AtomicUsize::new(0),
        }))
    }

    /// Begins an attempt under a key of several parts.
    ///
    /// # Errors
    /// [`AccountError::Throttled`] after too many failures, [`AccountError::Busy`] when too many attempts wait.
    pub async fn begin(&self, parts: &[&str]) -> Result<Attempt, AccountError> {
        let key = key(parts);
        loop {
            let decided = self.0.decided.notified();
            tokio::pin!(decided);
            // From here on no decision is missed.
            decided.as_mut().enable();
            match self.ask(key) {
                Said::Go(key) => return Ok(Attempt { throttle: self.clone(), key, is_failure: true }),
                Said::No { retry_after_seconds } => return Err(AccountError::Throttled { retry_after_seconds }),
                Said::Wait => {
                    let _place = Place::take(&self.0)?;
                    decided.await;
                }
            }
        }
    }

    fn ask(&self, key: Key) -> Said {
        let (now_ms, rules) = ((self.0.clock)(), &self.0.rules);
        let window_ms = i64::try_from(rules.window.as_millis()).unwrap_or(i64::MAX);
        let mut counts = self.0.counts.lock();
        let key = counts.own_or_shared(key, now_ms, window_ms, rules.keys_max);
        let count = counts.of_key.entry(key).or_default();
        count.forget(now_ms - window_ms);
        if count.failures.len() >= rules.events_max {
            let left_ms = count.failures.first().map_or(0, |first| first + window_ms - now_ms).max(1).unsigned_abs();
            return Said::No { retry_after_seconds: left_ms.div_ceil(1_000) };
        }
        if count.failures.len() + count.under_way >= rules.events_max {
            return Said::Wait;
        }
        count.under_way += 1;
        Said::Go(key)
    }

    fn decide(&self, key: Key, is_failure: bool) {
        let now_ms = (self.0.clock)();
        {
            let mut counts = self.0.counts.lock();
            let count = counts.of_key.entry(key).or_default();
            count.under_way = count.under_way.saturating_sub(1);
            if is_failure {
                count.failures.push(now_ms);
            }
            if count.is_idle() {
                counts.of_key.remove(&key);
            }
        }
        self.0.decided.notify_waiters();
    }

    /// How many keys are known.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> usize {
        self.0.counts.lock().of_key.len()
    }
}

impl Counts {
    /// The key itself if it is known or there is room for it.
    fn own_or_shared(&mut self, key: Key, now_ms: i64, window_ms: i64, keys_max: usize) -> Key {
        if self.of_key.len() >= keys_max && now_ms - self.swept_at > window_ms / 16 {
            self.swept_at = now_ms;
            self.of_key.retain(|_, count| {
                count.forget(now_ms - window_ms);
                !count.is_idle()
            });
        }
        let has_room = self.of_key.contains_key(&key) || self.of_key.len() < keys_max;
        if has_room { key } else { SHARED }
    }
}

impl Count {
    /// Forgets failures up to a time.
    fn forget(&mut self, until_ms: i64) {
        self.failures.retain(|at| *at > until_ms);
    }

    fn is_idle(&self) -> bool {
        self.failures.is_empty() && self.under_way == 0
    }
}

impl Attempt {
    /// It has failed.
    pub fn failed(self) {}

    /// It counts for nothing.
    pub fn withdraw(mut self) {
        self.is_failure = false;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.throttle.decide(self.key, self.is_failure);
    }
}

/// A place among those that wait.
struct Place<'a>(&'a Inner);

impl<'a> Place<'a> {
    fn take(inner: &'a Inner) -> Result<Self, AccountError> {
        let place = Self(inner);
        match inner.waiting.fetch_add(1, Ordering::Relaxed) < inner.rules.waiting_max {
            true => Ok(place),
            false => Err(AccountError::Busy),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A hash of the parts; lengths stand before them, so that no two keys run into one.
fn key(parts: &[&str]) -> Key {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let mut key = SHARED;
    key.copy_from_slice(&hasher.finalize()[..SHARED.len()]);
    key
}
