//! The trait that every engine implements, and the types that cross it.

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::{ChannelKey, EntityId, Epoch, Position, Publication, TenantId};
pub use natter_core::{LogHead, LogRecord, Version};

/// A conditional append of consecutive events to one channel.
#[derive(Clone, Debug)]
pub struct LogAppend {
    /// The channel; its log must have been opened.
    pub channel: ChannelKey,
    /// The offset that the writer believes to be the last one.
    pub expected_last_offset: u64,
    /// 1 to 256 events, numbered `expected_last_offset + 1` and up without a hole; at most 512 KiB of payload
    /// unless it is a single event. `seq` goes up by one with every message and stays with every other event. The
    /// engine splits at its own borders, not the caller.
    pub records: Vec<LogRecord>,
}

/// How an append ended, when the store could decide it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// All of it is durable.
    Appended,
    /// Nothing was appended: the record at `index` repeats an idempotency key that is already stored.
    Duplicate {
        /// The first record of the append that is a repeat.
        index: usize,
        /// Where the first publication with this key stands.
        position: Position,
    },
    /// Nothing was appended: the log ends elsewhere. Only another writer can cause it.
    Conflict(LogHead),
}

/// Why a store could not do what was asked. Every variant means that nothing is promised.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The call breaks a bound that the trait documents: its caller has a bug, and trying again cannot help.
    #[error("the request is malformed: {0}")]
    Invalid(String),
    /// The store cannot be reached or is shutting down; the caller may try again later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// A sync failed or stored bytes are damaged. The engine takes no more writes until it is opened again,
    /// since nobody can know what of the failed write is on disk.
    #[error("the store is poisoned: {0}")]
    Poisoned(String),
    /// A stored record fails its checks.
    #[error("a stored record is corrupt: {0}")]
    Corrupt(String),
}

/// Why an append failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// Nothing of it is stored.
    #[error("not appended: {0}")]
    Rejected(#[source] StoreError),
    /// It, or a leading part of it, may or may not be stored: the caller reads the log's head before it decides
    /// anything.
    #[error("the outcome is unknown: {0}")]
    Unknown(#[source] StoreError),
}

/// Which way a read walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadDirection {
    /// From `from_offset` up.
    Forward,
    /// From `from_offset` down.
    Backward,
}

/// Bytes that one read or scan returns unless its caller says otherwise.
pub const READ_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A bounded read of one channel's log.
///
/// A read that stops at a bound answers with less than there is: whoever wants a whole range asks again from where the
/// answer ended, until an answer is empty or reaches the range's end.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// The first offset to return, inclusive, if it is kept; a forward read starts at the oldest kept event
    /// when this is below it, a backward read at the newest when this is above it.
    pub from_offset: u64,
    /// At most this many events, 1 to 10,000.
    pub limit: usize,
    /// Stops before the payload, publishers and tags of what is returned would exceed this; a first event that is
    /// larger is returned alone.
    pub max_bytes: usize,
    /// Which way to walk.
    pub direction: ReadDirection,
}

impl ReadRequest {
    /// Up from `from_offset`, within [`READ_BYTES_MAX`].
    pub fn forward(from_offset: u64, limit: usize) -> Self {
        Self { from_offset, limit, max_bytes: READ_BYTES_MAX, direction: ReadDirection::Forward }
    }

    /// Down from `from_offset`, within [`READ_BYTES_MAX`].
    pub fn backward(from_offset: u64, limit: usize) -> Self {
        Self { direction: ReadDirection::Backward, ..Self::forward(from_offset, limit) }
    }

    /// The same read within other bytes.
    pub fn within(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }
}

/// The key of an entity's row. The engine never reads across partitions.
///
/// All rows of a `table` are written in one of two ways, for ever: conditionally ([`Store::put_row`],
/// [`Store::delete_row`]) or unconditionally ([`Store::set_row`], [`Store::remove_row`]). A distributed engine orders
/// the two by different clocks, so that a mix could bring back what was deleted. The engine cannot afford to check it;
/// the one in memory does, so that a test finds it. Reads are the same for both.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey {
    /// The owner.
    pub tenant: TenantId,
    /// What kind of entity it is; a short fixed name such as `"tenants"`.
    pub table: &'static str,
    /// Rows that are listed together; up to 1,024 bytes.
    pub partition: String,
    /// Sorts the rows of a partition, byte by byte; up to 1,024 bytes.
    pub row: String,
}

/// An entity's value under the version that guards its next change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Grows with each change, by one while the row lives. A row that is made again after its deletion begins above
    /// every version that it ever had, so that whoever remembers an old one cannot win with it. 0 in a row that is
    /// written unconditionally.
    pub version: u64,
    /// The entity; up to 1 MiB.
    pub value: Bytes,
}

/// How a conditional change of a row ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowWriteOutcome {
    /// It is durable; the row now has this version (0 after a delete).
    Written(u64),
    /// The row is not at the expected version; this is what is there.
    Conflict(Option<Row>),
}

