//! Judgement of an operation log: pure functions over what was done and seen, so that each violation can be tested.
//!
//! The invariants, for channels with history that survives a restart:
//!
//! - **I1** every publish that was answered "ok" is in the history, byte for byte;
//! - **I2** offsets run 1, 2, 3 … without hole or repeat, in one epoch, and everybody sees the same message at an offset;
//! - **I3** one message id has one offset, however often it was retried;
//! - **I4** a session sees a gap-free run of offsets, or is told that it was not recovered;
//! - **I5** a publish that was answered with an error is absent; one without an answer may be there once or not at all;
//!   and nothing was delivered that is not in the history afterwards.
//!
//! [`chat`] says what they mean for a chat, and adds **I6**: a read position never goes back.

pub mod chat;
mod deliveries;
mod file;
mod history;
mod log;
mod publishes;
#[cfg(test)]
mod scene;
mod sessions;
mod verdict;

pub use file::{judge_file, read_log};
pub use log::{Event, Outcome, Position, Resume};
pub use verdict::{Finding, Invariant, Judgement};

/// Judges a whole log, which must end with the history of every channel. A chat's log is judged by [`chat`]'s rules.
#[must_use]
pub fn judge(events: &[Event]) -> Judgement {
    if chat::is_chat(events) {
        return chat::judge(events);
    }
    let histories = history::Histories::read(events);
    let mut judgement = Judgement::default();
    histories.judge(events, &mut judgement);
    publishes::judge(events, &histories, &mut judgement);
    deliveries::judge(events, &histories, &mut judgement);
    sessions::judge(events, &histories, &mut judgement);
    judgement
}
