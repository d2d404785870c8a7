//! The mark that a store bears once nobody can know what of a write is on disk.

use std::sync::{Arc, OnceLock};

use crate::store::StoreError;

/// Why the store takes no more writes; set once and never taken back. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Poison(Arc<OnceLock<String>>);

impl Poison {
    /// Refuses every later write for this reason, unless there was an earlier one.
    pub(super) fn set(&self, reason: String) {
        tracing::error!(%reason, "the store takes no more writes");
        // The first reason is the cause, later ones are its consequences.
        let _ = self.0.set(reason);
    }

    pub(super) fn reason(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// An error if the store is poisoned.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.reason().map_or(Ok(()), |reason| Err(StoreError::Poisoned(reason.to_owned())))
    }
}

/// Poisons the store when the committer's thread dies of a panic.
pub(super) struct PoisonOnPanic(pub(super) Poison);

impl Drop for PoisonOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set("the committer has panicked".into());
        }
    }
}
