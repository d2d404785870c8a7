//! Idempotency keys that were carried from elsewhere, and looking up whether they and the ids lead where they did.

use natter_core::{ChannelKey, EntityId};
use scylla::value::CqlValue;
use uuid::Uuid;

use super::ScyllaStore;
use super::engine::Engine;
use super::head::{Channel, End, Newest};
use super::import::Places;
use super::keys::grouped;
use super::layout::{RowKind, bucket_of, slice_of};
use super::session::{Cas, Values};
use super::values;
use crate::record;
use crate::store::StoreError;
use crate::transfer::Entry;

/// Keys that are written, or names that are looked up, together.
const GROUP: usize = 100;
/// A key that is about to expire is not missed.
const MARGIN_MS: i64 = 5 * 60 * 1000;

/// A key in force.
pub(super) struct ImportedKey {
    pub(super) key: String,
    pub(super) offset: u64,
    pub(super) expires_ms: i64,
}

impl Engine {
    /// Writes keys: those of the newest bucket into it, others into the index.
    pub(super) async fn import_keys(
        &self,
        key: &ChannelKey,
        channel: &Channel,
        keys: Vec<ImportedKey>,
    ) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let newest = self.end_of(key, channel).await?.bucket;
        let now_ms = self.now_ms();
        let (mut bucket_rows, mut index_rows) = (Vec::new(), Vec::new());
        for imported in keys {
            let seconds = i32::try_from((imported.expires_ms - now_ms) / 1000).unwrap_or(i32::MAX);
            if seconds <= 0 {
                continue;
            }
            let (name, at) = (imported.key.into_bytes(), values::number(imported.offset));
            if bucket_of(imported.offset) == newest {
                let rest =
                    vec![CqlValue::Blob(name), at, CqlValue::BigInt(imported.expires_ms), CqlValue::Int(seconds)];
                bucket_rows.push([values::bucket(key, channel.log, newest), rest].concat());
            } else {
                let slice = slice_of(&name);
                let rest =
                    vec![CqlValue::TinyInt(RowKind::Key.column()), CqlValue::Blob(name), at, CqlValue::Int(seconds)];
                index_rows.push((slice, [values::slice(key, channel.log, slice), rest].concat()));
            }
        }
        self.cql.write_groups(&self.cql.statements.insert_index, grouped(index_rows.into_iter())).await?;
        for rows in bucket_rows.chunks(GROUP) {
            self.import_bucket_keys(rows).await?;
        }
        Ok(())
    }

    /// All at once, or, when some are there already, one by one.
    async fn import_bucket_keys(&self, rows: &[Values]) -> Result<(), StoreError> {
        let statement = &self.cql.statements.import_key;
        if let Cas::Applied = self.cql.cas_batch(rows.iter().map(|row| (statement, row.clone())).collect()).await {
            return Ok(());
        }
        for row in rows {
            match self.cql.cas(statement, row.clone()).await {
                Cas::Applied | Cas::NotApplied => {}
                Cas::Failed(error) | Cas::Unknown(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn end_of(&self, key: &ChannelKey, channel: &Channel) -> Result<End, StoreError> {
        match self.newest(key, channel.log, channel.newest_bucket, true).await? {
            Newest::Open(end) => Ok(end),
            Newest::Fenced(_) => Err(StoreError::Invalid(format!("{key} is being deleted"))),
        }
    }

    /// Which of these names, of ids or keys, do not lead to where they should.
    async fn lost(
        &self,
        key: &ChannelKey,
        log: Uuid,
        newest: u64,
        kind: RowKind,
        names: Vec<(Vec<u8>, u64)>,
    ) -> Result<Vec<u64>, StoreError> {
        let mut lost = Vec::new();
        for group in names.chunks(GROUP) {
            let (here, before): (Vec<_>, Vec<_>) = group.iter().partition(|(_, offset)| bucket_of(*offset) == newest);
            let text =
                |names: Vec<&(Vec<u8>, u64)>| -> Vec<Vec<u8>> { names.iter().map(|(name, _)| name.clone()).collect() };
            let mut found = Places::new();
            if !here.is_empty() {
                found.extend(self.in_bucket(key, log, newest, kind, text(here)).await?);
            }
            if !before.is_empty() {
                found.extend(self.in_index(key, log, kind, text(before)).await?);
            }
            let is_lost = |(name, offset): &&(Vec<u8>, u64)| found.get(name).is_none_or(|at| at < offset);
            lost.extend(group.iter().filter(is_lost).map(|(_, offset)| *offset));
        }
        Ok(lost)
    }
}

impl ScyllaStore {
    /// Looks up the ids of these events and these keys, and says which do not lead to where they should. Looks at the
    /// entries of one or more logs that have been imported whole.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub async fn lost_names(&self, entries: &[Entry]) -> Result<Vec<String>, StoreError> {
        let engine = self.engine()?;
        let mut lost = Vec::new();
        for group in entries.chunk_by(|one, other| channel_of(one) == channel_of(other)) {
            let Some(key) = group.first().and_then(channel_of) else { continue };
            let (ids, keys) = names_of(group, engine.now_ms());
            if ids.is_empty() && keys.is_empty() {
                continue;
            }
            let Some(channel) = engine.channel(key, true).await? else {
                lost.push(format!("{key}: the log is missing"));
                continue;
            };
            let newest = engine.end_of(key, &channel).await?.bucket;
            for (kind, what, names) in [(RowKind::Id, "the id", ids), (RowKind::Key, "the idempotency key", keys)] {
                let offsets = engine.lost(key, channel.log, newest, kind, names).await?;
                lost.extend(offsets.into_iter().map(|offset| format!("{key}: {what} of {offset} is missing")));
            }
        }
        Ok(lost)
    }
}

fn channel_of(entry: &Entry) -> Option<&ChannelKey> {
    match entry {
        Entry::Log(channel, _) | Entry::Event { channel, .. } | Entry::Key { channel, .. } => Some(channel),
        Entry::RowFloor(_) | Entry::Row(..) => None,
    }
}

type Names = Vec<(Vec<u8>, u64)>;

/// The ids of events, and the keys that are in force for a while.
fn names_of(entries: &[Entry], now_ms: i64) -> (Names, Names) {
    let (mut ids, mut keys) = (Names::new(), Names::new());
    for entry in entries {
        match entry {
            Entry::Event { offset, value, .. } => {
                ids.extend(record::id(value).map(|EntityId(id)| (id.to_vec(), *offset)));
            }
            Entry::Key { key, offset, expires_ms, .. } if expires_ms - now_ms > MARGIN_MS => {
                keys.push((key.clone().into_bytes(), *offset));
            }
            Entry::Key { .. } | Entry::RowFloor(_) | Entry::Row(..) | Entry::Log(..) => {}
        }
    }
    (ids, keys)
}
