//! One batch in the making: commands are decided one after the other against the disk and against what the batch
//! itself is about to change, so that they see each other as if each had been written alone.
//!
//! A command is checked whole before anything of it enters the batch, so a refused one leaves nothing behind. Every
//! key stands at most once in a batch.

use std::collections::HashMap;

use fjall::OwnedWriteBatch;
use natter_core::{ChannelKey, Epoch, Position};

use super::command::{Answer, Command, EncodedAppend, RowChange};
use super::heads::HeadCache;
use super::keys;
use super::tables::{ROW_FLOOR, Tables, read_failed};
use super::values::{StoredHead, StoredKey, decode_row, encode_number, encode_row};
use crate::limits::{not_opened, wrong_seq};
use crate::store::{AppendError, AppendOutcome, IDEMPOTENCY_TTL_MS, LogHead, Row, RowWriteOutcome, StoreError};

/// What the commands decided so far will change.
pub(super) struct Batch<'a> {
    tables: &'a Tables,
    cache: &'a mut HeadCache,
    now_ms: i64,
    heads: HashMap<ChannelKey, StoredHead>,
    events: Vec<(Vec<u8>, Vec<u8>)>,
    keys: HashMap<Vec<u8>, StoredKey>,
    ids: HashMap<Vec<u8>, u64>,
    rows: HashMap<Vec<u8>, Option<Row>>,
    /// The highest version of a deleted row, if this batch deletes one.
    row_floor: Option<u64>,
    unfinished: Vec<(ChannelKey, StoredHead)>,
}

/// What a batch changed in the logs, once it is durable.
pub(super) struct Committed {
    pub(super) heads: HashMap<ChannelKey, StoredHead>,
    /// Opened logs that still hold events which an earlier trim has forgotten.
    pub(super) unfinished: Vec<(ChannelKey, StoredHead)>,
}

/// What an append's idempotency keys turn out to be.
enum Keys {
    /// None is taken; these come with the append.
    Fresh(HashMap<Vec<u8>, StoredKey>),
    /// The record at `index` repeats the one at `offset`.
    Repeat { index: usize, offset: u64 },
}

impl<'a> Batch<'a> {
    pub(super) fn new(tables: &'a Tables, cache: &'a mut HeadCache, now_ms: i64) -> Self {
        Self {
            tables,
            cache,
            now_ms,
            heads: HashMap::new(),
            events: Vec::new(),
            keys: HashMap::new(),
            ids: HashMap::new(),
            rows: HashMap::new(),
            row_floor: None,
            unfinished: Vec::new(),
        }
    }

    /// Decides a command; its answer must wait until the batch is durable.
    pub(super) fn decide(&mut self, command: Command) -> Answer {
        match command {
            Command::OpenLog(channel, candidate, reply) => Answer::Head(reply, self.open_log(channel, candidate)),
            Command::Append(append, reply) => Answer::Append(reply, self.append(append).map_err(AppendError::Rejected)),
            Command::Trim(channel, first_offset, reply) => Answer::Done(reply, self.trim(channel, first_offset)),
            Command::DeleteLog(channel, reply) => Answer::Done(reply, self.delete_log(channel)),
            Command::ChangeRow(change, reply) => Answer::Row(reply, self.change_row(change)),
        }
    }

    fn head(&mut self, channel: &ChannelKey) -> Result<Option<StoredHead>, StoreError> {
        let found = match self.heads.get(channel) {
            Some(stored) => Some(stored.clone()),
            None => self.cache.load(self.tables, channel)?,
        };
        Ok(found.filter(|stored| !stored.deleting))
    }

    fn open_log(&mut self, channel: ChannelKey, candidate: Epoch) -> Result<LogHead, StoreError> {
        if let Some(stored) = self.head(&channel)? {
            let head = stored.head.clone();
            // A trim that a crash interrupted is taken up again from here.
            if stored.deleted_below < head.first_offset {
                self.unfinished.push((channel, stored));
            }
            return Ok(head);
        }
        let stored = StoredHead::new(candidate);
        let head = stored.head.clone();
        self.heads.insert(channel, stored);
        Ok(head)
    }

    fn append(&mut self, append: EncodedAppend) -> Result<AppendOutcome, StoreError> {
        let mut stored = self.head(&append.channel)?.ok_or_else(|| not_opened(&append.channel))?;
        if stored.head.last_offset != append.expected_last_offset {
            return Ok(AppendOutcome::Conflict(stored.head));
        }
        if append.seq_before != stored.head.last_seq {
            return Err(wrong_seq(append.seq_before, stored.head.last_seq));
        }
        let prefix = keys::channel(&append.channel);
        match self.check_keys(&prefix, &append)? {
            Keys::Fresh(fresh) => self.keys.extend(fresh),
            Keys::Repeat { index, offset } => {
                let position = Position { offset, epoch: stored.head.epoch };
                return Ok(AppendOutcome::Duplicate { index, position });
            }
        }
        for (event, offset) in append.events.into_iter().zip(append.expected_last_offset + 1..) {
            self.events.push((keys::event(&prefix, offset), event.value));
            self.ids.extend(event.id.map(|id| (keys::id(&prefix, id), offset)));
            stored.head.last_offset = offset;
        }
        stored.head.last_seq = append.last_seq;
        stored.head.version = append.version.or(stored.head.version);
        self.heads.insert(append.channel, stored);
        Ok(AppendOutcome::Appended)
    }

