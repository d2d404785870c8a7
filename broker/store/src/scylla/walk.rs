//! Everything that the keyspace keeps, in the order of the cluster's tokens. Idempotency keys are left out: they expire
//! while the walk goes on. No snapshot: for a keyspace that no node writes to.

use bytes::Bytes;
use natter_core::{ChannelKey, LogHead, TenantId};
use scylla::response::PagingState;
use scylla::value::CqlValue;
use uuid::Uuid;

use super::ScyllaStore;
use super::engine::Engine;
use super::head::head_of;
use super::layout::{bucket_of, event_key, event_offset, from_bigint};
use super::values;
use crate::store::{Row, StoreError};
use crate::transfer::{Entry, MARKER_TABLE, RowName, Sink};

impl ScyllaStore {
    /// Hands everything to `sink`, but idempotency keys.
    ///
    /// # Errors
    /// What the sink says; the cluster does not answer.
    pub async fn walk(&self, sink: &mut (dyn Sink + Send)) -> Result<(), StoreError> {
        let engine = self.engine()?;
        engine.walk_rows(sink).await?;
        engine.walk_logs(sink).await
    }

    /// Whether there is neither a row nor a log.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let engine = self.engine()?;
        let statements = &engine.cql.statements;
        let channels = engine.cql.first::<(String, String, Option<bool>)>(&statements.all_channels.plain, ()).await?;
        type Name = (String, String);
        let row: Option<Name> = engine.cql.first(&statements.any_row.plain, ()).await?;
        Ok(channels.is_none() && row.is_none())
    }
}

impl Engine {
    async fn walk_rows(&self, sink: &mut (dyn Sink + Send)) -> Result<(), StoreError> {
        type Columns = (String, String, String, String, Option<i64>, Option<Vec<u8>>);
        let statement = &self.cql.statements.all_rows.plain;
        let mut page = PagingState::start();
        loop {
            let (rows, next) = self.cql.page::<Columns>(statement, (), page).await?;
            for (tenant, table, partition, row, version, value) in rows {
                // Without a value it is what is left of a deleted row.
                let (Some(version), Some(value)) = (version, value) else { continue };
                if table == MARKER_TABLE {
                    continue;
                }
                let name = RowName { tenant: TenantId::new(tenant), table, partition, row };
                sink.entry(Entry::Row(name, Row { version: from_bigint(version), value: Bytes::from(value) }))?;
            }
            let Some(next) = next else { return Ok(()) };
            page = next;
        }
    }

    async fn walk_logs(&self, sink: &mut (dyn Sink + Send)) -> Result<(), StoreError> {
        type Columns = (String, String, Option<bool>);
        let statement = &self.cql.statements.all_channels.plain;
        let mut page = PagingState::start();
        loop {
            let (channels, next) = self.cql.page::<Columns>(statement, (), page).await?;
            for (tenant, name, _) in channels {
                let key = ChannelKey::new(TenantId::new(tenant), name);
                // A log that is being deleted is not there.
                let Some((channel, end)) = self.open_channel(&key, true).await? else { continue };
                let version = self.version(&key, channel.log, end.bucket, true).await?;
                let head = head_of(&channel, end, version);
                sink.entry(Entry::Log(key.clone(), head.clone()))?;
                self.walk_log(&key, channel.log, &head, sink).await?;
            }
            let Some(next) = next else { return Ok(()) };
            page = next;
        }
    }

    async fn walk_log(
        &self,
        key: &ChannelKey,
        log: Uuid,
        head: &LogHead,
        sink: &mut (dyn Sink + Send),
    ) -> Result<(), StoreError> {
        if head.first_offset > head.last_offset {
            return Ok(());
        }
        for bucket in bucket_of(head.first_offset)..=bucket_of(head.last_offset) {
            let from = CqlValue::Blob(event_key(head.first_offset));
            let values = [values::bucket(key, log, bucket), vec![from]].concat();
            let mut page = PagingState::start();
            loop {
                let statement = &self.cql.statements.events_up.plain;
                let (events, next) =
                    self.cql.page::<(Vec<u8>, Option<Vec<u8>>)>(statement, values.clone(), page).await?;
                for (event, value) in events {
                    let offset = event_offset(&event).unwrap_or_default();
                    let value = Bytes::from(value.unwrap_or_default());
                    sink.entry(Entry::Event { channel: key.clone(), offset, value })?;
                }
                let Some(next) = next else { break };
                page = next;
            }
        }
        Ok(())
    }
}
