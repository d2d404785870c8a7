//! Reading rows from disk.

use std::ops::Bound;

use fjall::Readable;

use super::tables::{Tables, read_failed};
use super::values::decode_row;
use crate::limits::{ByteBudget, SCAN_ROWS_MAX};
use crate::store::{Row, StoreError};

/// Reads the row under a key of `rows`; blocks on the disk.
pub(super) fn get(tables: &Tables, key: &[u8]) -> Result<Option<Row>, StoreError> {
    let value = tables.database.snapshot().get(&tables.rows, key).map_err(|error| read_failed(&error))?;
    value.map(|value| decode_row(&value).ok_or_else(|| corrupt(key))).transpose()
}

/// Lists rows of the partition that `prefix` names, after the row `after`; blocks on the disk.
pub(super) fn scan(
    tables: &Tables,
    prefix: &[u8],
    after: Option<&str>,
    limit: usize,
    max_bytes: usize,
) -> Result<Vec<(String, Row)>, StoreError> {
    let start = [prefix, after.unwrap_or_default().as_bytes()].concat();
    let bound = if after.is_some() { Bound::Excluded(start) } else { Bound::Included(start) };
    let snapshot = tables.database.snapshot();
    let mut budget = ByteBudget::new(max_bytes);
    let mut rows = Vec::new();
    for entry in snapshot.range(&tables.rows, (bound, Bound::Unbounded)).take(limit.min(SCAN_ROWS_MAX)) {
        let (key, value) = entry.into_inner().map_err(|error| read_failed(&error))?;
        let Some(name) = key.strip_prefix(prefix) else { break };
        let name = String::from_utf8(name.to_vec()).map_err(|_| corrupt(&key))?;
        let row = decode_row(&value).ok_or_else(|| corrupt(&key))?;
        if !budget.admits(name.len() + row.value.len()) {
            break;
        }
        rows.push((name, row));
    }
    Ok(rows)
}

fn corrupt(key: &[u8]) -> StoreError {
    StoreError::Corrupt(format!("the row {}", String::from_utf8_lossy(key).escape_debug()))
}