/// Whether durable writes can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreHealth {
    /// Reads and writes work.
    Ready,
    /// The reason why durable writes are refused.
    Failed(String),
}

/// A durable store of channel logs and entity rows.
///
/// Invariants that every engine keeps and the conformance suite checks:
/// - an `Appended`, `Written` or opened log survives `kill -9` (and, with synchronous durability, power loss);
/// - offsets of a log are 1, 2, 3 … without hole or repeat, whoever writes;
/// - an append is all or nothing. An engine that splits appends may keep the leading part of one when another writer
///   or a failure comes between its parts; the answer is then [`AppendError::Unknown`], and what is kept has no hole;
/// - `find_seq` and `find_by_id` answer as soon as the append is acknowledged and for as long as the event is kept;
/// - a finished trim survives it as well;
/// - the head names the version of the newest event that has one, whether that is still kept or not;
/// - trimming and clearing never change the epoch or let a number be given twice.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The engine's name in metrics: `memory`, `embedded` or `scylla`.
    fn name(&self) -> &'static str;

    /// Opens a channel's log, making it with `candidate` as its epoch when there is none. The answer is
    /// durable: the same epoch comes back for as long as the log lives.
    async fn open_log(&self, channel: &ChannelKey, candidate: Epoch) -> Result<LogHead, StoreError>;

    /// Appends to an opened log, if it ends where the caller believes.
    ///
    /// A caller has at most one append per channel under way.
    async fn append(&self, append: LogAppend) -> Result<AppendOutcome, AppendError>;

    /// Where a log begins and ends, without making one; `None` when there is none.
    async fn log_head(&self, channel: &ChannelKey) -> Result<Option<LogHead>, StoreError>;

    /// Reads events of a log; empty when there is none in range or no such log.
    async fn read_log(&self, channel: &ChannelKey, request: ReadRequest) -> Result<Vec<Publication>, StoreError>;

    /// Forgets events below `first_offset`. An engine may keep some of them for a while (it removes full
    /// buckets only); it never returns an event that a finished call has forgotten.
    async fn trim_log(&self, channel: &ChannelKey, first_offset: u64) -> Result<(), StoreError>;

    /// The offset of the event with this id; `None` when there is none or a trim has forgotten it. That ids are not
    /// given twice within a channel is the callers' care; of two events with one id either may be found.
    async fn find_by_id(&self, channel: &ChannelKey, id: EntityId) -> Result<Option<u64>, StoreError>;

    /// The offset of the message with this `seq`; `None` when there is none or a trim has forgotten it.
    async fn find_seq(&self, channel: &ChannelKey, seq: u64) -> Result<Option<u64>, StoreError>;

    /// Deletes a log with everything in it, for good, under no condition. A log that is opened again begins at 1 with
    /// the epoch of its opening; what is being appended meanwhile is either deleted too or refused. Deleting what does
    /// not exist is no error. When it fails, the log may be partly gone: it is then no longer readable, and the next
    /// call of this or of [`Self::open_log`] finishes it.
    async fn delete_log(&self, channel: &ChannelKey) -> Result<(), StoreError>;

    /// Reads one row.
    async fn get_row(&self, key: &RowKey) -> Result<Option<Row>, StoreError>;

    /// Writes a row if it is at `expected_version` (0: if it does not exist).
    async fn put_row(&self, key: &RowKey, expected_version: u64, value: Bytes) -> Result<RowWriteOutcome, StoreError>;

    /// Deletes a row if it is at `expected_version`.
    async fn delete_row(&self, key: &RowKey, expected_version: u64) -> Result<RowWriteOutcome, StoreError>;

    /// Writes a row whatever is there. For rows with a single writer, whose calls are not concurrent, and for hints
    /// that a reader checks; see [`RowKey`] for the tables that this may be used with.
    async fn set_row(&self, key: &RowKey, value: Bytes) -> Result<(), StoreError>;

    /// Removes a row whatever is there; the counterpart of [`Self::set_row`].
    async fn remove_row(&self, key: &RowKey) -> Result<(), StoreError>;

    /// Lists rows of a partition whose `row` sorts after `after`, in order: up to `limit` (1 to 10,000) of them, and
    /// no more than fit into `max_bytes` of names and values, but at least one if there is one. An empty answer is the
    /// end of the partition; a short one need not be.
    async fn scan_rows(
        &self,
        tenant: &TenantId,
        table: &'static str,
        partition: &str,
        after: Option<&str>,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<(String, Row)>, StoreError>;

    /// Whether durable writes can be taken now.
    fn health(&self) -> StoreHealth;

    /// Finishes what is queued and closes. Later calls fail with [`StoreError::Unavailable`].
    async fn close(&self);
}

/// How long a stored idempotency key answers a repeat: 24 hours.
pub const IDEMPOTENCY_TTL_MS: i64 = 24 * 60 * 60 * 1000;
