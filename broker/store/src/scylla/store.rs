//! The [`Store`] trait on a [`ScyllaStore`].

use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::{ChannelKey, EntityId, Epoch, Publication, TenantId};
use tokio::time::timeout;

use super::ScyllaStore;
use super::engine::Engine;
use crate::limits::{check_append, check_channel, check_epoch, check_row_key, check_row_value};
use crate::observer::StoreOperation;
use crate::store::{
    AppendError, AppendOutcome, LogAppend, LogHead, ReadRequest, Row, RowKey, RowWriteOutcome, Store, StoreError,
    StoreHealth,
};

impl ScyllaStore {
    /// Waits for `call`, but not for ever.
    async fn bounded<T>(
        &self,
        engine: &Engine,
        operation: StoreOperation,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.timed(operation, timeout(engine.patience(), Box::pin(call))).await.map_err(|_| too_long())?
    }

    /// Tells the observer how long `call` took.
    async fn timed<T>(&self, operation: StoreOperation, call: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let result = call.await;
        self.observer.operated(operation, started.elapsed().as_secs_f64());
        result
    }
}

#[async_trait]
impl Store for ScyllaStore {
    fn name(&self) -> &'static str {
        "scylla"
    }

    async fn open_log(&self, channel: &ChannelKey, candidate: Epoch) -> Result<LogHead, StoreError> {
        check_channel(channel)?;
        check_epoch(&candidate)?;
        let engine = self.answering()?;
        self.bounded(&engine, StoreOperation::OpenLog, engine.open_log(channel, &candidate)).await
    }

    async fn append(&self, append: LogAppend) -> Result<AppendOutcome, AppendError> {
        check_append(&append).map_err(AppendError::Rejected)?;
        let engine = self.answering().map_err(AppendError::Rejected)?;
        let started = Instant::now();
        let outcome = self.timed(StoreOperation::Append, timeout(engine.patience(), engine.append(&append))).await;
        if matches!(outcome, Ok(Ok(AppendOutcome::Appended))) {
            self.observer.synced(append.records.len(), started.elapsed().as_secs_f64());
        }
        outcome.map_err(|_| AppendError::Unknown(too_long()))?
    }

    async fn log_head(&self, channel: &ChannelKey) -> Result<Option<LogHead>, StoreError> {
        check_channel(channel)?;
        let engine = self.answering()?;
        self.bounded(&engine, StoreOperation::LogHead, engine.head(channel, true)).await
    }

    async fn read_log(&self, channel: &ChannelKey, request: ReadRequest) -> Result<Vec<Publication>, StoreError> {
        check_channel(channel)?;
        let engine = self.answering()?;
        self.bounded(&engine, StoreOperation::ReadLog, engine.read_log(channel, &request)).await
    }

    async fn trim_log(&self, channel: &ChannelKey, first_offset: u64) -> Result<(), StoreError> {
        check_channel(channel)?;
        let engine = self.answering()?;
        self.timed(StoreOperation::TrimLog, engine.trim_log(channel, first_offset)).await
    }

    async fn find_by_id(&self, channel: &ChannelKey, id: EntityId) -> Result<Option<u64>, StoreError> {
        check_channel(channel)?;
        let engine = self.answering()?;
        self.bounded(&engine, StoreOperation::FindById, engine.find_by_id(channel, id)).await
    }

    async fn find_seq(&self, channel: &ChannelKey, seq: u64) -> Result<Option<u64>, StoreError> {
        check_channel(channel)?;
        let engine = self.answering()?;
        self.bounded(&engine, StoreOperation::FindSeq, engine.find_seq(channel, seq)).await
    }

    async fn delete_log(&self, channel: &ChannelKey) -> Result<(), StoreError> {
        check_channel(channel)?;
        let engine = self.answering()?;
        self.timed(StoreOperation::DeleteLog, engine.delete_log(channel)).await
    }

    async fn get_row(&self, key: &RowKey) -> Result<Option<Row>, StoreError> {
        check_row_key(key)?;
        let engine = self.answering()?;
        self.bounded(&engine, StoreOperation::GetRow, engine.get_row(key)).await
    }

    async fn put_row(&self, key: &RowKey, expected_version: u64, value: Bytes) -> Result<RowWriteOutcome, StoreError> {
        check_row_key(key)?;
        check_row_value(&value)?;
        let engine = self.answering()?;
        self.bounded(&engine, StoreOperation::PutRow, engine.change_row(key, expected_version, Some(value))).await
    }

    async fn delete_row(&self, key: &RowKey, expected_version: u64) -> Result<RowWriteOutcome, StoreError> {
        check_row_key(key)?;
        let engine = self.answering()?;
        self.bounded(&engine, StoreOperation::DeleteRow, engine.change_row(key, expected_version, None)).await
    }

    async fn set_row(&self, key: &RowKey, value: Bytes) -> Result<(), StoreError> {
        check_row_key(key)?;
        check_row_value(&value)?;
        let engine = self.answering()?;
        self.bounded(&engine, StoreOperation::SetRow, engine.set_row(key, Some(value))).await
    }

    async fn remove_row(&self, key: &RowKey) -> Result<(), StoreError> {
        check_row_key(key)?;
        let engine = self.answering()?;
        self.bounded(&engine, StoreOperation::RemoveRow, engine.set_row(key, None)).await
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
        check_row_key(&RowKey { tenant: tenant.clone(), table, partition: partition.to_owned(), row })?;
        let engine = self.answering()?;
        let scan = engine.scan_rows(tenant, table, partition, after, limit, max_bytes);
        self.bounded(&engine, StoreOperation::ScanRows, scan).await
    }

    fn health(&self) -> StoreHealth {
        match self.engine() {
            Ok(engine) => engine.cql.outage().map_or(StoreHealth::Ready, StoreHealth::Failed),
            Err(error) => StoreHealth::Failed(error.to_string()),
        }
    }

    async fn close(&self) {
        // Calls that are under way hold the engine until they are done.
        drop(self.engine.write().take());
        let watch = self.watch.lock().take();
        if let Some(watch) = watch {
            watch.abort();
        }
    }
}

fn too_long() -> StoreError {
    StoreError::Unavailable("the cluster took too long to answer".into())
}
