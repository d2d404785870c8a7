//! The window in which a repeated publish is answered with the first result.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// How long a key is remembered in memory, in milliseconds (Centrifugo's result cache).
pub(crate) const WINDOW_MS: i64 = 300_000;

/// How many keys one channel remembers in memory. A durable channel's store remembers them all.
const KEYS_MAX: usize = 10_000;

/// The offsets that recent idempotency keys were given.
#[derive(Debug, Default)]
pub(crate) struct IdempotencyWindow {
    offsets: HashMap<Arc<str>, u64>,
    expiries: VecDeque<(i64, Arc<str>)>,
}

impl IdempotencyWindow {
    pub(crate) fn get(&mut self, key: &str, now: i64) -> Option<u64> {
        self.expire(now);
        self.offsets.get(key).copied()
    }

    /// Remembers a key's first result; a key that is known keeps the one it has.
    pub(crate) fn insert(&mut self, key: Arc<str>, offset: u64, now: i64) {
        self.expire(now);
        if self.offsets.contains_key(&key) {
            return;
        }
        if self.offsets.len() >= KEYS_MAX {
            self.forget_oldest();
        }
        self.expiries.push_back((now.saturating_add(WINDOW_MS), Arc::clone(&key)));
        self.offsets.insert(key, offset);
    }

    pub(crate) fn expire(&mut self, now: i64) {
        while self.expiries.front().is_some_and(|(expiry, _)| *expiry <= now) {
            self.forget_oldest();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.expiries.pop_front() {
            self.offsets.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests;
