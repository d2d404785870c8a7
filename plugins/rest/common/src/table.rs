//! Rows that a dialect keeps for what only its document knows: JSON under compare-and-set.
//!
//! A table is named for the plugin. Every write is conditional on the version that was read, so concurrent changes of one
//! row happen one after the other; a value is a format byte and JSON.

use std::marker::PhantomData;

use bytes::Bytes;
use natter_core::TenantId;
use natter_store::{READ_BYTES_MAX, Row, RowKey, RowWriteOutcome, Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::rejection::Rejection;

/// Version of the values.
const FORMAT: u8 = 1;
/// Tries to write a row that others write at the same time.
const TRIES_MAX: usize = 64;
/// Rows of one read.
const PAGE_ROWS: usize = 1_000;

/// A table of values of one type.
pub struct Table<T> {
    name: &'static str,
    kind: PhantomData<fn() -> T>,
}

/// What becomes of a row, and what its change answers with.
pub enum Change<T, R> {
    /// It stays.
    Keep(R),
    /// It is this from now on.
    Put(T, R),
    /// It goes.
    Delete(R),
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    /// A table of this name, which no other table of the node has.
    pub const fn new(name: &'static str) -> Self {
        Self { name, kind: PhantomData }
    }

    /// A row.
    ///
    /// # Errors
    /// The store fails.
    pub async fn get(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
    ) -> Result<Option<T>, Rejection> {
        let found = store.get_row(&self.key(tenant, partition, row)).await?;
        found.map(|row| decode(&row)).transpose()
    }

    /// Changes a row by a pure function of what is there, which is called again when somebody else was quicker.
    ///
    /// # Errors
    /// What the function refuses; the store fails.
    pub async fn change<R, E: From<Rejection>>(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
        change: impl Fn(Option<T>) -> Result<Change<T, R>, E>,
    ) -> Result<R, E> {
        let key = self.key(tenant, partition, row);
        let mut found = store.get_row(&key).await.map_err(Rejection::from)?;
        for _ in 0..TRIES_MAX {
            let version = found.as_ref().map_or(0, |row| row.version);
            let known = found.as_ref().map(decode).transpose()?;
            let (outcome, answer) = match change(known)? {
                Change::Keep(answer) => return Ok(answer),
                Change::Delete(answer) if version == 0 => return Ok(answer),
                Change::Put(value, answer) => (store.put_row(&key, version, encode(&value)?).await, answer),
                Change::Delete(answer) => (store.delete_row(&key, version).await, answer),
            };
            match outcome.map_err(Rejection::from)? {
                RowWriteOutcome::Written(_) => return Ok(answer),
                RowWriteOutcome::Conflict(row) => found = row,
            }
        }
        Err(Rejection::unavailable().into())
    }

    /// Writes a row, whatever was there.
    ///
    /// # Errors
    /// The store fails.
    pub async fn put(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
        value: &T,
    ) -> Result<(), Rejection>
    where
        T: Clone,
    {
        self.change(store, tenant, partition, row, |_| Ok(Change::Put(value.clone(), ()))).await
    }

    /// Deletes a row and answers with it.
    ///
    /// # Errors
    /// The store fails.
    pub async fn delete(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
    ) -> Result<Option<T>, Rejection> {
        self.change(store, tenant, partition, row, |known| Ok(Change::Delete(known))).await
    }

    /// The rows of a partition in the order of their names, up to `rows_max`.
    ///
    /// # Errors
    /// The store fails.
    pub async fn all(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        rows_max: usize,
    ) -> Result<Vec<(String, T)>, Rejection> {
        let mut rows: Vec<(String, T)> = Vec::new();
        while rows.len() < rows_max {
            let after = rows.last().map(|(name, _)| name.clone());
            let limit = PAGE_ROWS.min(rows_max - rows.len());
            let page = store.scan_rows(tenant, self.name, partition, after.as_deref(), limit, READ_BYTES_MAX).await?;
            if page.is_empty() {
                break;
            }
            for (name, row) in page {
                rows.push((name, decode(&row)?));
            }
        }
        Ok(rows)
    }

    /// Deletes all rows of a partition.
    ///
    /// # Errors
    /// The store fails.
    pub async fn clear(&self, store: &dyn Store, tenant: &TenantId, partition: &str) -> Result<(), Rejection> {
        loop {
            let page = store.scan_rows(tenant, self.name, partition, None, PAGE_ROWS, READ_BYTES_MAX).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (name, _) in page {
                self.delete(store, tenant, partition, &name).await?;
            }
        }
    }

    fn key(&self, tenant: &TenantId, partition: &str, row: &str) -> RowKey {
        RowKey { tenant: tenant.clone(), table: self.name, partition: partition.to_owned(), row: row.to_owned() }
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Bytes, Rejection> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, value).map_err(|error| Rejection::internal(&error))?;
    Ok(Bytes::from(bytes))
}

fn decode<T: DeserializeOwned>(row: &Row) -> Result<T, Rejection> {
    let decoded = match row.value.split_first() {
        Some((&FORMAT, json)) => serde_json::from_slice(json).map_err(|error| error.to_string()),
        _ => Err("it has an unknown format".to_owned()),
    };
    decoded.map_err(|error| StoreError::Corrupt(format!("a plugin's row: {error}")).into())
}

#[cfg(test)]
mod tests {
    use natter_store::MemoryStore;

    use super::*;

    const NUMBERS: Table<u32> = Table::new("test_numbers");

    #[tokio::test]
    async fn changes_see_what_is_there_and_what_was_written() {
        let (store, tenant) = (MemoryStore::new(), TenantId::new("demo"));
        let add = |known: Option<u32>| {
            let sum = known.unwrap_or_default() + 1;
            Ok::<_, Rejection>(Change::Put(sum, sum))
        };
        for expected in 1..=3 {
            assert_eq!(NUMBERS.change(&store, &tenant, "p", "r", add).await.unwrap(), expected);
        }
        assert_eq!(NUMBERS.get(&store, &tenant, "p", "r").await.unwrap(), Some(3));
        NUMBERS.put(&store, &tenant, "p", "s", &7).await.unwrap();
        let rows = NUMBERS.all(&store, &tenant, "p", 10).await.unwrap();
        assert_eq!(rows, [("r".to_owned(), 3), ("s".to_owned(), 7)]);
        assert_eq!(NUMBERS.all(&store, &tenant, "p", 1).await.unwrap().len(), 1);
        assert_eq!(NUMBERS.delete(&store, &tenant, "p", "r").await.unwrap(), Some(3));
        assert_eq!(NUMBERS.delete(&store, &tenant, "p", "r").await.unwrap(), None);
        NUMBERS.clear(&store, &tenant, "p").await.unwrap();
        assert!(NUMBERS.all(&store, &tenant, "p", 10).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_refusal_writes_nothing() {
        let (store, tenant) = (MemoryStore::new(), TenantId::new("demo"));
        let refuse = |_: Option<u32>| Err::<Change<u32, ()>, _>(Rejection::UnknownRoute);
        assert_eq!(NUMBERS.change(&store, &tenant, "p", "r", refuse).await, Err(Rejection::UnknownRoute));
        assert_eq!(NUMBERS.get(&store, &tenant, "p", "r").await.unwrap(), None);
    }
}
