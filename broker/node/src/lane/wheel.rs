//! A coarse timer wheel: one for all deadlines of a lane's connections.
//!
//! An entry is never moved. When it comes up, its owner looks at the connection's real deadline and puts it back
//! if that has moved on, so a connection whose deadline moves with every message costs nothing.

/// Time between two turns of the wheel, in milliseconds; deadlines are met up to this much late.
pub(crate) const TICK_MS: i64 = 250;
const SLOTS: usize = 256;

/// A wheel of entries `T`.
pub(crate) struct Wheel<T> {
    slots: Vec<Vec<T>>,
    /// The tick that comes up next.
    next_tick: i64,
}

impl<T> Wheel<T> {
    pub(crate) fn new(now_ms: i64) -> Self {
        Self { slots: (0..SLOTS).map(|_| Vec::new()).collect(), next_tick: now_ms / TICK_MS + 1 }
    }

    /// Has `entry` come up at `deadline_ms`, or sooner when that is further away than the wheel is round.
    pub(crate) fn schedule(&mut self, deadline_ms: i64, entry: T) {
        let tick = (deadline_ms.max(0) / TICK_MS + 1).clamp(self.next_tick, self.next_tick + SLOTS as i64 - 1);
        self.slots[slot(tick)].push(entry);
    }

    /// The entries that have come up by `now_ms`.
    pub(crate) fn advance(&mut self, now_ms: i64) -> Vec<T> {
        let current = now_ms / TICK_MS;
        // After a long pause one turn of the wheel brings up everything.
        let turns = (current - self.next_tick + 1).clamp(0, SLOTS as i64);
        let due = (0..turns).flat_map(|turn| std::mem::take(&mut self.slots[slot(self.next_tick + turn)])).collect();
        self.next_tick = self.next_tick.max(current + 1);
        due
    }
}

fn slot(tick: i64) -> usize {
    tick.rem_euclid(SLOTS as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::{TICK_MS, Wheel};

    #[test]
    fn an_entry_comes_up_at_its_deadline_and_not_before() {
        let mut wheel = Wheel::new(0);
        wheel.schedule(1_000, "a");
        assert!(wheel.advance(999).is_empty());
        assert_eq!(wheel.advance(1_000 + TICK_MS), ["a"]);
        assert!(wheel.advance(100_000).is_empty());
    }

    #[test]
    fn a_deadline_in_the_past_comes_up_at_the_next_tick() {
        let mut wheel = Wheel::new(50_000);
        wheel.schedule(10, "late");
        assert_eq!(wheel.advance(50_000 + TICK_MS), ["late"]);
    }

    #[test]
    fn a_deadline_beyond_the_wheel_comes_up_early_to_be_put_back() {
        let mut wheel = Wheel::new(0);
        wheel.schedule(i64::MAX - TICK_MS, "far");
        assert_eq!(wheel.advance(256 * TICK_MS), ["far"]);
    }

    #[test]
    fn a_long_pause_brings_up_everything_once() {
        let mut wheel = Wheel::new(0);
        for second in 0..60 {
            wheel.schedule(second * 1_000, second);
        }
        assert_eq!(wheel.advance(10_000_000).len(), 60);
        assert!(wheel.advance(20_000_000).is_empty());
    }
}
