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
