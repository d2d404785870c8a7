//! Gives lanes their turns, as many at a time as the bounds allow.

use std::sync::Arc;
use std::time::Duration;

use super::outbox::Shared;
use super::record::LaneId;
use super::schedule::TurnEnd;

/// Longest sleep; the clock may be set meanwhile.
const SLEEP_MS_MAX: i64 = 60_000;

/// Dispatches until the outbox is stopped.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        while let Some(lane) = next(&shared) {
            let slot = Slot { shared: Arc::clone(&shared), lane, end: None };
            shared.tasks.spawn(async move {
                let mut slot = slot;
                slot.end = Some(slot.shared.turn(slot.lane).await);
            });
        }
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.wake.notified() => {}
            () = tokio::time::sleep(pause(&shared)) => {}
        }
    }
}

fn next(shared: &Shared) -> Option<LaneId> {
    if shared.stop.is_cancelled() {
        return None;
    }
    let now_ms = shared.now_ms();
    shared.schedule.lock().take(now_ms)
}

fn pause(shared: &Shared) -> Duration {
    let now_ms = shared.now_ms();
    let wait = shared.schedule.lock().next_wake(now_ms).map_or(SLEEP_MS_MAX, |wake| wake - now_ms);
    Duration::from_millis(wait.clamp(1, SLEEP_MS_MAX).unsigned_abs())
}

/// A lane's turn. It is given back however it ends, also if the task is dropped.
struct Slot {
    shared: Arc<Shared>,
    lane: LaneId,
    end: Option<TurnEnd>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let end = self.end.unwrap_or_else(|| TurnEnd::Wait(self.shared.now_ms() + SLEEP_MS_MAX));
        self.shared.schedule.lock().finish(self.lane, end);
        self.shared.wake.notify_one();
    }
}
