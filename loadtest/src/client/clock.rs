//! The one clock of a run: nanoseconds since the run began, monotonic, so a send time in a payload can be compared on arrival.

use std::time::{Duration, Instant};

/// A monotonic clock; copies share its origin.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that reads zero now.
    #[must_use]
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Nanoseconds since the start; saturates after 584 years.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        nanoseconds(self.origin.elapsed())
    }
}

/// A duration as whole nanoseconds, saturating.
#[must_use]
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
