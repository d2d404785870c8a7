//! What the node's store knows of files.
//!
//! A file's URL names no tenant, so the rows are the node's own, and the tenant is a field of each.

use bytes::Bytes;
use natter_core::TenantId;
use natter_store::{RowKey, RowWriteOutcome, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::id::FileId;
use crate::meta::StoredFile;

const TABLE: &str = "files";
/// The owner of the node's own rows; no tenant can have such a name.
const NODE: &str = "@node";

#[derive(Serialize, Deserialize)]
struct FileRow {
    tenant: String,
    name: String,
    size: u64,
    mime: String,
    created_ms: i64,
}

fn key(id: FileId) -> RowKey {
    let row = id.to_string();
    RowKey { tenant: TenantId::new(NODE), table: TABLE, partition: row[..2].to_owned(), row }
}

/// Notes a file that is whole.
pub(crate) async fn insert(store: &dyn Store, file: &StoredFile) -> Result<(), StoreError> {
    let row = FileRow {
        tenant: file.tenant.as_str().to_owned(),
        name: file.name.clone(),
        size: file.size,
        mime: file.mime.clone(),
        created_ms: file.created_ms,
    };
    let value = serde_json::to_vec(&row).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    match store.put_row(&key(file.id), 0, Bytes::from(value)).await? {
        RowWriteOutcome::Written(_) => Ok(()),
        // 128 random bits do not meet twice; if they do, the older file keeps its place.
        RowWriteOutcome::Conflict(_) => Err(StoreError::Corrupt(format!("two files have the id {}", file.id))),
    }
}

/// Finds a file.
pub(crate) async fn get(store: &dyn Store, id: FileId) -> Result<Option<StoredFile>, StoreError> {
    let Some(found) = store.get_row(&key(id)).await? else { return Ok(None) };
    let row: FileRow = serde_json::from_slice(&found.value)
        .map_err(|error| StoreError::Corrupt(format!("the row of the file {id}: {error}")))?;
    let FileRow { tenant, name, size, mime, created_ms } = row;
    Ok(Some(StoredFile { id, tenant: TenantId::new(tenant), name, size, mime, created_ms }))
}

/// Forgets a file. Rows of files never change: a conflict means that somebody else has deleted it.
pub(crate) async fn remove(store: &dyn Store, id: FileId) -> Result<(), StoreError> {
    let key = key(id);
    match store.get_row(&key).await? {
        Some(found) => store.delete_row(&key, found.version).await.map(|_| ()),
        None => Ok(()),
    }
}
