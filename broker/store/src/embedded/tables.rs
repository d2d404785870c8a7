//! The key spaces on disk, and how they are opened and read.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};
use natter_core::ChannelKey;

use super::keys;
use super::options::{Durability, EmbeddedOptions};
use super::values::StoredHead;
use crate::store::StoreError;

/// The least that fjall takes. Opening replays the journal, so this bounds how long a start takes after a crash.
const JOURNALS_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The opened key spaces; clones share them. The directory stays locked until the last clone is gone.
#[derive(Clone)]
pub(super) struct Tables {
    pub(super) database: Database,
    /// Channel and offset to event.
    pub(super) log: Keyspace,
    /// Channel to [`StoredHead`].
    pub(super) heads: Keyspace,
    /// Channel and publisher's key to [`StoredKey`](super::values::StoredKey).
    pub(super) idempotency: Keyspace,
    /// Expiry time and key of `idempotency`, to nothing.
    pub(super) expiries: Keyspace,
    /// Row key to row.
    pub(super) rows: Keyspace,
}

impl Tables {
    pub(super) fn open(options: &EmbeddedOptions) -> Result<Self, StoreError> {
        std::fs::create_dir_all(&options.path).map_err(|error| {
            StoreError::Unavailable(format!("cannot make the directory {}: {error}", options.path.display()))
        })?;
        Self::open_database(options).map_err(|error| opening_failed(&options.path, &error))
    }

    fn open_database(options: &EmbeddedOptions) -> fjall::Result<Self> {
        let database = Database::builder(&options.path)
            .cache_size(options.cache_bytes)
            .max_journaling_size(JOURNALS_BYTES_MAX)
            .open()?;
        let space = |name| database.keyspace(name, KeyspaceCreateOptions::default);
        Ok(Self {
            log: space("log")?,
            heads: space("heads")?,
            idempotency: space("idempotency")?,
            expiries: space("expiries")?,
            rows: space("rows")?,
            database,
        })
    }

    /// The head of a log as of `snapshot`.
    pub(super) fn head(&self, snapshot: &Snapshot, channel: &ChannelKey) -> Result<Option<StoredHead>, StoreError> {
        let value = snapshot.get(&self.heads, keys::channel(channel)).map_err(|error| read_failed(&error))?;
        value.map(|value| decode_head(channel, &value)).transpose()
    }
}

/// Reads a stored head, or says whose it is that cannot be read.
pub(super) fn decode_head(channel: &ChannelKey, value: &[u8]) -> Result<StoredHead, StoreError> {
    StoredHead::decode(value).ok_or_else(|| StoreError::Corrupt(format!("the head of the log of {channel}")))
}

/// How a batch is made durable.
pub(super) fn persist_mode(durability: Durability) -> PersistMode {
    match durability {
        Durability::Sync => PersistMode::SyncData,
        Durability::Async => PersistMode::Buffer,
    }
}

/// Says why stored bytes could not be read.
pub(super) fn read_failed(error: &fjall::Error) -> StoreError {
    match error {
        fjall::Error::Io(error) => StoreError::Unavailable(format!("reading failed: {error}")),
        error => StoreError::Corrupt(error.to_string()),
    }
}

fn opening_failed(path: &Path, error: &fjall::Error) -> StoreError {
    let path = path.display();
    match error {
        fjall::Error::Locked => {
            StoreError::Unavailable(format!("the data directory {path} is in use by another natter process"))
        }
        fjall::Error::Io(error) => StoreError::Unavailable(format!("cannot open the data directory {path}: {error}")),
        error => StoreError::Corrupt(format!("cannot open the data directory {path}: {error}")),
    }
}
