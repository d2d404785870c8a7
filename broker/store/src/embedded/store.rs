//! The [`Store`] trait on an [`EmbeddedStore`]: checks what comes in and hands it to the committer or to a reader.

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::{ChannelKey, EntityId, Epoch, Publication, TenantId};
use tokio::task::spawn_blocking;

use super::command::{Command, EncodedAppend, EncodedEvent, RowChange};
use super::queue::NoAnswer;
use super::{EmbeddedStore, find, keys, log, rows};
use crate::limits::{check_append, check_channel, check_epoch, check_row_key, check_row_value, refused, seq_before};
use crate::observer::StoreOperation;
use crate::record;
use crate::store::{
    AppendError, AppendOutcome, LogAppend, LogHead, LogRecord, ReadRequest, Row, RowKey, RowWriteOutcome, Store,
    StoreError, StoreHealth,
};

/// Encodes an append on its caller's thread, so that the committer only writes.
pub(super) fn encode(append: LogAppend) -> Result<EncodedAppend, StoreError> {
    let event = |stored: &LogRecord| {
        let value = record::encode(stored).map_err(|error| refused(error.to_string()))?;
        Ok(EncodedEvent { value, idempotency_key: stored.idempotency_key.clone(), id: stored.id })
    };
    Ok(EncodedAppend {
        expected_last_offset: append.expected_last_offset,
        seq_before: seq_before(&append),
        last_seq: append.records.last().map_or(0, |last| last.publication.seq),
        version: append.records.iter().rev().find_map(|record| record.version.clone()),
        events: append.records.iter().map(event).collect::<Result<_, StoreError>>()?,
        channel: append.channel,
    })
}

impl EmbeddedStore {
    async fn change_row(&self, change: RowChange) -> Result<RowWriteOutcome, StoreError> {
        self.write(|reply| Command::ChangeRow(change, reply)).await.map_err(NoAnswer::into_error)?
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    fn name(&self) -> &'static str {
        "embedded"
    }

    async fn open_log(&self, channel: &ChannelKey, candidate: Epoch) -> Result<LogHead, StoreError> {
        check_channel(channel)?;
        check_epoch(&candidate)?;
        let opened = self.write(|reply| Command::OpenLog(channel.clone(), candidate, reply));
        self.timed(StoreOperation::OpenLog, opened).await.map_err(NoAnswer::into_error)?
    }

    async fn append(&self, append: LogAppend) -> Result<AppendOutcome, AppendError> {
        check_append(&append).map_err(AppendError::Rejected)?;
        let append = encode(append).map_err(AppendError::Rejected)?;
        let appended = self.write(|reply| Command::Append(append, reply));
        match self.timed(StoreOperation::Append, appended).await {
            Ok(result) => result,
            Err(NoAnswer::Refused(error)) => Err(AppendError::Rejected(error)),
            Err(NoAnswer::Lost(error)) => Err(AppendError::Unknown(error)),
        }
    }

    async fn log_head(&self, channel: &ChannelKey) -> Result<Option<LogHead>, StoreError> {
        check_channel(channel)?;
        let channel = channel.clone();
        let read = self.read(move |tables| tables.head(&tables.database.snapshot(), &channel));
        let stored = self.timed(StoreOperation::LogHead, read).await?;
        Ok(stored.map(|stored| stored.head))
    }

    async fn read_log(&self, channel: &ChannelKey, request: ReadRequest) -> Result<Vec<Publication>, StoreError> {
        check_channel(channel)?;
        let channel = channel.clone();
        let read = self.read(move |tables| log::read(tables, &channel, &request));
        self.timed(StoreOperation::ReadLog, read).await
    }

    async fn trim_log(&self, channel: &ChannelKey, first_offset: u64) -> Result<(), StoreError> {
        check_channel(channel)?;
        let trimmed = self.write(|reply| Command::Trim(channel.clone(), first_offset, reply));
        self.timed(StoreOperation::TrimLog, trimmed).await.map_err(NoAnswer::into_error)?
    }

    async fn find_by_id(&self, channel: &ChannelKey, id: EntityId) -> Result<Option<u64>, StoreError> {
        check_channel(channel)?;
        let channel = channel.clone();
        let found = self.read(move |tables| find::by_id(tables, &channel, id));
        self.timed(StoreOperation::FindById, found).await
    }

    async fn find_seq(&self, channel: &ChannelKey, seq: u64) -> Result<Option<u64>, StoreError> {
        check_channel(channel)?;
        let channel = channel.clone();
        let found = self.read(move |tables| find::by_seq(tables, &channel, seq));
        self.timed(StoreOperation::FindSeq, found).await
    }

    async fn delete_log(&self, channel: &ChannelKey) -> Result<(), StoreError> {
        check_channel(channel)?;
        let deleted = self.write(|reply| Command::DeleteLog(channel.clone(), reply));
        self.timed(StoreOperation::DeleteLog, deleted).await.map_err(NoAnswer::into_error)?
    }

    async fn get_row(&self, key: &RowKey) -> Result<Option<Row>, StoreError> {
        check_row_key(key)?;
        let key = keys::row(key);
        self.timed(StoreOperation::GetRow, self.read(move |tables| rows::get(tables, &key))).await
    }

    async fn put_row(&self, key: &RowKey, expected_version: u64, value: Bytes) -> Result<RowWriteOutcome, StoreError> {
        check_row_key(key)?;
        check_row_value(&value)?;
        let change = RowChange { key: keys::row(key), expected_version: Some(expected_version), value: Some(value) };
        self.timed(StoreOperation::PutRow, self.change_row(change)).await
    }

    async fn delete_row(&self, key: &RowKey, expected_version: u64) -> Result<RowWriteOutcome, StoreError> {
        check_row_key(key)?;
        let change = RowChange { key: keys::row(key), expected_version: Some(expected_version), value: None };
        self.timed(StoreOperation::DeleteRow, self.change_row(change)).await
    }

    async fn set_row(&self, key: &RowKey, value: Bytes) -> Result<(), StoreError> {
        check_row_key(key)?;
        check_row_value(&value)?;
        let change = RowChange { key: keys::row(key), expected_version: None, value: Some(value) };
        self.timed(StoreOperation::SetRow, self.change_row(change)).await.map(drop)
    }

    async fn remove_row(&self, key: &RowKey) -> Result<(), StoreError> {
        check_row_key(key)?;
        let change = RowChange { key: keys::row(key), expected_version: None, value: None };
        self.timed(StoreOperation::RemoveRow, self.change_row(change)).await.map(drop)
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
        let prefix = keys::partition(tenant, table, partition);
        let after = after.map(str::to_owned);
        let scan = self.read(move |tables| rows::scan(tables, &prefix, after.as_deref(), limit, max_bytes));
        self.timed(StoreOperation::ScanRows, scan).await
    }

    fn health(&self) -> StoreHealth {
        if let Some(reason) = self.poison.reason() {
            return StoreHealth::Failed(reason.to_owned());
        }
        match self.running() {
            Ok(_) => StoreHealth::Ready,
            Err(error) => StoreHealth::Failed(error.to_string()),
        }
    }

    async fn close(&self) {
        // The committer ends when the last sender of the queue is gone.
        drop(self.running.write().take());
        let committer = self.committer.lock().take();
        if let Some(committer) = committer {
            // A panic of the committer has poisoned the store, which health tells.
            let _ = spawn_blocking(move || committer.join()).await;
        }
    }
}
