//! The rows of the queue: tables `outbox` (waiting) and `outbox_dead` (given up), in a fixed number of partitions that
//! belong to the node itself, since a store lists nothing wider than a partition. This process is their only writer, so
//! they are written unconditionally.
//!
//! A waiting job's row is named `lane/job`, so that a lane's jobs stand together and in order. A dead one's is its id.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::TenantId;
use natter_store::{Row, RowKey, RowWriteOutcome, Store, StoreError};

use super::job::JobId;
use super::record::{LaneId, PARTITIONS, Record};

/// The owner of the node's own rows; no tenant can have such a name.
const NODE: &str = "@node";
const STARTS: &str = "outbox_starts";
/// Most bytes of one read, unless a single job has more.
const PAGE_BYTES_MAX: usize = 512 * 1024;
/// Tries to write a row that somebody else writes at the same time.
const WRITES_MAX: usize = 8;

/// Where a job is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Waiting,
    Dead,
}

impl Place {
    fn table(self) -> &'static str {
        match self {
            Self::Waiting => "outbox",
            Self::Dead => "outbox_dead",
        }
    }
}

/// How often a node was started, as its row says.
fn starts(row: &Row) -> Option<u32> {
    match row.value.first_chunk() {
        Some(count) => Some(u32::from_le_bytes(*count)),
        // Earlier builds left the counting to the version.
        None => u32::try_from(row.version).ok(),
    }
}

/// Records of a partition, in order.
pub(super) struct Page {
    pub(super) records: Vec<Record>,
    /// After which row to go on; absent at the end.
    pub(super) next: Option<String>,
}

/// The store, seen as one node's outbox.
#[derive(Clone)]
pub(super) struct Rows {
    store: Arc<dyn Store>,
    owner: String,
    node: TenantId,
}

impl Rows {
    pub(super) fn new(store: Arc<dyn Store>, owner: &str) -> Self {
        Self { store, owner: owner.to_owned(), node: TenantId::new(NODE) }
    }

    /// Counts a start of the node; the numbers only go up, so ids of a later start sort after those before.
    pub(super) async fn count_start(&self) -> Result<u32, StoreError> {
        let key =
            RowKey { tenant: self.node.clone(), table: STARTS, partition: String::new(), row: self.owner.clone() };
        for _ in 0..WRITES_MAX {
            let found = self.store.get_row(&key).await?;
            let version = found.as_ref().map_or(0, |row| row.version);
            let count = found.map_or(Some(0), |row| starts(&row)).and_then(|count| count.checked_add(1));
            let count = count.ok_or_else(|| StoreError::Corrupt("too many starts".to_owned()))?;
            let value = Bytes::copy_from_slice(&count.to_le_bytes());
            if let RowWriteOutcome::Written(_) = self.store.put_row(&key, version, value).await? {
                return Ok(count);
            }
        }
        Err(StoreError::Unavailable("the outbox is being opened by somebody else".to_owned()))
    }

    /// Writes a record: a new one, or what has become of it.
    pub(super) async fn set(&self, place: Place, record: &Record) -> Result<(), StoreError> {
        self.store.set_row(&self.key_of(place, record), record.encode()?).await
    }

    /// Removes a record, if it is there.
    pub(super) async fn remove(&self, place: Place, record: &Record) -> Result<(), StoreError> {
        self.store.remove_row(&self.key_of(place, record)).await
    }

    /// The first jobs of a lane, and whether there are no more.
    pub(super) async fn of_lane(&self, lane: LaneId, limit: usize) -> Result<(Vec<Record>, bool), StoreError> {
        let prefix = lane.prefix();
        let page = self.page(Place::Waiting, lane.partition(), Some(&prefix), limit).await?;
        let is_whole = page.next.is_none_or(|row| !row.starts_with(&prefix));
        Ok((page.records.into_iter().filter(|record| record.lane() == lane).collect(), is_whole))
    }

    /// Records of a partition whose row sorts after `after`, in order. A row that cannot be read is logged and left out.
    pub(super) async fn page(
        &self,
        place: Place,
        partition: usize,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let (partition, table) = (self.partition(partition), place.table());
        let rows = self.store.scan_rows(&self.node, table, &partition, after, limit, PAGE_BYTES_MAX).await?;
        let next = rows.last().map(|(name, _)| name.clone());
        Ok(Page { records: rows.into_iter().filter_map(|(name, row)| decode(&name, &row)).collect(), next })
    }

    /// A dead job.
    pub(super) async fn dead(&self, id: JobId) -> Result<Option<Record>, StoreError> {
        let key = self.key(Place::Dead, dead_partition(id), id.to_string());
        let row = self.store.get_row(&key).await?;
        Ok(row.and_then(|row| decode(&key.row, &row)))
    }

    fn key_of(&self, place: Place, record: &Record) -> RowKey {
        match place {
            Place::Waiting => {
                let lane = record.lane();
                self.key(place, lane.partition(), format!("{}{}", lane.prefix(), record.id))
            }
            Place::Dead => self.key(place, dead_partition(record.id), record.id.to_string()),
        }
    }

    fn key(&self, place: Place, partition: usize, row: String) -> RowKey {
        RowKey { tenant: self.node.clone(), table: place.table(), partition: self.partition(partition), row }
    }

    fn partition(&self, index: usize) -> String {
        format!("{}/{index:02}", self.owner)
    }
}

fn dead_partition(id: JobId) -> usize {
    (id.spread() % PARTITIONS as u64) as usize
}

fn decode(name: &str, row: &Row) -> Option<Record> {
    let id = name.rsplit('/').next().unwrap_or_default();
    let record = match id.parse() {
        Ok(id) => Record::decode(id, &row.value),
        Err(_) => Err(StoreError::Corrupt("the row's name ends in no job".to_owned())),
    };
    record.inspect_err(|error| tracing::error!(row = name, %error, "a job cannot be read and stays where it is")).ok()
}
