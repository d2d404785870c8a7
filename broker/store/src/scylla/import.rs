//! Taking in what was carried from elsewhere, into a keyspace that no node uses yet.
//!
//! Everything may be repeated: what is there already is left as it is, and what is there differently is an error. Buckets
//! are written as appends write them, conditionally on their end, so that a repeat goes on where the last one stopped.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt};
use natter_core::{ChannelKey, LogHead, MESSAGE};
use scylla::value::CqlValue;
use uuid::Uuid;

use super::ScyllaStore;
use super::append::event_rows;
use super::engine::Engine;
use super::head::{Channel, Newest};
use super::import_keys::ImportedKey;
use super::layout::{bucket_of, bucket_start};
use super::parts::{Event, Part, push_event};
use super::session::{Cas, Values, jittered};
use super::values;
use crate::record;
use crate::store::{Row, StoreError};
use crate::transfer::{Entry, RowName};

/// Rows and logs that are written at once.
const AT_ONCE: usize = 32;
/// How often a write is tried.
const ATTEMPTS_MAX: u32 = 8;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

impl ScyllaStore {
    /// Takes entries in, in the order of a walk; those of one log must not be under way twice at a time.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when something else is there, [`StoreError::Corrupt`] when an entry makes no sense; the
    /// cluster does not answer.
    pub async fn import(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let engine = self.engine()?;
        let (mut rows, mut logs) = (Vec::new(), Vec::<(ChannelKey, Vec<Entry>)>::new());
        for entry in entries {
            let channel = match &entry {
                Entry::RowFloor(_) => continue,
                Entry::Row(name, row) => {
                    rows.push((name.clone(), row.clone()));
                    continue;
                }
                Entry::Log(channel, _) | Entry::Event { channel, .. } | Entry::Key { channel, .. } => channel,
            };
            match logs.last_mut() {
                Some((last, entries)) if last == channel => entries.push(entry),
                _ => logs.push((channel.clone(), vec![entry])),
            }
        }
        let engine = &*engine;
        all(rows.into_iter().map(|(name, row)| engine.import_row(name, row))).await?;
        all(logs.into_iter().map(|(channel, entries)| async move { engine.import_log(&channel, entries).await })).await
    }
}

/// Does everything, some of it at once, until something fails.
async fn all(work: impl Iterator<Item = impl Future<Output = Result<(), StoreError>>>) -> Result<(), StoreError> {
    let mut done = stream::iter(work).buffer_unordered(AT_ONCE);
    while let Some(result) = done.next().await {
        result?;
    }
    Ok(())
}

