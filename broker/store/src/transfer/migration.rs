//! From the embedded store into a keyspace.
//!
//! A mark in the keyspace says that a migration has begun and, in the end, that it is complete; no node starts on one
//! that is not. A migration may be interrupted at any moment and run again: it writes what is missing, and verifies all
//! of it. One that is complete is only verified.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::TenantId;
use tokio::task::spawn_blocking;

use super::checker::{Checker, Report};
use super::digest::Digest;
use super::sink::{Batches, Both};
use crate::embedded::EmbeddedStore;
use crate::scylla::ScyllaStore;
use crate::store::{RowKey, RowWriteOutcome, Store, StoreError};

/// The table of the mark. It belongs to no tenant and is not carried elsewhere.
pub(crate) const MARKER_TABLE: &str = "transfer";
const BEGUN: &[u8] = b"begun";
const COMPLETE: &[u8] = b"complete";
/// Names that are told; the others are only counted.
const TOLD_MAX: usize = 100;

/// How a migration ended.
#[derive(Clone, Debug, Default)]
pub struct Migrated {
    /// What the embedded store holds.
    pub from: Digest,
    /// What the keyspace holds, and what is wrong with it.
    pub to: Report,
    /// Ids and keys that lead nowhere in the keyspace, up to 100 of them.
    pub lost: Vec<String>,
    /// How many those are in all.
    pub lost_count: u64,
}

impl Migrated {
    /// Whether both sides hold the same.
    pub fn is_equal(&self) -> bool {
        self.from.agrees(&self.to.digest) && self.to.is_sound() && self.lost_count == 0
    }
}

/// A migration of a store that no node has opened into a keyspace that no node uses.
pub struct Migration {
    /// Where everything is.
    pub from: Arc<EmbeddedStore>,
    /// Where it goes.
    pub to: Arc<ScyllaStore>,
}

impl Migration {
    /// Carries what is missing, and verifies.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the keyspace holds anything else; [`StoreError::Corrupt`] when the embedded store is
    /// damaged; either does not answer.
    pub async fn run(self) -> Result<Migrated, StoreError> {
        let mark = self.to.get_row(&marker()).await?;
        let is_complete = mark.as_ref().is_some_and(|row| *row.value == *COMPLETE);
        let mut version = mark.as_ref().map_or(0, |row| row.version);
        if mark.is_none() {
            if !self.to.is_empty().await? {
                return Err(StoreError::Invalid("the keyspace is not empty".into()));
            }
            version = self.mark(0, BEGUN).await?;
        }
        if !is_complete {
            self.each_batch(async |batch| self.to.import(batch).await).await?;
        }
        let migrated = self.verify().await?;
        if !is_complete && migrated.is_equal() {
            self.mark(version, COMPLETE).await?;
        }
        Ok(migrated)
    }

    async fn verify(&self) -> Result<Migrated, StoreError> {
        let mut checker = Checker::default();
        self.to.walk(&mut checker).await?;
        let mut migrated = Migrated { to: checker.finish(), ..Migrated::default() };
        let (mut lost, mut count) = (Vec::new(), 0_u64);
        migrated.from = self
            .each_batch(async |batch| {
                let found = self.to.lost_names(&batch).await?;
                count += found.len() as u64;
                let room = TOLD_MAX - lost.len();
                lost.extend(found.into_iter().take(room));
                Ok(())
            })
            .await?;
        (migrated.lost, migrated.lost_count) = (lost, count);
        Ok(migrated)
    }

    /// Walks the embedded store and does something with each batch of entries.
    async fn each_batch(
        &self,
        mut take: impl AsyncFnMut(Vec<super::entry::Entry>) -> Result<(), StoreError>,
    ) -> Result<Digest, StoreError> {
        let (mut sink, mut batches) = Batches::new();
        let from = Arc::clone(&self.from);
        let walk = spawn_blocking(move || {
            let mut digest = Digest::default();
            from.walk(&mut Both(&mut digest, &mut sink))?;
            sink.finish().map(|()| digest)
        });
        while let Some(batch) = batches.recv().await {
            take(batch).await?;
        }
        walk.await.map_err(|error| StoreError::Unavailable(format!("the walk did not end: {error}")))?
    }

    async fn mark(&self, version: u64, value: &'static [u8]) -> Result<u64, StoreError> {
        match self.to.put_row(&marker(), version, Bytes::from_static(value)).await? {
            RowWriteOutcome::Written(version) => Ok(version),
            RowWriteOutcome::Conflict(_) => {
                Err(StoreError::Invalid("another migration into this keyspace is under way".into()))
            }
        }
    }
}

/// Whether a migration into this store has begun and is not complete.
///
/// # Errors
/// The store cannot be read.
pub async fn is_unfinished(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(store.get_row(&marker()).await?.is_some_and(|row| *row.value == *BEGUN))
}

fn marker() -> RowKey {
    RowKey { tenant: TenantId::new("natter"), table: MARKER_TABLE, partition: String::new(), row: "migration".into() }
}
