//! What a node knows of one tracked key.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::outbox::Outbox;
use super::update::Base;

/// Latest values that a node keeps of all keys, in bytes. What does not fit is asked for when somebody needs it.
const KEPT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A tracked key. It has followers for as long as it exists.
#[derive(Default)]
pub(super) struct Entry {
    /// The latest version; 0 before the first value.
    pub(super) version: u64,
    /// Of the latest value: tells a change where the backend counts no versions.
    pub(super) hash: u64,
    value: Option<Kept>,
    /// The value was published since the last round: the backend need not be asked in the next.
    pub(super) is_fresh: bool,
    /// Somebody lacks the value, although it has not changed.
    pub(super) is_lacking: bool,
    /// Who tracks it, by the ids of their outboxes.
    pub(super) followers: HashMap<u64, Arc<Outbox>>,
}

/// Bytes of values that the node keeps.
pub(super) type KeptBytes = Arc<AtomicUsize>;

/// A value that counts towards the bound for as long as it is kept.
struct Kept {
    data: Bytes,
    total: KeptBytes,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.total.fetch_sub(self.data.len(), Ordering::Relaxed);
    }
}

impl Entry {
    /// The latest value, if it is kept.
    pub(super) fn value(&self) -> Option<&Bytes> {
        self.value.as_ref().map(|kept| &kept.data)
    }

    /// The latest value as something that a patch can be made against.
    pub(super) fn base(&self) -> Option<Base> {
        let data = self.value()?.clone();
        Some(Base { version: self.version, data })
    }

    /// Takes a value over, and keeps it if there is room.
    pub(super) fn change(&mut self, version: u64, data: &Bytes, total: &KeptBytes) {
        self.version = version;
        self.hash = xxhash_rust::xxh3::xxh3_64(data);
        self.is_lacking = false;
        self.value = None;
        let before = total.fetch_add(data.len(), Ordering::Relaxed);
        let kept = Kept { data: data.clone(), total: Arc::clone(total) };
        self.value = Some(kept).filter(|kept| before.saturating_add(kept.data.len()) <= KEPT_BYTES_MAX);
    }

    /// Forgets what is known, but not who tracks it.
    pub(super) fn void(&mut self) {
        let followers = std::mem::take(&mut self.followers);
        *self = Self { followers, ..Self::default() };
    }

    pub(super) fn followers(&self) -> Vec<Arc<Outbox>> {
        self.followers.values().cloned().collect()
    }
}
