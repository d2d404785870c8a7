//! The engine that keeps everything in memory: for tests and for `store.kind = "memory"`.
//!
//! It makes the same promises as the other engines except that nothing outlives the process, and it is the
//! model that they are compared with. It is bounded by nothing but what it is given.

mod log;
mod rows;

use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::{ChannelKey, EntityId, Epoch, Publication, TenantId};
use parking_lot::Mutex;

use self::log::MemoryLog;
use self::rows::MemoryRows;
use crate::clock::{Clock, system_clock};
use crate::limits::{check_append, check_channel, check_epoch, check_row_key, check_row_value, not_opened};
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
    rows: MemoryRows,
}

impl State {
    fn open(&mut self) -> Result<&mut Self, StoreError> {
        if self.closed { Err(StoreError::Unavailable("the store is closed".into())) } else { Ok(self) }
    }

    fn append(&mut self, append: LogAppend, now_ms: i64) -> Result<AppendOutcome, StoreError> {
        check_append(&append)?;
        let log = self.open()?.logs.get_mut(&append.channel).ok_or_else(|| not_opened(&append.channel))?;
        log.append(append, now_ms)
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

    async fn log_head(&self, channel: &ChannelKey) -> Result<Option<LogHead>, StoreError> {
        check_channel(channel)?;
        Ok(self.state.lock().open()?.logs.get(channel).map(|log| log.head().clone()))
    }

    async fn read_log(&self, channel: &ChannelKey, request: ReadRequest) -> Result<Vec<Publication>, StoreError> {
        check_channel(channel)?;
        let mut state = self.state.lock();
        Ok(state.open()?.logs.get(channel).map(|log| log.read(&request)).unwrap_or_default())
    }

    async fn trim_log(&self, channel: &ChannelKey, first_offset: u64) -> Result<(), StoreError> {
        check_channel(channel)?;
        if let Some(log) = self.state.lock().open()?.logs.get_mut(channel) {
            log.trim(first_offset);
        }
        Ok(())
    }

    async fn find_by_id(&self, channel: &ChannelKey, id: EntityId) -> Result<Option<u64>, StoreError> {
        check_channel(channel)?;
        Ok(self.state.lock().open()?.logs.get(channel).and_then(|log| log.find_by_id(id)))
    }

    async fn find_seq(&self, channel: &ChannelKey, seq: u64) -> Result<Option<u64>, StoreError> {
        check_channel(channel)?;
        Ok(self.state.lock().open()?.logs.get(channel).and_then(|log| log.find_seq(seq)))
    }

    async fn delete_log(&self, channel: &ChannelKey) -> Result<(), StoreError> {
        check_channel(channel)?;
        self.state.lock().open()?.logs.remove(channel);
        Ok(())
    }

    async fn get_row(&self, key: &RowKey) -> Result<Option<Row>, StoreError> {
        check_row_key(key)?;
        Ok(self.state.lock().open()?.rows.get(key))
    }

    async fn put_row(&self, key: &RowKey, expected_version: u64, value: Bytes) -> Result<RowWriteOutcome, StoreError> {
        check_row_key(key)?;
        check_row_value(&value)?;
        self.state.lock().open()?.rows.change(key, expected_version, Some(value))
    }

    async fn delete_row(&self, key: &RowKey, expected_version: u64) -> Result<RowWriteOutcome, StoreError> {
        check_row_key(key)?;
        self.state.lock().open()?.rows.change(key, expected_version, None)
    }

    async fn set_row(&self, key: &RowKey, value: Bytes) -> Result<(), StoreError> {
        check_row_key(key)?;
        check_row_value(&value)?;
        self.state.lock().open()?.rows.set(key, Some(value))
    }

    async fn remove_row(&self, key: &RowKey) -> Result<(), StoreError> {
        check_row_key(key)?;
        self.state.lock().open()?.rows.set(key, None)
    }

    async fn scan_rows(
        &self,
        tenant: &TenantId,
        table: &'static str,
        partition: &str,
        after: Option<&str>,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        let row = after.unwrap_or_default().to_owned();
        let start = RowKey { tenant: tenant.clone(), table, partition: partition.to_owned(), row };
        check_row_key(&start)?;
        Ok(self.state.lock().open()?.rows.scan(&start, after.is_none(), limit, max_bytes))
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
