//! Where accounts are kept: rows that belong to the node itself, since their names are unique over all tenants.
//!
//! All of them but one are written conditionally. A value is a format byte and JSON.

use bytes::Bytes;
use natter_core::TenantId;
use natter_store::{Row, RowKey, RowWriteOutcome, Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The owner of the node's own rows; no tenant can have such a name.
const NODE: &str = "@node";
const ACCOUNTS: &str = "openchat_accounts";
const EMAILS: &str = "openchat_emails";
pub(super) const TOKENS: &str = "openchat_tokens";
const ROOMS: &str = "openchat_rooms";
/// Written without versions: each row has one writer at a time, the room's projection.
const TOLD: &str = "openchat_told";
/// Version of the values.
const FORMAT: u8 = 1;
/// Digits of a hash or id that name its partition.
const PREFIX_DIGITS: usize = 2;

pub(super) fn node() -> TenantId {
    TenantId::new(NODE)
}

fn key(table: &'static str, partition: &str, row: &str) -> RowKey {
    RowKey { tenant: node(), table, partition: partition.to_owned(), row: row.to_owned() }
}

/// An account, by its name in lower case.
pub(super) fn account(name: &str) -> RowKey {
    key(ACCOUNTS, name, "")
}

/// Who has an email address, in lower case.
pub(super) fn email(address: &str) -> RowKey {
    key(EMAILS, address, "")
}

/// Whose a token is, by the hash's 64 digits.
pub(super) fn token(hash: &str) -> RowKey {
    key(TOKENS, &hash[..PREFIX_DIGITS.min(hash.len())], hash)
}

/// The tenant of a room, by the 24 digits of its id, of which the last are random.
pub(crate) fn room(id: &str) -> RowKey {
    key(ROOMS, &id[id.len().saturating_sub(PREFIX_DIGITS)..], id)
}

/// How far a room's messages have been told, by the 24 digits of its id.
pub(crate) fn told(id: &str) -> RowKey {
    key(TOLD, &id[id.len().saturating_sub(PREFIX_DIGITS)..], id)
}

/// A row with its version.
pub(crate) async fn get<T: DeserializeOwned>(store: &dyn Store, key: &RowKey) -> Result<Option<(u64, T)>, StoreError> {
    let Some(row) = store.get_row(key).await? else { return Ok(None) };
    Ok(Some((row.version, decode(&row)?)))
}

/// Writes a row if it still has this version.
pub(crate) async fn put<T: Serialize>(
    store: &dyn Store,
    key: &RowKey,
    version: u64,
    value: &T,
) -> Result<RowWriteOutcome, StoreError> {
    store.put_row(key, version, encode(value)?).await
}

/// Writes a row of a table without versions.
pub(crate) async fn set<T: Serialize>(store: &dyn Store, key: &RowKey, value: &T) -> Result<(), StoreError> {
    store.set_row(key, encode(value)?).await
}

fn encode<T: Serialize>(value: &T) -> Result<Bytes, StoreError> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, value).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(Bytes::from(bytes))
}

/// Reads a value.
pub(super) fn decode<T: DeserializeOwned>(row: &Row) -> Result<T, StoreError> {
    match row.value.split_first() {
        Some((&FORMAT, json)) => {
            serde_json::from_slice(json).map_err(|error| StoreError::Corrupt(format!("a partner's row: {error}")))
        }
        _ => Err(StoreError::Corrupt("a partner's row has an unknown format".to_owned())),
    }
}
