//! A fixed rate: when each publish is due, and a kernel timer that wakes the event loop then to the nanosecond.

use std::os::fd::AsRawFd;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::fd::OwnedFd;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

/// Due times of an even rate, from when it starts.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    start_ns: u64,
    per_second: f64,
    issued: u64,
}

impl Schedule {
    /// `per_second` publishes, the first at `start_ns`.
    #[must_use]
    pub fn new(start_ns: u64, per_second: f64) -> Self {
        Self { start_ns, per_second, issued: 0 }
    }

    /// How many were due so far, which is the number of the next.
    #[must_use]
    pub fn issued(&self) -> u64 {
        self.issued
    }

    /// When the next publish is due.
    #[must_use]
    pub fn next_ns(&self) -> u64 {
        self.start_ns + (self.issued as f64 * 1e9 / self.per_second) as u64
    }

    /// The number and due time of the next publish, if it is due; each call moves on by one.
    pub fn take_due(&mut self, now_ns: u64) -> Option<(u64, u64)> {
        let due_ns = self.next_ns();
        (due_ns <= now_ns).then(|| {
            self.issued += 1;
            (self.issued - 1, due_ns)
        })
    }
}

/// A one-shot timer in an event queue.
#[derive(Debug)]
pub struct Timer {
    descriptor: OwnedFd,
}

impl Timer {
    /// A timer that is not set, registered under `token`.
    ///
    /// # Errors
    /// When the kernel gives no timer or it cannot be registered.
    pub fn register(registry: &Registry, token: Token) -> std::io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let descriptor = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        registry.register(&mut SourceFd(&descriptor.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self { descriptor })
    }

    /// Sets the timer `wait_ns` from now; setting it again also clears an earlier expiry.
    ///
    /// # Errors
    /// When the kernel refuses the value.
    pub fn set(&self, wait_ns: u64) -> std::io::Result<()> {
        let wait_ns = wait_ns.max(1);
        let value = Timespec {
            tv_sec: (wait_ns / 1_000_000_000).cast_signed(),
            tv_nsec: (wait_ns % 1_000_000_000).cast_signed(),
        };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(&self.descriptor, TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_times_are_even_and_catch_up_after_a_stall() {
        let mut schedule = Schedule::new(1000, 1e6);
        assert_eq!(schedule.take_due(999), None);
        assert_eq!(schedule.take_due(1000), Some((0, 1000)));
        assert_eq!(schedule.take_due(1000), None);
        let late: Vec<(u64, u64)> = std::iter::from_fn(|| schedule.take_due(4000)).collect();
        assert_eq!(late, [(1, 2000), (2, 3000), (3, 4000)]);
        assert_eq!(schedule.next_ns(), 5000);
    }
}
