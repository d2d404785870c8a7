//! Filling an empty folder with what was carried from elsewhere.
//!
//! The folder gets its name when all of it is there and synced, so that nobody opens a half one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use fjall::{Keyspace, OwnedWriteBatch, PersistMode};

use super::keys;
use super::options::EmbeddedOptions;
use super::tables::{ROW_FLOOR, Tables};
use super::values::{StoredHead, StoredKey, encode_number, encode_row};
use crate::record;
use crate::store::StoreError;
use crate::transfer::{Entry, Sink};

/// Entries that are written together, unless fewer are as heavy as [`BATCH_BYTES`].
const BATCH_ENTRIES: usize = 2048;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// A store that is being filled.
pub struct EmbeddedRestore {
    tables: Tables,
    batch: OwnedWriteBatch,
    entries: usize,
    bytes: usize,
    scratch: PathBuf,
    path: PathBuf,
}

impl EmbeddedRestore {
    /// Begins to fill the folder `path`, which must be empty or not there.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when something is in the folder, or when an earlier filling was not ended;
    /// [`StoreError::Unavailable`] when the disk says no.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(StoreError::Invalid(format!("{} is not empty", path.display())));
        }
        let scratch = scratch_of(path)?;
        if scratch.exists() {
            let (scratch, path) = (scratch.display(), path.display());
            return Err(StoreError::Invalid(format!(
                "{scratch} is left of a filling of {path} that did not end: remove it"
            )));
        }
        let tables = Tables::open(&EmbeddedOptions::new(&scratch))?;
        let batch = batch_of(&tables);
        Ok(Self { tables, batch, entries: 0, bytes: 0, scratch, path: path.to_owned() })
    }

    /// Syncs everything and gives the folder its name.
    ///
    /// # Errors
    /// The disk says no.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.flush()?;
        let Self { tables, batch, scratch, path, .. } = self;
        for space in tables.all() {
            space.rotate_memtable_and_wait().map_err(|error| unwritten(&error))?;
        }
        tables.database.persist(PersistMode::SyncAll).map_err(|error| unwritten(&error))?;
        drop((batch, tables));
        if path.exists() {
            // Only succeeds with an empty one.
            fs::remove_dir(&path).map_err(|error| unwritten(&error))?;
        }
        fs::rename(&scratch, &path).map_err(|error| unwritten(&error))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent).and_then(|folder| folder.sync_all()).map_err(|error| unwritten(&error))
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        (self.entries, self.bytes) = (0, 0);
        let batch = std::mem::replace(&mut self.batch, batch_of(&self.tables));
        batch.commit().map_err(|error| unwritten(&error))
    }

    fn put(&mut self, space: impl Fn(&Tables) -> &Keyspace, key: Vec<u8>, value: Vec<u8>) {
        self.batch.insert(space(&self.tables), key, value);
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::RowFloor(floor) => self.put(|tables| &tables.facts, ROW_FLOOR.to_vec(), encode_number(floor)),
            Entry::Row(name, row) => self.put(|tables| &tables.rows, keys::row_name(&name), encode_row(&row)),
            Entry::Log(channel, head) => {
                let stored = StoredHead { deleted_below: head.first_offset, head, deleting: false };
                self.put(|tables| &tables.heads, keys::channel(&channel), stored.encode());
            }
            Entry::Event { channel, offset, value } => {
                let prefix = keys::channel(&channel);
                if let Some(id) = record::id(&value) {
                    // Of two events with one id the later one comes later.
                    self.put(|tables| &tables.ids, keys::id(&prefix, id), encode_number(offset));
                }
                self.put(|tables| &tables.log, keys::event(&prefix, offset), value.to_vec());
            }
            Entry::Key { channel, key, offset, expires_ms } => {
                let key = keys::idempotency(&keys::channel(&channel), &key);
                self.put(|tables| &tables.expiries, keys::expiry(expires_ms, &key), Vec::new());
                self.put(|tables| &tables.idempotency, key, StoredKey { offset, expires_ms }.encode());
            }
        }
    }
}

impl Sink for EmbeddedRestore {
    fn entry(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.entries += 1;
        self.bytes += entry.weight();
        self.take(entry);
        if self.entries >= BATCH_ENTRIES || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }
}

fn batch_of(tables: &Tables) -> OwnedWriteBatch {
    tables.database.batch().durability(Some(PersistMode::Buffer))
}

/// The name beside `path` under which it is filled.
fn scratch_of(path: &Path) -> Result<PathBuf, StoreError> {
    let name =
        path.file_name().ok_or_else(|| StoreError::Invalid(format!("{} is no folder's name", path.display())))?;
    let mut scratch = OsString::from(name);
    scratch.push(".restoring");
    Ok(path.with_file_name(scratch))
}

fn unwritten(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("the folder cannot be written: {error}"))
}
