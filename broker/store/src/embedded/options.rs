//! How an embedded store is opened.

use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::{Clock, system_clock};
use crate::observer::{NoObserver, StoreObserver};

/// What an acknowledgement promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The data has been synced to the disk (`fdatasync`): it survives the death of the process, of the operating
    /// system and of the power supply, as far as the disk keeps its own promise.
    #[default]
    Sync,
    /// The data has been handed to the operating system: it survives the death of the process (`kill -9`). A crash
    /// of the machine loses what the system had not written back, usually the last half minute. What is lost is
    /// always the end: no write survives one that was acknowledged before it. Closing the store syncs.
    Async,
}

/// How and where to open an [`EmbeddedStore`](super::EmbeddedStore).
#[derive(Clone)]
pub struct EmbeddedOptions {
    /// The directory; made when it does not exist, and never shared by two processes.
    pub path: PathBuf,
    /// What an acknowledgement promises.
    pub durability: Durability,
    /// Bytes of memory for blocks read from disk; 64 MiB unless told.
    pub cache_bytes: u64,
    /// Calls that may wait for the committer before the next one waits outside; 4,096 unless told, at least 1.
    pub queue_calls_max: usize,
    /// Bytes of payload that may wait for the committer before the next call waits outside; 16 MiB unless told, at
    /// least 1. A single larger event passes alone.
    pub queue_bytes_max: u32,
    /// Heads of logs that the committer remembers; 65,536 unless told, at least 2.
    pub heads_max: usize,
    /// The clock that idempotency keys expire by.
    pub clock: Clock,
    /// Is told what the store does, for metrics.
    pub observer: Arc<dyn StoreObserver>,
}

impl EmbeddedOptions {
    /// The defaults for a store in `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            durability: Durability::Sync,
            cache_bytes: 64 * 1024 * 1024,
            queue_calls_max: 4096,
            queue_bytes_max: 16 * 1024 * 1024,
            heads_max: 65_536,
            clock: system_clock(),
            observer: Arc::new(NoObserver),
        }
    }
}
