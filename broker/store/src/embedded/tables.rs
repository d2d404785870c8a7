//! The key spaces on disk, and how they are opened and read.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};
use natter_core::ChannelKey;

use super::keys;
use super::options::{Durability, EmbeddedOptions};
use super::values::{StoredHead, decode_number};
use crate::store::StoreError;

/// The least that fjall takes. Opening replays the journal, so this bounds how long a start takes after a crash.
const JOURNALS_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The key in `facts` of the highest version that a deleted row ever had.
pub(super) const ROW_FLOOR: &[u8] = b"row_floor";

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
    /// Channel and an event's id to the event's offset.
    pub(super) ids: Keyspace,
    /// Channels whose log is being deleted, to nothing.
    pub(super) deletions: Keyspace,
    /// Row key to row.
    pub(super) rows: Keyspace,
    /// What the store remembers about itself.
    pub(super) facts: Keyspace,
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
            ids: space("ids")?,
            deletions: space("deletions")?,
            rows: space("rows")?,
            facts: space("facts")?,
            database,
        })
    }

    /// All key spaces.
    pub(super) fn all(&self) -> [&Keyspace; 8] {
        let Self { log, heads, idempotency, expiries, ids, deletions, rows, facts, .. } = self;
        [log, heads, idempotency, expiries, ids, deletions, rows, facts]
    }

    /// The highest version that a deleted row ever had.
    pub(super) fn row_floor(&self) -> Result<u64, StoreError> {
        let value = self.facts.get(ROW_FLOOR).map_err(|error| read_failed(&error))?;
        let Some(value) = value else { return Ok(0) };
        decode_number(&value).ok_or_else(|| StoreError::Corrupt("the floor of row versions".into()))
    }

    /// The head of a log as of `snapshot`; `None` also while the log is being deleted.
    pub(super) fn head(&self, snapshot: &Snapshot, channel: &ChannelKey) -> Result<Option<StoredHead>, StoreError> {
        let value = snapshot.get(&self.heads, keys::channel(channel)).map_err(|error| read_failed(&error))?;
        let stored = value.map(|value| decode_head(channel, &value)).transpose()?;
        Ok(stored.filter(|stored| !stored.deleting))
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
