//! Entity rows.
//!
//! A conditional row's first version is the time in microseconds, so that a row which is made again goes on above its
//! earlier versions; what is left of a deleted row for a day makes that certain also when clocks of nodes differ.
//! Every change bears a random mark, by which its writer recognises it when the answer was lost.

use bytes::Bytes;
use natter_core::TenantId;
use scylla::response::PagingState;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::CqlValue;
use uuid::Uuid;

use super::engine::Engine;
use super::layout::from_bigint;
use super::session::{Cas, Values};
use super::values;
use crate::limits::{ByteBudget, SCAN_ROWS_MAX};
use crate::store::{Row, RowKey, RowWriteOutcome, StoreError};

/// How often a change is sent before its outcome is left unknown.
const ATTEMPTS_MAX: usize = 6;

/// What is stored of a row.
struct StoredRow {
    version: u64,
    /// `None` when only the memory of a deleted row is left.
    value: Option<Vec<u8>>,
    op: Option<Uuid>,
}

impl StoredRow {
    fn into_row(self) -> Option<Row> {
        let version = self.version;
        self.value.map(|value| Row { version, value: Bytes::from(value) })
    }
}

impl Engine {
    async fn stored_row(&self, key: &RowKey, serial: bool) -> Result<Option<StoredRow>, StoreError> {
        type Columns = (Option<i64>, Option<Vec<u8>>, Option<Uuid>);
        let found: Option<Columns> = self.cql.first(self.cql.statements.row.at(serial), values::row(key)).await?;
        let stored = |(version, value, op): Columns| Some(StoredRow { version: from_bigint(version?), value, op });
        Ok(found.and_then(stored))
    }

    /// Reads one row.
    pub(super) async fn get_row(&self, key: &RowKey) -> Result<Option<Row>, StoreError> {
        Ok(self.stored_row(key, false).await?.and_then(StoredRow::into_row))
    }

    /// Writes or, without a value, deletes a row that is at `expected` (0: that does not exist).
    pub(super) async fn change_row(
        &self,
        key: &RowKey,
        expected: u64,
        value: Option<Bytes>,
    ) -> Result<RowWriteOutcome, StoreError> {
        let op = Uuid::new_v4();
        let mut reason = StoreError::Unavailable("a row meets with too many changes".into());
        // The version that is there as far as this writer knows; 0 stands for none.
        let mut there = expected;
        for _ in 0..ATTEMPTS_MAX {
            if let Some(value) = &value {
                let version = self.version_after(there, expected);
                let (statement, values) = self.put_statement(key, there, version, value, op);
                match self.cql.cas(statement, values).await {
                    Cas::Applied => return Ok(RowWriteOutcome::Written(version)),
                    Cas::Failed(error) => return Err(error),
                    Cas::Unknown(error) => reason = error,
                    Cas::NotApplied => {}
                }
            } else if expected > 0 {
                match self.cql.cas(&self.cql.statements.bury_row, self.bury_values(key, expected, op)).await {
                    Cas::Applied => return Ok(RowWriteOutcome::Written(0)),
                    Cas::Failed(error) => return Err(error),
                    Cas::Unknown(error) => reason = error,
                    Cas::NotApplied => {}
                }
            }
            let found = self.stored_row(key, true).await?;
            match found {
                Some(stored) if stored.op == Some(op) => {
                    return Ok(RowWriteOutcome::Written(if stored.value.is_some() { stored.version } else { 0 }));
                }
                // Sent again below: the condition lets at most one copy win.
                Some(stored) if stored.value.is_some() && stored.version == expected => {}
                Some(stored) if stored.value.is_some() => return Ok(RowWriteOutcome::Conflict(stored.into_row())),
                _ if expected > 0 => return Ok(RowWriteOutcome::Conflict(None)),
                _ if value.is_none() => return Ok(RowWriteOutcome::Written(0)),
                buried => there = buried.map_or(0, |stored| stored.version),
            }
        }
        Err(reason)
    }

    /// The version that a change makes of what is there.
    fn version_after(&self, there: u64, expected: u64) -> u64 {
        let next = there.saturating_add(1);
        let now_us = u64::try_from(self.now_ms()).unwrap_or(0).saturating_mul(1000);
        if expected > 0 { next } else { next.max(now_us) }
    }

    fn put_statement(
        &self,
        key: &RowKey,
        there: u64,
        version: u64,
        value: &Bytes,
        op: Uuid,
    ) -> (&PreparedStatement, Values) {
        let changed = vec![values::number(version), values::blob(value.to_vec()), CqlValue::Uuid(op)];
        match there {
            0 => (&self.cql.statements.create_row, values::around(changed, values::row(key), Vec::new())),
            there => {
                let condition = vec![values::number(there)];
                (&self.cql.statements.change_row, values::around(changed, values::row(key), condition))
            }
        }
    }

    fn bury_values(&self, key: &RowKey, expected: u64, op: Uuid) -> Values {
        let changed = vec![values::number(expected.saturating_add(1)), CqlValue::Uuid(op)];
        values::around(changed, values::row(key), vec![values::number(expected)])
    }

    /// Writes or, without a value, removes a row whatever is there.
    pub(super) async fn set_row(&self, key: &RowKey, value: Option<Bytes>) -> Result<(), StoreError> {
        let statements = &self.cql.statements;
        match value {
            Some(value) => {
                let values = [values::row(key), vec![values::blob(value.to_vec())]].concat();
                self.cql.write(&statements.set_row, values).await
            }
            None => self.cql.write(&statements.remove_row, values::row(key)).await,
        }
    }

    /// Lists rows of a partition in order.
    pub(super) async fn scan_rows(
        &self,
        tenant: &TenantId,
        table: &str,
        partition: &str,
        after: Option<&str>,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        let key = values::partition(tenant, table, partition);
        let (statement, values) = match after {
            Some(after) => (&self.cql.statements.rows_after, [key, vec![values::text(after)]].concat()),
            None => (&self.cql.statements.rows_from, key),
        };
        let limit = limit.min(SCAN_ROWS_MAX);
        let mut budget = ByteBudget::new(max_bytes);
        let mut found: Vec<(String, Row)> = Vec::new();
        let mut page = PagingState::start();
        while found.len() < limit {
            type Columns = (String, Option<i64>, Option<Vec<u8>>);
            let (rows, next) = self.cql.page::<Columns>(&statement.plain, values.clone(), page).await?;
            for (name, version, value) in rows {
                // Without a value it is what is left of a deleted row.
                let (Some(version), Some(value)) = (version, value) else { continue };
                if found.len() == limit || !budget.admits(name.len() + value.len()) {
                    return Ok(found);
                }
                found.push((name, Row { version: from_bigint(version), value: Bytes::from(value) }));
            }
            let Some(next) = next else { break };
            page = next;
        }
        Ok(found)
    }
}
