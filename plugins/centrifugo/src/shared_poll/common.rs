//! What all polled channels of a node have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use natter_core::Epoch;
use tokio::sync::Semaphore;

use super::entry::KeptBytes;

/// Calls to backends that are under way together, unless the configuration says otherwise (Centrifugo: 64).
const CALLS_MAX: usize = 64;

/// Shared by all channels.
pub(super) struct Common {
    /// What versions that natter counts itself count in: this run of the node.
    pub(super) epoch: Arc<str>,
    versions: AtomicU64,
    pub(super) kept: KeptBytes,
    pub(super) calls: Semaphore,
}

impl Common {
    /// `calls_max` of 0 is the default.
    pub(super) fn new(calls_max: usize) -> Arc<Self> {
        let calls_max = if calls_max == 0 { CALLS_MAX } else { calls_max.min(Semaphore::MAX_PERMITS) };
        Arc::new(Self {
            epoch: Epoch::from_random(rand::random()).as_str().into(),
            versions: AtomicU64::new(0),
            kept: KeptBytes::default(),
            calls: Semaphore::new(calls_max),
        })
    }

    /// A version above all that this run of the node has given, of whatever key: so a channel that is forgotten and comes
    /// back never counts below what its clients have.
    pub(super) fn next_version(&self) -> u64 {
        self.versions.fetch_add(1, Ordering::Relaxed) + 1
    }
}
