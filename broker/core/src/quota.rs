//! How many channels a tenant may have, over all shards of a node.
//!
//! The count is shared, but it is only touched when a channel is made or forgotten, never by a message. Invariant: a seat
//! is taken for as long as its channel is in some shard's memory, and is free as soon as that lets go of it.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use crate::TenantId;

/// After a refusal, all shards let go of what the tenant can do without for so long, in milliseconds: two ticks.
const WANTED_MS: i64 = 2_000;

/// The channels of one tenant.
#[derive(Debug)]
pub struct ChannelQuota {
    taken: AtomicUsize,
    max: AtomicUsize,
    /// When a channel was refused last.
    refused_ms: AtomicI64,
}

impl ChannelQuota {
    /// Nothing is taken of `max`.
    pub fn new(max: usize) -> Self {
        let never = AtomicI64::new(i64::MIN);
        Self { taken: AtomicUsize::new(0), max: AtomicUsize::new(max), refused_ms: never }
    }

    /// Sets another bound. Channels beyond a narrower one stay until they are forgotten.
    pub fn set_max(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// How many channels there may be.
    pub fn max(&self) -> usize {
        self.max.load(Ordering::Relaxed)
    }

    /// How many channels there are.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Takes a seat, unless all are taken.
    pub(crate) fn take(self: &Arc<Self>) -> Option<ChannelSeat> {
        let max = self.max();
        let next = |taken| if taken < max { Some(taken + 1) } else { None };
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        Some(ChannelSeat(Arc::clone(self)))
    }

    /// Notes that a channel is refused, so that other shards let go of what they can.
    pub(crate) fn refused(&self, now: i64) {
        self.refused_ms.store(now, Ordering::Relaxed);
    }
}

/// One channel's seat, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct ChannelSeat(Arc<ChannelQuota>);

impl ChannelSeat {
    /// Whether the tenant has been refused a channel a moment ago.
    pub(crate) fn is_wanted(&self, now: i64) -> bool {
        now.saturating_sub(self.0.refused_ms.load(Ordering::Relaxed)) < WANTED_MS
    }
}

impl Drop for ChannelSeat {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Knows every tenant's quota.
pub trait ChannelQuotas: Debug + Send + Sync {
    /// The quota of a tenant; the same one for as long as the process lives.
    fn of(&self, tenant: &TenantId) -> Arc<ChannelQuota>;
}

/// One quota without a bound, for all tenants together.
#[derive(Debug)]
pub(crate) struct NoQuotas(Arc<ChannelQuota>);

impl Default for NoQuotas {
    fn default() -> Self {
        Self(Arc::new(ChannelQuota::new(usize::MAX)))
    }
}

impl ChannelQuotas for NoQuotas {
    fn of(&self, _: &TenantId) -> Arc<ChannelQuota> {
        Arc::clone(&self.0)
    }
}

#[cfg(test)]
mod tests;
