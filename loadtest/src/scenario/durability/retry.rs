//! Repeating what has no answer, over the restarts of the server.

use std::time::{Duration, Instant};

use super::{Act, Stage};

/// Attempts for one call before it is left as it is.
const ATTEMPTS_MAX: u32 = 50;

/// Between an attempt without an answer and the next.
pub(super) const RETRY: Duration = Duration::from_millis(10);

/// How long a server that is down is waited for when the run ends.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Calls `attempt` until it answers that there was an answer, a bounded number of times.
pub(super) fn until_answered(stage: &Stage, mut attempt: impl FnMut() -> bool) {
    let mut last_wait = None;
    for _ in 0..ATTEMPTS_MAX {
        if attempt() {
            return;
        }
        std::thread::sleep(RETRY);
        while !stage.await_up() {
            let playing = stage.is_playing(Act::LastMessage);
            if !playing && last_wait.get_or_insert_with(Instant::now).elapsed() > LAST_WAIT {
                return;
            }
        }
    }
}