impl Engine {
    async fn import_row(&self, name: RowName, row: Row) -> Result<(), StoreError> {
        let partition = values::partition(&name.tenant, &name.table, &name.partition);
        let key = [partition, vec![values::text(&name.row)]].concat();
        if row.version == 0 {
            let values = [key, vec![values::blob(row.value.to_vec())]].concat();
            return self.cql.write(&self.cql.statements.set_row, values).await;
        }
        let changed =
            vec![values::number(row.version), values::blob(row.value.to_vec()), CqlValue::Uuid(Uuid::new_v4())];
        let values = values::around(changed, key.clone(), Vec::new());
        let mut pause = PAUSE;
        for _ in 0..ATTEMPTS_MAX {
            if let Cas::Applied = self.cql.cas(&self.cql.statements.create_row, values.clone()).await {
                return Ok(());
            }
            type Columns = (Option<i64>, Option<Vec<u8>>, Option<Uuid>);
            match self.cql.first::<Columns>(&self.cql.statements.row.serial, key.clone()).await {
                Ok(Some((Some(version), value, _))) => {
                    let is_same = values::number(row.version) == CqlValue::BigInt(version)
                        && value.as_deref() == Some(&row.value[..]);
                    let RowName { table, partition, row, .. } = &name;
                    let other =
                        || StoreError::Invalid(format!("another {table} row {partition}/{row} is there already"));
                    return if is_same { Ok(()) } else { Err(other()) };
                }
                Ok(_) | Err(StoreError::Unavailable(_)) => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(jittered(pause)).await;
            pause *= 2;
        }
        Err(gave_up())
    }

    async fn import_log(&self, key: &ChannelKey, entries: Vec<Entry>) -> Result<(), StoreError> {
        if let Some(Entry::Log(_, head)) = entries.first() {
            self.import_head(key, head).await?;
        }
        let channel = self.channel(key, true).await?;
        let channel = channel.ok_or_else(|| StoreError::Corrupt(format!("{key}: an event without its log")))?;
        let (mut parts, mut keys) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Event { offset, value, .. } => take_event(&mut parts, key, offset, value.to_vec())?,
                Entry::Key { key, offset, expires_ms, .. } => keys.push(ImportedKey { key, offset, expires_ms }),
                Entry::RowFloor(_) | Entry::Row(..) | Entry::Log(..) => {}
            }
        }
        for part in parts {
            self.import_part(key, &channel, part).await?;
        }
        self.import_keys(key, &channel, keys).await
    }

    /// Makes the channel's row, and the bucket of a log of which nothing is kept but the numbers.
    async fn import_head(&self, key: &ChannelKey, head: &LogHead) -> Result<(), StoreError> {
        let first_bucket = bucket_of(head.first_offset.min(head.last_offset.max(1)));
        let mut pause = PAUSE;
        for _ in 0..ATTEMPTS_MAX {
            let row = vec![
                CqlValue::Uuid(Uuid::new_v4()),
                values::text(head.epoch.as_str()),
                values::number(head.first_offset),
                values::number(first_bucket),
                values::number(first_bucket),
            ];
            let values = [values::channel(key), row].concat();
            // Whatever became of it, the reading tells.
            let _ = self.cql.cas(&self.cql.statements.import_channel, values).await;
            match self.channel(key, true).await {
                Ok(Some(channel)) if channel.epoch == head.epoch && channel.first_offset == head.first_offset => {
                    self.import_version(key, &channel, head).await?;
                    let is_empty = head.first_offset > head.last_offset;
                    return if is_empty { self.import_numbers(key, &channel, head).await } else { Ok(()) };
                }
                Ok(Some(_)) => return Err(StoreError::Invalid(format!("another log of {key} is there already"))),
                Ok(None) | Err(StoreError::Unavailable(_)) => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(jittered(pause)).await;
            pause *= 2;
        }
        Err(gave_up())
    }

    /// Puts the newest version where it is looked for: into the bucket that the log will end in.
    async fn import_version(&self, key: &ChannelKey, channel: &Channel, head: &LogHead) -> Result<(), StoreError> {
        let Some(version) = &head.version else { return Ok(()) };
        let bucket = values::bucket(key, channel.log, bucket_of(head.last_offset));
        match self.cql.cas(&self.cql.statements.import_version, [bucket, values::version(version)].concat()).await {
            Cas::Failed(error) | Cas::Unknown(error) => Err(error),
            // It is there already when an import goes on that was interrupted.
            Cas::Applied | Cas::NotApplied => Ok(()),
        }
    }

    async fn import_numbers(&self, key: &ChannelKey, channel: &Channel, head: &LogHead) -> Result<(), StoreError> {
        if head.last_offset == 0 {
            return Ok(());
        }
        let (last_offset, last_seq) = (head.last_offset, head.last_seq);
        let bucket = bucket_of(last_offset);
        let moved = vec![values::number(last_offset), values::number(last_seq), CqlValue::BigInt(self.now_ms())];
        let values = values::around(moved, values::bucket(key, channel.log, bucket), Vec::new());
        for _ in 0..ATTEMPTS_MAX {
            if let Cas::Applied = self.cql.cas(&self.cql.statements.open_bucket, values.clone()).await {
                return Ok(());
            }
            match self.bucket_end(key, channel.log, bucket, true).await {
                Ok(Some(Newest::Open(end))) if end.last_offset == last_offset && end.last_seq == last_seq => {
                    return Ok(());
                }
                Ok(Some(_)) => return Err(StoreError::Invalid(format!("another log of {key} is there already"))),
                Ok(None) | Err(StoreError::Unavailable(_)) => tokio::time::sleep(jittered(PAUSE)).await,
                Err(error) => return Err(error),
            }
        }
        Err(gave_up())
    }

    /// Writes what is not there yet of a part.
    async fn import_part(&self, key: &ChannelKey, channel: &Channel, mut part: Part) -> Result<(), StoreError> {
        let mut pause = PAUSE;
        let mut reason = gave_up();
        for _ in 0..ATTEMPTS_MAX {
            match self.try_part(key, channel, &mut part).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(StoreError::Unavailable(error)) => reason = StoreError::Unavailable(error),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(jittered(pause)).await;
            pause *= 2;
        }
        Err(reason)
    }

    /// Writes a part if the log ends before it; `false` when that must be looked at again.
    async fn try_part(&self, key: &ChannelKey, channel: &Channel, part: &mut Part) -> Result<bool, StoreError> {
        let stored = match self.bucket_end(key, channel.log, part.bucket, true).await? {
            None => None,
            Some(Newest::Open(end)) => Some(end),
            Some(Newest::Fenced(_)) => return Err(StoreError::Invalid(format!("{key} is being deleted"))),
        };
        // A trimmed log begins within a bucket.
        let beginning = bucket_start(part.bucket).max(channel.first_offset.saturating_sub(1));
        let last_offset = stored.map_or(beginning, |end| end.last_offset);
        part.events.retain(|event| event.offset > last_offset);
        let (Some(first), Some(last)) = (part.events.first(), part.events.last()) else { return Ok(true) };
        if first.offset != last_offset + 1 {
            return Err(StoreError::Corrupt(format!("{key}: the event {} follows {last_offset}", first.offset)));
        }
        if stored.is_none() && part.bucket > channel.cleared_bucket {
            self.seal(key, channel.log, part.bucket - 1).await?;
        }
        let statements = &self.cql.statements;
        let mut moved = vec![values::number(last.offset), values::number(last.seq)];
        let bucket = values::bucket(key, channel.log, part.bucket);
        let condition = match stored {
            None => {
                moved.push(CqlValue::BigInt(self.now_ms()));
                (&statements.open_bucket, values::around(moved, bucket, Values::new()))
            }
            Some(end) => {
                let expected = vec![values::number(end.last_offset), values::number(end.last_seq)];
                (&statements.advance, values::around(moved, bucket, expected))
            }
        };
        let rows = event_rows(self, key, channel.log, part, Uuid::new_v4(), 0);
        match self.cql.cas_batch(std::iter::once(condition).chain(rows).collect()).await {
            Cas::Applied if stored.is_none() && part.bucket > channel.cleared_bucket => {
                self.raise_newest(key, channel.log, part.bucket).await;
                Ok(true)
            }
            Cas::Applied => Ok(true),
            Cas::NotApplied => Ok(false),
            Cas::Failed(error) | Cas::Unknown(error) => Err(error),
        }
    }
}

/// Puts an event into the last part, or into a new one.
fn take_event(parts: &mut Vec<Part>, key: &ChannelKey, offset: u64, value: Vec<u8>) -> Result<(), StoreError> {
    let corrupt = |reason: &str| StoreError::Corrupt(format!("{key} at offset {offset}: {reason}"));
    let event = record::decode(offset, &value).map_err(|error| corrupt(&error.to_string()))?;
    let last_seq = event.seq.saturating_sub(u64::from(event.kind == MESSAGE));
    let id = record::id(&value);
    push_event(parts, Event { index: 0, offset, seq: event.seq, value, key: None, id, version: None }, last_seq);
    Ok(())
}

fn gave_up() -> StoreError {
    StoreError::Unavailable("a write was not taken however often it was tried".into())
}

/// Offsets by name, to look up many at once.
pub(super) type Places = HashMap<Vec<u8>, u64>;
