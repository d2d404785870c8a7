//! What every operation works with: the connection and the remembered places of logs.

use std::time::Duration;

use moka::sync::Cache;
use natter_core::ChannelKey;

use super::head::Place;
use super::session::Cql;

/// The engine behind an open [`ScyllaStore`](super::ScyllaStore).
pub(super) struct Engine {
    pub(super) cql: Cql,
    pub(super) places: Cache<ChannelKey, Place>,
}

impl Engine {
    pub(super) fn new(cql: Cql) -> Self {
        let places = Cache::new(cql.options().channels_max.max(1));
        Self { cql, places }
    }

    /// How long a caller is kept waiting. A lost answer is looked after once within it.
    pub(super) fn patience(&self) -> Duration {
        self.cql.options().request_timeout.mul_f64(1.5)
    }

    /// Milliseconds since the Unix epoch.
    pub(super) fn now_ms(&self) -> i64 {
        (self.cql.options().clock)()
    }
}
