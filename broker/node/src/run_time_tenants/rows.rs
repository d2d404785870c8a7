//! Where run-time tenants are kept: one partition of rows that belong to the node itself.

use bytes::Bytes;
use natter_core::TenantId;
use natter_store::{READ_BYTES_MAX, Row, RowKey, RowWriteOutcome, Store, StoreError};

use super::StoredTenant;

const TABLE: &str = "tenants";
/// The owner of the node's own rows; no tenant can have such a name.
const NODE: &str = "@node";
/// Rows of one read.
const PAGE_ROWS: usize = 1_000;

fn key(id: &str) -> RowKey {
    RowKey { tenant: TenantId::new(NODE), table: TABLE, partition: String::new(), row: id.to_owned() }
}

/// All rows, in the order of the tenants' names.
pub(super) async fn all(store: &dyn Store) -> Result<Vec<(String, StoredTenant)>, StoreError> {
    let node = TenantId::new(NODE);
    let mut rows: Vec<(String, StoredTenant)> = Vec::new();
    loop {
        let after = rows.last().map(|(id, _)| id.clone());
        let page = store.scan_rows(&node, TABLE, "", after.as_deref(), PAGE_ROWS, READ_BYTES_MAX).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        for (id, row) in page {
            let tenant = decode(&id, &row)?;
            rows.push((id, tenant));
        }
    }
}

/// One row with its version; version 0 and nothing in it when there is none.
pub(super) async fn get(store: &dyn Store, id: &str) -> Result<(u64, StoredTenant), StoreError> {
    match store.get_row(&key(id)).await? {
        Some(row) => Ok((row.version, decode(id, &row)?)),
        None => Ok((0, StoredTenant::default())),
    }
}

/// Writes a row if it still has this version, and says whether it had.
pub(super) async fn put(store: &dyn Store, id: &str, version: u64, tenant: &StoredTenant) -> Result<bool, StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::Corrupt(error.to_string());
    let value = Bytes::from(serde_json::to_vec(tenant).map_err(corrupt)?);
    Ok(matches!(store.put_row(&key(id), version, value).await?, RowWriteOutcome::Written(_)))
}

fn decode(id: &str, row: &Row) -> Result<StoredTenant, StoreError> {
    serde_json::from_slice(&row.value).map_err(|error| StoreError::Corrupt(format!("the tenant {id}: {error}")))
}
