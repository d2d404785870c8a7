//! Entities as rows: typed tables over the store's compare-and-set.
//!
//! A value is JSON behind one byte of format version: fields can be added with a default, and what an old version has
//! written stays readable. A table is written either under versions ([`Table::update`]) or without ([`Table::set`]), as
//! the store demands; rows of the second kind have one writer, or are hints that a reader checks.

use std::marker::PhantomData;

use bytes::Bytes;
use natter_core::TenantId;
use natter_store::{READ_BYTES_MAX, Row, RowKey, RowWriteOutcome, Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ChatError;

/// Version of the values that are written.
const FORMAT: u8 = 1;
/// Rows of one read.
const PAGE_ROWS: usize = 1_000;
/// Changes of others that one change waits out.
const ATTEMPTS_MAX: usize = 100;

/// A kind of entity.
pub struct Table<T> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

/// A value with the version that its next change is bound to; 0 when there is no row.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    /// What its next change is bound to.
    pub version: u64,
    /// What the row holds.
    pub value: T,
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    /// A table by its name, which is part of stored keys.
    pub const fn new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }

    fn key(&self, tenant: &TenantId, partition: &str, row: &str) -> RowKey {
        RowKey { tenant: tenant.clone(), table: self.name, partition: partition.to_owned(), row: row.to_owned() }
    }

    /// Reads a row.
    ///
    /// # Errors
    /// The store fails.
    pub async fn get(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
    ) -> Result<Option<Versioned<T>>, ChatError> {
        let found = store.get_row(&self.key(tenant, partition, row)).await?;
        found.map(|row| self.versioned(&row)).transpose()
    }

    /// Makes a row if there is none; otherwise answers with what is there.
    ///
    /// # Errors
    /// The store fails.
    pub async fn create(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
        value: &T,
    ) -> Result<Option<Versioned<T>>, ChatError> {
        match store.put_row(&self.key(tenant, partition, row), 0, encode(value)?).await? {
            RowWriteOutcome::Written(_) => Ok(None),
            RowWriteOutcome::Conflict(Some(existing)) => self.versioned(&existing).map(Some),
            RowWriteOutcome::Conflict(None) => Err(ChatError::Unavailable),
        }
    }

    /// Changes a row by a pure function of what it holds, however often others change it meanwhile. The function says
    /// `None` to leave the row as it is. Answers with what the row holds then.
    ///
    /// # Errors
    /// What `change` says; the store fails.
    pub async fn update<E: From<ChatError>>(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
        mut change: impl FnMut(Option<&T>) -> Result<Option<T>, E>,
    ) -> Result<Option<Versioned<T>>, E> {
        let key = self.key(tenant, partition, row);
        let mut found = store.get_row(&key).await.map_err(ChatError::from)?;
        for _ in 0..ATTEMPTS_MAX {
            let current = found.as_ref().map(|row| self.versioned(row)).transpose()?;
            let Some(changed) = change(current.as_ref().map(|current| &current.value))? else { return Ok(current) };
            let version = current.map_or(0, |current| current.version);
            match store.put_row(&key, version, encode(&changed)?).await.map_err(ChatError::from)? {
                RowWriteOutcome::Written(version) => return Ok(Some(Versioned { version, value: changed })),
                RowWriteOutcome::Conflict(row) => found = row,
            }
        }
        Err(ChatError::Unavailable.into())
    }

    /// Writes a row of a table that is changed under versions, whatever it held.
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
    ) -> Result<(), ChatError>
    where
        T: Clone,
    {
        let put = |_: Option<&T>| Ok::<_, ChatError>(Some(value.clone()));
        self.update(store, tenant, partition, row, put).await.map(drop)
    }

    /// Removes a row of a table that is changed under versions. Answers with what it held.
    ///
    /// # Errors
    /// The store fails.
    pub async fn delete(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
    ) -> Result<Option<T>, ChatError> {
        self.delete_if(store, tenant, partition, row, |_| true).await
    }

    /// [`Self::delete`], if what the row holds is to go.
    ///
    /// # Errors
    /// The store fails.
    pub async fn delete_if(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
        is_to_go: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, ChatError> {
        let key = self.key(tenant, partition, row);
        let mut found = store.get_row(&key).await?;
        for _ in 0..ATTEMPTS_MAX {
            let Some(row) = found else { return Ok(None) };
            let Versioned { version, value } = self.versioned(&row)?;
            if !is_to_go(&value) {
                return Ok(None);
            }
            match store.delete_row(&key, version).await? {
                RowWriteOutcome::Written(_) => return Ok(Some(value)),
                RowWriteOutcome::Conflict(row) => found = row,
            }
        }
        Err(ChatError::Unavailable)
    }

    /// Removes all rows of a partition of a table that is changed under versions.
    ///
    /// # Errors
    /// The store fails.
    pub async fn delete_all(&self, store: &dyn Store, tenant: &TenantId, partition: &str) -> Result<(), ChatError> {
        loop {
            let page = store.scan_rows(tenant, self.name, partition, None, PAGE_ROWS, READ_BYTES_MAX).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (row, _) in page {
                self.delete(store, tenant, partition, &row).await?;
            }
        }
    }

    /// One page of a partition, after a row, in the order of the rows.
    ///
    /// # Errors
    /// The store fails.
    pub async fn page(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Versioned<T>)>, ChatError> {
        let rows = store.scan_rows(tenant, self.name, partition, after, limit, READ_BYTES_MAX).await?;
        rows.into_iter().map(|(name, row)| Ok((name, self.versioned(&row)?))).collect()
    }

    /// All rows of a partition, up to `rows_max`.
    ///
    /// # Errors
    /// The store fails.
    pub async fn all(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        rows_max: usize,
    ) -> Result<Vec<(String, Versioned<T>)>, ChatError> {
        let mut rows: Vec<(String, Versioned<T>)> = Vec::new();
        while rows.len() < rows_max {
            let after = rows.last().map(|(row, _)| row.clone());
            let limit = PAGE_ROWS.min(rows_max - rows.len());
            let page = self.page(store, tenant, partition, after.as_deref(), limit).await?;
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        Ok(rows)
    }

    /// Writes a row of a table without versions.
    ///
    /// # Errors
    /// The store fails.
    pub async fn set(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
        value: &T,
    ) -> Result<(), ChatError> {
        Ok(store.set_row(&self.key(tenant, partition, row), encode(value)?).await?)
    }

    /// Removes a row of a table without versions.
    ///
    /// # Errors
    /// The store fails.
    pub async fn remove(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        row: &str,
    ) -> Result<(), ChatError> {
        Ok(store.remove_row(&self.key(tenant, partition, row)).await?)
    }

    /// Removes all rows of a partition of a table without versions.
    ///
    /// # Errors
    /// The store fails.
    pub async fn clear(
        &self,
        store: &dyn Store,
        tenant: &TenantId,
        partition: &str,
        at_once: usize,
    ) -> Result<(), ChatError> {
        loop {
            let rows = store.scan_rows(tenant, self.name, partition, None, at_once, READ_BYTES_MAX).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let keys: Vec<_> = rows.iter().map(|(row, _)| self.key(tenant, partition, row)).collect();
            futures_util::future::try_join_all(keys.iter().map(|key| store.remove_row(key))).await?;
        }
    }

    fn versioned(&self, row: &Row) -> Result<Versioned<T>, ChatError> {
        let value = decode(&row.value).map_err(|error| {
            tracing::error!(table = self.name, %error, "a stored row cannot be read");
            ChatError::Internal
        })?;
        Ok(Versioned { version: row.version, value })
    }
}

/// A value as it is stored.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Bytes, ChatError> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, value).map_err(|_| ChatError::Internal)?;
    Ok(Bytes::from(bytes))
}

