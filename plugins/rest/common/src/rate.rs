//! Rate limits: so many calls in each minute of the clock.
//!
//! A limit that a document states as "60 per minute" is kept as such. The cell rate of the usual crates spreads a limit
//! over time and refills while it is used up, so that nearly twice the number passes within one minute, and it cannot
//! say the fixed "remaining" and "reset" that the answers' headers promise. A counter per key and minute does both, and
//! is smaller. What it lets through is at most the number in any minute of the clock; a burst across the border of two
//! can be twice as dense, as in every fixed window.
//!
//! Invariants: counters of a past minute are never looked at; at most [`KEYS_MAX`] keys have a counter of their own,
//! those beyond share one for each scope and tenant, so that a flood of addresses can neither fill the memory nor
//! escape its limit. The limits are the node's own: a cluster of n nodes lets up to n times as many through.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use axum::http::HeaderValue;
use axum::http::header::{HeaderMap, HeaderName};
use dashmap::DashMap;
use natter_store::Clock;
use parking_lot::Mutex;
use xxhash_rust::xxh3::Xxh3;

use crate::rejection::Rejection;

const WINDOW_MS: i64 = 60_000;
/// Most keys that are counted by themselves in one minute; about 32 bytes each.
const KEYS_MAX: usize = 500_000;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The headers that tell a caller where it stands.
pub(crate) const HEADERS: [HeaderName; 3] = [LIMIT, REMAINING, RESET];

/// Where a caller stands after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls per minute.
    pub limit: u32,
    /// Calls that are left in this minute.
    pub remaining: u32,
    /// Seconds until the next minute, 1 to 60.
    pub reset_seconds: u64,
    /// Whether the call was within the limit.
    pub is_allowed: bool,
}

impl Rate {
    /// Lets a call through.
    ///
    /// # Errors
    /// `RateLimited`, to be tried again in the next minute.
    pub fn check(&self) -> Result<(), Rejection> {
        if self.is_allowed {
            return Ok(());
        }
        Err(Rejection::RateLimited { retry_after_seconds: self.reset_seconds })
    }

    /// Writes `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds left), unless an inner limit has.
    pub fn write(&self, headers: &mut HeaderMap) {
        headers.entry(LIMIT).or_insert(HeaderValue::from(self.limit));
        headers.entry(REMAINING).or_insert(HeaderValue::from(self.remaining));
        headers.entry(RESET).or_insert(HeaderValue::from(self.reset_seconds));
    }
}

/// The counters of all limits.
pub struct RateLimits {
    clock: Clock,
    /// Makes the hashes of this process its own, so that nobody can look for keys that share a counter.
    seed: u64,
    keys_max: usize,
    window: ArcSwap<Window>,
    /// Held by whoever begins a new minute.
    turning: Mutex<()>,
}

struct Window {
    /// Minutes since the epoch.
    minute: i64,
    counts: DashMap<u128, u32>,
    /// How many keys have asked for a counter of their own; counted apart, since a concurrent map is slow to count itself.
    keys: AtomicUsize,
}

impl Window {
    fn new(minute: i64) -> Self {
        Self { minute, counts: DashMap::new(), keys: AtomicUsize::new(0) }
    }

    /// Whether a key may have a counter of its own.
    fn is_counted(&self, key: u128, keys_max: usize) -> bool {
        self.counts.contains_key(&key) || self.keys.fetch_add(1, Ordering::Relaxed) < keys_max
    }
}

impl RateLimits {
    /// Counts by a clock.
    pub fn new(clock: Clock) -> Self {
        Self::with_keys_max(clock, KEYS_MAX)
    }

    pub(crate) fn with_keys_max(clock: Clock, keys_max: usize) -> Self {
        let mut seed = [0; 8];
        // Without randomness the hashes are only guessable.
        let _ = getrandom::fill(&mut seed);
        let window = Window::new(clock().div_euclid(WINDOW_MS));
        Self {
            clock,
            seed: u64::from_ne_bytes(seed),
            keys_max,
            window: ArcSwap::from_pointee(window),
            turning: Mutex::new(()),
        }
    }

    /// Counts a call of `key` in a scope (such as "chatsdk.messages") of a tenant, of which `per_minute` are allowed.
    ///
    /// A call that is refused is not counted.
    pub fn take(&self, scope: &'static str, tenant: &str, key: &str, per_minute: u32) -> Rate {
        let now = (self.clock)();
        let window = self.window(now.div_euclid(WINDOW_MS));
        let own = self.hash(scope, tenant, Some(key));
        let counter = if window.is_counted(own, self.keys_max) { own } else { self.hash(scope, tenant, None) };
        let mut count = window.counts.entry(counter).or_insert(0);
        let is_allowed = *count < per_minute;
        if is_allowed {
            *count += 1;
        }
        let left_ms = u64::try_from(WINDOW_MS - now.rem_euclid(WINDOW_MS)).unwrap_or_default();
        let remaining = per_minute.saturating_sub(*count);
        Rate { limit: per_minute, remaining, reset_seconds: left_ms.div_ceil(1_000), is_allowed }
    }

    /// The counters of a minute; those of the one before are dropped. A clock that steps back stays in its minute.
    fn window(&self, minute: i64) -> Arc<Window> {
        let window = self.window.load_full();
        if window.minute >= minute {
            return window;
        }
        let _turning = self.turning.lock();
        let window = self.window.load_full();
        if window.minute >= minute {
            return window;
        }
        let next = Arc::new(Window::new(minute));
        self.window.store(Arc::clone(&next));
        next
    }

    /// `None` is the counter that the keys share that came too late for one of their own.
    fn hash(&self, scope: &str, tenant: &str, key: Option<&str>) -> u128 {
        let mut hasher = Xxh3::with_seed(self.seed);
        for part in [scope, tenant] {
            hasher.update(part.as_bytes());
            hasher.update(&[0xff]);
        }
        if let Some(key) = key {
            hasher.update(&[1]);
            hasher.update(key.as_bytes());
        }
        hasher.digest128()
    }
}

/// The key of a client address: itself, or the network of 64 bits that one client of IPv6 has to itself.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests;
