//! Answers that go astray, for tests: what a time-out looks like to natter, without waiting for one.

use std::time::Duration;

/// What is to become of one conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CqlFault {
    /// Nothing unusual.
    None,
    /// It is never sent, and natter is told that it timed out.
    LoseRequest,
    /// It is done, and natter is told that it timed out.
    LoseAnswer,
    /// natter is told that it timed out, and then it is done: after this time.
    ArriveLate(Duration),
}

/// Decides about every conditional write.
pub trait CqlFaults: Send + Sync {
    /// The fate of the next one.
    fn next(&self) -> CqlFault;
}