    fn check_keys(&self, prefix: &[u8], append: &EncodedAppend) -> Result<Keys, StoreError> {
        let mut fresh: HashMap<Vec<u8>, StoredKey> = HashMap::new();
        let expires_ms = self.now_ms.saturating_add(IDEMPOTENCY_TTL_MS);
        for ((index, event), offset) in append.events.iter().enumerate().zip(append.expected_last_offset + 1..) {
            let Some(text) = event.idempotency_key.as_deref() else { continue };
            let key = keys::idempotency(prefix, text);
            let taken = match fresh.get(&key) {
                Some(taken) => Some(*taken),
                None => self.taken_key(&key)?,
            };
            if let Some(taken) = taken {
                return Ok(Keys::Repeat { index, offset: taken.offset });
            }
            fresh.insert(key, StoredKey { offset, expires_ms });
        }
        Ok(Keys::Fresh(fresh))
    }

    fn taken_key(&self, key: &[u8]) -> Result<Option<StoredKey>, StoreError> {
        if let Some(taken) = self.keys.get(key) {
            return Ok(Some(*taken));
        }
        let value = self.tables.idempotency.get(key).map_err(|error| read_failed(&error))?;
        let Some(value) = value else { return Ok(None) };
        let taken = StoredKey::decode(&value).ok_or_else(|| StoreError::Corrupt("an idempotency key".into()))?;
        Ok(Some(taken).filter(|taken| self.now_ms < taken.expires_ms))
    }

    fn trim(&mut self, channel: ChannelKey, first_offset: u64) -> Result<(), StoreError> {
        let Some(mut stored) = self.head(&channel)? else { return Ok(()) };
        let first = first_offset.min(stored.head.last_offset.saturating_add(1));
        if first > stored.head.first_offset {
            stored.head.first_offset = first;
            self.heads.insert(channel, stored);
        }
        Ok(())
    }

    /// Hides a log, which the committer then clears away. Must be alone in its batch: what other commands of the batch
    /// write to the log would outlive it.
    fn delete_log(&mut self, channel: ChannelKey) -> Result<(), StoreError> {
        if let Some(stored) = self.head(&channel)? {
            self.heads.insert(channel, StoredHead { deleting: true, ..stored });
        }
        Ok(())
    }

    fn change_row(&mut self, change: RowChange) -> Result<RowWriteOutcome, StoreError> {
        let Some(expected_version) = change.expected_version else {
            self.rows.insert(change.key, change.value.map(|value| Row { version: 0, value }));
            return Ok(RowWriteOutcome::Written(0));
        };
        let found = match self.rows.get(&change.key) {
            Some(row) => row.clone(),
            None => self.stored_row(&change.key)?,
        };
        if found.as_ref().map_or(0, |row| row.version) != expected_version {
            return Ok(RowWriteOutcome::Conflict(found));
        }
        let version = match (&change.value, expected_version) {
            (Some(_), 0) => self.row_floor()?.saturating_add(1),
            (Some(_), version) => version.saturating_add(1),
            (None, deleted) => {
                self.row_floor = Some(self.row_floor()?.max(deleted));
                0
            }
        };
        self.rows.insert(change.key, change.value.map(|value| Row { version, value }));
        Ok(RowWriteOutcome::Written(version))
    }

    fn row_floor(&self) -> Result<u64, StoreError> {
        self.row_floor.map_or_else(|| self.tables.row_floor(), Ok)
    }

    fn stored_row(&self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let value = self.tables.rows.get(key).map_err(|error| read_failed(&error))?;
        let decode = |value: fjall::Slice| decode_row(&value).ok_or_else(|| StoreError::Corrupt("a row".into()));
        value.map(decode).transpose()
    }

    /// How many log events the batch writes.
    pub(super) fn events(&self) -> usize {
        self.events.len()
    }

    /// Writes the changes into `batch`, which the caller commits.
    pub(super) fn fill(self, batch: &mut OwnedWriteBatch) -> Committed {
        let tables = self.tables;
        for (key, value) in self.events {
            batch.insert(&tables.log, key, value);
        }
        for (key, stored) in self.keys {
            batch.insert(&tables.expiries, keys::expiry(stored.expires_ms, &key), Vec::new());
            batch.insert(&tables.idempotency, key, stored.encode());
        }
        for (key, offset) in self.ids {
            batch.insert(&tables.ids, key, encode_number(offset));
        }
        if let Some(floor) = self.row_floor {
            batch.insert(&tables.facts, ROW_FLOOR, encode_number(floor));
        }
        for (channel, stored) in &self.heads {
            let key = keys::channel(channel);
            if stored.deleting {
                batch.insert(&tables.deletions, key.clone(), Vec::new());
            }
            batch.insert(&tables.heads, key, stored.encode());
        }
        for (key, row) in self.rows {
            match row {
                Some(row) => batch.insert(&tables.rows, key, encode_row(&row)),
                None => batch.remove(&tables.rows, key),
            }
        }
        Committed { heads: self.heads, unfinished: self.unfinished }
    }
}
