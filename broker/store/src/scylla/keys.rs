//! Idempotency keys and ids beyond the bucket that they were written in.
//!
//! Within a bucket the rows themselves tell. Before the next bucket is opened, the keys and ids of the full one are
//! copied into the index: the bucket is *sealed*. So what is in no bucket but the newest is in the index, whoever wrote
//! it and whoever died. Sealing writes the same whenever it is repeated.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use natter_core::ChannelKey;
use scylla::value::CqlValue;
use uuid::Uuid;

use super::append::Writer;
use super::engine::Engine;
use super::layout::{RowKind, from_bigint, slice_of};
use super::parts::Part;
use super::session::Values;
use super::values;
use crate::store::StoreError;

/// Rows of the index that are written together.
const GROUP_ROWS: usize = 100;

/// A key or an id with the offset that it leads to.
pub(super) struct Entry {
    kind: i8,
    key: Vec<u8>,
    at: i64,
    expires_ms: Option<i64>,
}

impl Engine {
    /// The keys and ids of a bucket.
    pub(super) async fn entries(&self, key: &ChannelKey, log: Uuid, bucket: u64) -> Result<Vec<Entry>, StoreError> {
        let statement = &self.cql.statements.bucket_entries.plain;
        type Columns = (i8, Vec<u8>, Option<i64>, Option<i64>);
        let rows: Vec<Columns> = self.cql.all(statement, values::bucket(key, log, bucket)).await?;
        let is_named = |kind: &i8| [RowKind::Key.column(), RowKind::Id.column()].contains(kind);
        let entry =
            |(kind, key, at, expires_ms)| Some(Entry { kind: Some(kind).filter(is_named)?, key, at: at?, expires_ms });
        Ok(rows.into_iter().filter_map(entry).collect())
    }

    /// Copies the keys and ids of a full bucket into the index.
    pub(super) async fn seal(&self, key: &ChannelKey, log: Uuid, bucket: u64) -> Result<(), StoreError> {
        let now_ms = self.now_ms();
        let rows = self.entries(key, log, bucket).await?.into_iter().filter_map(|entry| {
            // 0 stands for ever, which is how long ids last.
            let ttl_s = entry.expires_ms.map_or(Some(0), |expires_ms| {
                i32::try_from((expires_ms - now_ms) / 1000).ok().filter(|seconds| *seconds > 0)
            })?;
            let slice = slice_of(&entry.key);
            let rest = vec![CqlValue::TinyInt(entry.kind), CqlValue::Blob(entry.key), CqlValue::BigInt(entry.at)];
            let row = [values::slice(key, log, slice), rest, vec![CqlValue::Int(ttl_s)]].concat();
            Some((slice, row))
        });
        self.cql.write_groups(&self.cql.statements.insert_index, grouped(rows)).await
    }

    /// Removes the ids of a bucket from the index.
    pub(super) async fn unseal(&self, key: &ChannelKey, log: Uuid, bucket: u64) -> Result<(), StoreError> {
        let rows = self.entries(key, log, bucket).await?.into_iter().filter(|entry| entry.kind == RowKind::Id.column());
        let rows = rows.map(|entry| {
            let slice = slice_of(&entry.key);
            let rest = vec![CqlValue::TinyInt(entry.kind), CqlValue::Blob(entry.key)];
            (slice, [values::slice(key, log, slice), rest].concat())
        });
        self.cql.write_groups(&self.cql.statements.delete_index, grouped(rows)).await
    }

    /// Where these keys or ids lead according to the index.
    pub(super) async fn in_index(
        &self,
        key: &ChannelKey,
        log: Uuid,
        kind: RowKind,
        wanted: Vec<Vec<u8>>,
    ) -> Result<HashMap<Vec<u8>, u64>, StoreError> {
        let mut slices: HashMap<i8, Vec<Vec<u8>>> = HashMap::new();
        wanted.into_iter().for_each(|key| slices.entry(slice_of(&key)).or_default().push(key));
        let statement = &self.cql.statements.index_some.plain;
        let reads = slices.into_iter().map(|(slice, keys)| {
            let rest = vec![CqlValue::TinyInt(kind.column()), values::blobs(keys)];
            self.cql.all::<(Vec<u8>, i64)>(statement, [values::slice(key, log, slice), rest].concat())
        });
        let found = try_join_all(reads).await?;
        Ok(found.into_iter().flatten().map(|(key, at)| (key, from_bigint(at))).collect())
    }

