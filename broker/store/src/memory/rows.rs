//! Rows in memory, conditional and unconditional.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

use crate::limits::{ByteBudget, SCAN_ROWS_MAX, refused};
use crate::store::{Row, RowKey, RowWriteOutcome, StoreError};

/// The version that marks a row as written unconditionally.
const UNCONDITIONAL: u64 = 0;

/// All rows, in order.
#[derive(Default)]
pub(super) struct MemoryRows {
    rows: BTreeMap<RowKey, Row>,
    /// The highest version that a deleted row had; a new row begins above it.
    floor: u64,
}

impl MemoryRows {
    pub(super) fn get(&self, key: &RowKey) -> Option<Row> {
        self.rows.get(key).cloned()
    }

    /// Writes or, without a value, deletes a row that is at `expected_version`.
    pub(super) fn change(
        &mut self,
        key: &RowKey,
        expected_version: u64,
        value: Option<Bytes>,
    ) -> Result<RowWriteOutcome, StoreError> {
        let found = self.rows.get(key);
        if found.is_some_and(|row| row.version == UNCONDITIONAL) {
            return Err(mixed(key));
        }
        if found.map_or(0, |row| row.version) != expected_version {
            return Ok(RowWriteOutcome::Conflict(found.cloned()));
        }
        let Some(value) = value else {
            self.floor = self.floor.max(expected_version);
            self.rows.remove(key);
            return Ok(RowWriteOutcome::Written(0));
        };
        let version = if expected_version == 0 { self.floor } else { expected_version }.saturating_add(1);
        self.rows.insert(key.clone(), Row { version, value });
        Ok(RowWriteOutcome::Written(version))
    }

    /// Writes or, without a value, removes a row whatever is there.
    pub(super) fn set(&mut self, key: &RowKey, value: Option<Bytes>) -> Result<(), StoreError> {
        if self.rows.get(key).is_some_and(|row| row.version != UNCONDITIONAL) {
            return Err(mixed(key));
        }
        match value {
            Some(value) => self.rows.insert(key.clone(), Row { version: UNCONDITIONAL, value }),
            None => self.rows.remove(key),
        };
        Ok(())
    }

    /// Lists the rows after `start`, or from it if `inclusive`, that share its partition.
    pub(super) fn scan(&self, start: &RowKey, inclusive: bool, limit: usize, max_bytes: usize) -> Vec<(String, Row)> {
        let bound = if inclusive { Bound::Included(start) } else { Bound::Excluded(start) };
        let same =
            |key: &RowKey| key.tenant == start.tenant && key.table == start.table && key.partition == start.partition;
        let mut budget = ByteBudget::new(max_bytes);
        self.rows
            .range((bound, Bound::Unbounded))
            .take_while(|(key, _)| same(key))
            .take(limit.min(SCAN_ROWS_MAX))
            .take_while(|(key, row)| budget.admits(key.row.len() + row.value.len()))
            .map(|(key, row)| (key.row.clone(), row.clone()))
            .collect()
    }
}

fn mixed(key: &RowKey) -> StoreError {
    refused(format!("the table {} is written both conditionally and unconditionally", key.table))
}
