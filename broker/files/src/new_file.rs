//! A file that is kept only if its request succeeds.

use std::ops::Deref;

use tokio::runtime::Handle;

use crate::meta::StoredFile;
use crate::store::FileStore;

/// A file that has been taken, and is deleted again unless it is [kept](NewFile::keep).
#[must_use = "a file that is not kept is deleted"]
pub struct NewFile {
    file: StoredFile,
    store: FileStore,
    runtime: Handle,
    is_kept: bool,
}

impl NewFile {
    pub(crate) fn new(file: StoredFile, store: FileStore, runtime: Handle) -> Self {
        Self { file, store, runtime, is_kept: false }
    }

    /// Lets the file stay: something refers to it now.
    pub fn keep(mut self) -> StoredFile {
        self.is_kept = true;
        self.file.clone()
    }
}

impl Deref for NewFile {
    type Target = StoredFile;

    fn deref(&self) -> &StoredFile {
        &self.file
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let (store, id) = (self.store.clone(), self.file.id);
        self.runtime.spawn(async move {
            if let Err(error) = store.delete(id).await {
                tracing::warn!(%id, %error, "a file that nobody keeps could not be deleted");
            }
        });
    }
}
