//! The engine that keeps everything in memory: for tests and for `store.kind = "memory"`.
//!
//! It makes the same promises as the other engines except that nothing outlives the process, and it is the
//! model that they are compared with. It is bounded by nothing but what it is given.

mod log;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::{ChannelKey, Epoch, Publication, TenantId};
use parking_lot::Mutex;

use self::log::MemoryLog;
use crate::clock::{Clock, system_clock};
use crate::limits::{
    SCAN_ROWS_MAX, check_append, check_channel, check_epoch, check_row_key, check_row_value, not_opened,
};
use crate::store::{
    AppendError, AppendOutcome, LogAppend, LogHead, ReadRequest, Row, RowKey, RowWriteOutcome, Store, StoreError,
    StoreHealth,
};

/// A store that forgets everything when it is dropped.
pub struct MemoryStore {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    closed: bool,
    logs: HashMap<ChannelKey, MemoryLog>,
    rows: BTreeMap<RowKey, Row>,
}

impl State {
    fn open(&mut self) -> Result<&mut Self, StoreError> {
        if self.closed { Err(StoreError::Unavailable("the store is closed".into())) } else { Ok(self) }
    }

    fn append(&mut self, append: LogAppend, now_ms: i64) -> Result<AppendOutcome, StoreError> {
        check_append(&append)?;
        let log = self.open()?.logs.get_mut(&append.channel).ok_or_else(|| not_opened(&append.channel))?;
        Ok(log.append(append, now_ms))
    }
}

impl MemoryStore {
    /// Makes an empty store on the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(system_clock())
    }

    /// Makes an empty store whose idempotency keys expire by `clock`.
    pub fn with_clock(clock: Clock) -> Self {
        Self { clock, state: Mutex::default() }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn open_log(&self, channel: &ChannelKey, candidate: Epoch) -> Result<LogHead, StoreError> {
        check_channel(channel)?;
        check_epoch(&candidate)?;
        let mut state = self.state.lock();
        let log = state.open()?.logs.entry(channel.clone()).or_insert_with(|| MemoryLog::new(candidate));
        Ok(log.head().clone())
    }

    async fn append(&self, append: LogAppend) -> Result<AppendOutcome, AppendError> {
        let now_ms = (self.clock)();
        self.state.lock().append(append, now_ms).map_err(AppendError::Rejected)
    }

    async fn read_log(&self, channel: &ChannelKey, request: ReadRequest) -> Result<Vec<Publication>, StoreError> {
        let mut state = self.state.lock();
        Ok(state.open()?.logs.get(channel).map(|log| log.read(&request)).unwrap_or_default())
    }

    async fn trim_log(&self, channel: &ChannelKey, first_offset: u64) -> Result<(), StoreError> {
        if let Some(log) = self.state.lock().open()?.logs.get_mut(channel) {
            log.trim(first_offset);
        }
        Ok(())
    }

    async fn get_row(&self, key: &RowKey) -> Result<Option<Row>, StoreError> {
        check_row_key(key)?;
        Ok(self.state.lock().open()?.rows.get(key).cloned())
    }

    async fn put_row(&self, key: &RowKey, expected_version: u64, value: Bytes) -> Result<RowWriteOutcome, StoreError> {
        check_row_key(key)?;
        check_row_value(&value)?;
        let mut state = self.state.lock();
        let rows = &mut state.open()?.rows;
        let found = rows.get(key);
        if found.map_or(0, |row| row.version) != expected_version {
            return Ok(RowWriteOutcome::Conflict(found.cloned()));
        }
        let version = expected_version.saturating_add(1);
        rows.insert(key.clone(), Row { version, value });
        Ok(RowWriteOutcome::Written(version))
    }

    async fn delete_row(&self, key: &RowKey, expected_version: u64) -> Result<RowWriteOutcome, StoreError> {
        check_row_key(key)?;
        let mut state = self.state.lock();
        let rows = &mut state.open()?.rows;
        let found = rows.get(key);
        if found.map_or(0, |row| row.version) != expected_version {
            return Ok(RowWriteOutcome::Conflict(found.cloned()));
        }
        rows.remove(key);
        Ok(RowWriteOutcome::Written(0))
    }

    async fn scan_rows(
        &self,
        tenant: &TenantId,
        table: &'static str,
        partition: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        let start = RowKey {
            tenant: tenant.clone(),
            table,
            partition: partition.to_owned(),
            row: after.unwrap_or_default().to_owned(),
        };
        check_row_key(&start)?;
        let bound = if after.is_some() { Bound::Excluded(&start) } else { Bound::Included(&start) };
        let mut state = self.state.lock();
        let rows = state.open()?.rows.range((bound, Bound::Unbounded));
        let same = |key: &RowKey| key.tenant == start.tenant && key.table == table && key.partition == partition;
        let found = rows.take_while(|(key, _)| same(key)).take(limit.min(SCAN_ROWS_MAX));
        Ok(found.map(|(key, row)| (key.row.clone(), row.clone())).collect())
    }

    fn health(&self) -> StoreHealth {
        match self.state.lock().open() {
            Ok(_) => StoreHealth::Ready,
            Err(error) => StoreHealth::Failed(error.to_string()),
        }
    }

    async fn close(&self) {
        self.state.lock().closed = true;
    }
}
