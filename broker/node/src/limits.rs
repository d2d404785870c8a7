//! Bounds on connections, and the places that they take up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::metrics::ConnectionGauge;
use crate::session::CloseKind;

/// What one connection may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Bytes that may wait to be written; beyond it the connection is closed as slow.
    pub connection_queue_bytes_max: usize,
    /// Requests that shards have not answered, beyond which the connection is not read.
    pub commands_in_flight_max: u32,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { connection_queue_bytes_max: 1024 * 1024, commands_in_flight_max: 1_024 }
    }
}

/// How often something may still happen in the present second.
#[derive(Debug, Default)]
pub struct Allowance {
    second: i64,
    used: u32,
}

impl Allowance {
    /// Takes one, unless `per_second` (0: no bound) have been taken in this second.
    pub fn take(&mut self, per_second: u32, now_ms: i64) -> bool {
        let second = now_ms / 1_000;
        if second != self.second {
            *self = Self { second, used: 0 };
        }
        self.used = self.used.saturating_add(1);
        per_second == 0 || self.used <= per_second
    }
}

/// Counts what is taken of a bound.
#[derive(Clone, Debug, Default)]
pub struct Seats(Arc<AtomicUsize>);

impl Seats {
    /// Takes a seat, unless `max` (0: no bound) are taken.
    pub fn take(&self, max: usize) -> Option<SeatGuard> {
        let taken = self.0.fetch_add(1, Ordering::Relaxed);
        let guard = SeatGuard(self.clone());
        (max == 0 || taken < max).then_some(guard)
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A seat; free again when it is dropped.
#[derive(Debug)]
pub struct SeatGuard(Seats);

impl Drop for SeatGuard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection's place in the node's limit and gauges, given back when it is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    _seat: SeatGuard,
    gauge: ConnectionGauge,
}

impl ConnectionPermit {
    /// Joins a seat with the gauge that shows it.
    pub fn new(seat: SeatGuard, gauge: ConnectionGauge) -> Self {
        Self { _seat: seat, gauge }
    }

    /// Notes why the connection ends; the first reason counts.
    pub fn closed(&self, kind: CloseKind) {
        self.gauge.closed(kind);
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Seats};

    #[test]
    fn an_allowance_is_full_again_in_the_next_second() {
        let mut allowance = Allowance::default();
        let taken: Vec<bool> = (0..4).map(|_| allowance.take(3, 5_400)).collect();
        assert_eq!(taken, [true, true, true, false]);
        assert!(allowance.take(3, 6_000));
    }

    #[test]
    fn no_bound_allows_everything() {
        let mut allowance = Allowance::default();
        assert!((0..1_000).all(|_| allowance.take(0, 1)));
    }

    #[test]
    fn a_seat_is_free_again_when_it_is_dropped() {
        let seats = Seats::default();
        let guard = seats.take(1);
        assert!(guard.is_some() && seats.take(1).is_none());
        drop(guard);
        assert!(seats.take(1).is_some());
        assert_eq!(seats.taken(), 0);
    }
}