    /// Where these keys or ids lead according to a bucket.
    pub(super) async fn in_bucket(
        &self,
        key: &ChannelKey,
        log: Uuid,
        bucket: u64,
        kind: RowKind,
        wanted: Vec<Vec<u8>>,
    ) -> Result<HashMap<Vec<u8>, u64>, StoreError> {
        let rest = vec![CqlValue::TinyInt(kind.column()), values::blobs(wanted)];
        let values = [values::bucket(key, log, bucket), rest].concat();
        let found: Vec<(Vec<u8>, i64)> = self.cql.all(&self.cql.statements.bucket_some.serial, values).await?;
        Ok(found.into_iter().map(|(key, at)| (key, from_bigint(at))).collect())
    }
}

impl Writer<'_> {
    /// Whether a key stands twice in the append.
    pub(super) fn repeats_itself(&self, parts: &[Part]) -> bool {
        first_within(parts).is_some()
    }

    /// Whether a key of the append is a key of an older bucket.
    pub(super) async fn is_in_index(&self, parts: &[Part]) -> Result<bool, StoreError> {
        let wanted = keys_of(parts);
        Ok(!self.engine.in_index(self.key, self.place.log, RowKind::Key, wanted).await?.is_empty())
    }

    /// The first record that repeats a key, and the offset of the one that it repeats.
    pub(super) async fn first_repeat(&self, parts: &[Part], first: &Part) -> Result<Option<(usize, u64)>, StoreError> {
        let keyed =
            || parts.iter().flat_map(|part| &part.events).filter_map(|event| Some((event, event.key.as_ref()?)));
        let wanted = keys_of(parts);
        if wanted.is_empty() {
            return Ok(None);
        }
        let (engine, log) = (self.engine, self.place.log);
        let mut stored = engine.in_bucket(self.key, log, first.bucket, RowKind::Key, wanted.clone()).await?;
        if first.bucket > 0 {
            stored.extend(engine.in_index(self.key, log, RowKind::Key, wanted).await?);
        }
        let mut repeats = keyed().filter_map(|(event, key)| Some((event.index, *stored.get(key.as_bytes())?)));
        Ok(repeats.next().into_iter().chain(first_within(parts)).min_by_key(|(index, _)| *index))
    }
}

fn keys_of(parts: &[Part]) -> Vec<Vec<u8>> {
    let events = parts.iter().flat_map(|part| &part.events);
    events.filter_map(|event| Some(event.key.as_ref()?.as_bytes().to_vec())).collect()
}

/// The first record that repeats a key of the same append.
fn first_within(parts: &[Part]) -> Option<(usize, u64)> {
    let mut seen: HashMap<&str, u64> = HashMap::new();
    parts.iter().flat_map(|part| &part.events).find_map(|event| {
        let first = seen.insert(event.key.as_deref()?, event.offset)?;
        Some((event.index, first))
    })
}

/// Gathers rows by their partition, not too many at a time.
pub(super) fn grouped(rows: impl Iterator<Item = (i8, Values)>) -> Vec<Vec<Values>> {
    let mut slices: HashMap<i8, Vec<Values>> = HashMap::new();
    rows.for_each(|(slice, row)| slices.entry(slice).or_default().push(row));
    let chunk = |rows: Vec<Values>| {
        let mut rows = rows.into_iter();
        std::iter::from_fn(move || {
            let group: Vec<Values> = rows.by_ref().take(GROUP_ROWS).collect();
            Some(group).filter(|group| !group.is_empty())
        })
    };
    slices.into_values().flat_map(chunk).collect()
}