/// Reads a stored value.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&FORMAT, body)) => serde_json::from_slice(body).map_err(|error| StoreError::Corrupt(error.to_string())),
        Some((version, _)) => Err(StoreError::Corrupt(format!("unknown format version {version}"))),
        None => Err(StoreError::Corrupt("an empty value".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use natter_store::MemoryStore;

    use super::*;

    const NUMBERS: Table<u32> = Table::new("test_numbers");

    #[tokio::test]
    async fn changes_see_what_is_there_and_what_was_written() {
        let (store, tenant) = (MemoryStore::new(), TenantId::new("demo"));
        let add = |known: Option<&u32>| Ok::<_, ChatError>(Some(known.copied().unwrap_or_default() + 1));
        for expected in 1..=3 {
            let changed = NUMBERS.update(&store, &tenant, "p", "r", add).await.unwrap().unwrap();
            assert_eq!(changed.value, expected);
        }
        NUMBERS.put(&store, &tenant, "p", "s", &7).await.unwrap();
        NUMBERS.put(&store, &tenant, "p", "s", &8).await.unwrap();
        let rows = NUMBERS.all(&store, &tenant, "p", 10).await.unwrap();
        let values: Vec<_> = rows.into_iter().map(|(row, known)| (row, known.value)).collect();
        assert_eq!(values, [("r".to_owned(), 3), ("s".to_owned(), 8)]);
        assert_eq!(NUMBERS.all(&store, &tenant, "p", 1).await.unwrap().len(), 1);
        assert_eq!(NUMBERS.delete_if(&store, &tenant, "p", "r", |known| *known > 3).await.unwrap(), None);
        assert_eq!(NUMBERS.delete(&store, &tenant, "p", "r").await.unwrap(), Some(3));
        assert_eq!(NUMBERS.delete(&store, &tenant, "p", "r").await.unwrap(), None);
        NUMBERS.delete_all(&store, &tenant, "p").await.unwrap();
        assert!(NUMBERS.all(&store, &tenant, "p", 10).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_refusal_writes_nothing() {
        let (store, tenant) = (MemoryStore::new(), TenantId::new("demo"));
        let refuse = |_: Option<&u32>| Err(ChatError::Conflict("no"));
        assert!(NUMBERS.update(&store, &tenant, "p", "r", refuse).await.is_err());
        assert!(NUMBERS.get(&store, &tenant, "p", "r").await.unwrap().is_none());
    }
}
