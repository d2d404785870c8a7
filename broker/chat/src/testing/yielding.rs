//! A store in memory that lets others run before and after each access to a row, at random: calls that are awaited side by
//! side meet in the middle, as they do over a disk.

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::{ChannelKey, EntityId, Epoch, Publication, TenantId};
use natter_store::{
    AppendError, AppendOutcome, LogAppend, LogHead, MemoryStore, ReadRequest, Row, RowKey, RowWriteOutcome, Store,
    StoreError, StoreHealth,
};

/// Turns that others get at most.
const TURNS_MAX: usize = 4;

#[derive(Default)]
pub(crate) struct YieldingStore(MemoryStore);

async fn let_others_run() {
    for _ in 0..rand::random_range(0..=TURNS_MAX) {
        tokio::task::yield_now().await;
    }
}

async fn between<T>(access: impl Future<Output = T>) -> T {
    let_others_run().await;
    let answer = access.await;
    let_others_run().await;
    answer
}

#[async_trait]
impl Store for YieldingStore {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn open_log(&self, channel: &ChannelKey, candidate: Epoch) -> Result<LogHead, StoreError> {
        self.0.open_log(channel, candidate).await
    }

    async fn append(&self, append: LogAppend) -> Result<AppendOutcome, AppendError> {
        self.0.append(append).await
    }

    async fn log_head(&self, channel: &ChannelKey) -> Result<Option<LogHead>, StoreError> {
        self.0.log_head(channel).await
    }

    async fn read_log(&self, channel: &ChannelKey, request: ReadRequest) -> Result<Vec<Publication>, StoreError> {
        self.0.read_log(channel, request).await
    }

    async fn trim_log(&self, channel: &ChannelKey, first_offset: u64) -> Result<(), StoreError> {
        self.0.trim_log(channel, first_offset).await
    }

    async fn find_by_id(&self, channel: &ChannelKey, id: EntityId) -> Result<Option<u64>, StoreError> {
        self.0.find_by_id(channel, id).await
    }

    async fn find_seq(&self, channel: &ChannelKey, seq: u64) -> Result<Option<u64>, StoreError> {
        self.0.find_seq(channel, seq).await
    }

    async fn delete_log(&self, channel: &ChannelKey) -> Result<(), StoreError> {
        self.0.delete_log(channel).await
    }

    async fn get_row(&self, key: &RowKey) -> Result<Option<Row>, StoreError> {
        between(self.0.get_row(key)).await
    }

    async fn put_row(&self, key: &RowKey, expected_version: u64, value: Bytes) -> Result<RowWriteOutcome, StoreError> {
        between(self.0.put_row(key, expected_version, value)).await
    }

    async fn delete_row(&self, key: &RowKey, expected_version: u64) -> Result<RowWriteOutcome, StoreError> {
        between(self.0.delete_row(key, expected_version)).await
    }

    async fn set_row(&self, key: &RowKey, value: Bytes) -> Result<(), StoreError> {
        between(self.0.set_row(key, value)).await
    }

    async fn remove_row(&self, key: &RowKey) -> Result<(), StoreError> {
        between(self.0.remove_row(key)).await
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
        between(self.0.scan_rows(tenant, table, partition, after, limit, max_bytes)).await
    }

    fn health(&self) -> StoreHealth {
        self.0.health()
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
