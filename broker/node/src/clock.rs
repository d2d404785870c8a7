//! The node's clock: wall time at start, carried on by the monotonic clock, so that a stepped wall clock
//! neither reorders publications nor makes a time-to-live burst or freeze.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A clock that never goes back.
#[derive(Clone, Debug)]
pub struct NodeClock {
    started_ms: i64,
    started: Instant,
}

impl NodeClock {
    /// Starts at the wall clock's time.
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX))
    }

    /// Starts at a time of one's own, in milliseconds since the Unix epoch.
    pub fn starting_at(started_ms: i64) -> Self {
        Self { started_ms, started: Instant::now() }
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.started_ms + i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// How long the node has been running.
    pub fn uptime(&self) -> std::time::Duration {
        self.started.elapsed()
    }
}
