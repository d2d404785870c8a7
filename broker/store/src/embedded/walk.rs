//! Everything that the store keeps, as of one moment. Writing goes on meanwhile: the walk is on a snapshot, which a batch
//! is either in or not.

use fjall::{Readable, Snapshot};
use natter_core::ChannelKey;

use super::EmbeddedStore;
use super::keys;
use super::tables::{Tables, read_failed};
use super::values::{StoredHead, StoredKey, decode_number, decode_row};
use crate::record;
use crate::store::{LogHead, StoreError};
use crate::transfer::{Entry, Sink};

impl EmbeddedStore {
    /// Hands everything to `sink`, as it is when the call begins. Blocks on the disk: not for a thread of a runtime.
    ///
    /// # Errors
    /// What the sink says; [`StoreError::Corrupt`] at the first damage, unless the sink gathers findings.
    pub fn walk(&self, sink: &mut dyn Sink) -> Result<(), StoreError> {
        self.walk_with(sink, false)
    }

    /// Walks, and looks whether the index knows every event's id. Slower than [`Self::walk`].
    ///
    /// # Errors
    /// What the sink says.
    pub fn check(&self, sink: &mut dyn Sink) -> Result<(), StoreError> {
        self.walk_with(sink, true)
    }

    fn walk_with(&self, sink: &mut dyn Sink, with_ids: bool) -> Result<(), StoreError> {
        let tables = self.running()?.tables;
        let now_ms = (self.clock)();
        let mut walk = Walk { snapshot: tables.database.snapshot(), tables: &tables, now_ms, with_ids, sink };
        walk.rows()?;
        walk.logs()
    }
}

struct Walk<'a> {
    tables: &'a Tables,
    snapshot: Snapshot,
    now_ms: i64,
    with_ids: bool,
    sink: &'a mut dyn Sink,
}

impl Walk<'_> {
    fn rows(&mut self) -> Result<(), StoreError> {
        self.sink.entry(Entry::RowFloor(self.tables.row_floor()?))?;
        for entry in self.snapshot.iter(&self.tables.rows) {
            let (key, value) = match entry.into_inner() {
                Ok(found) => found,
                Err(error) => return self.unreadable("the rows cannot be read further", &error),
            };
            match keys::split_row(&key).zip(decode_row(&value)) {
                Some((name, row)) => self.sink.entry(Entry::Row(name, row))?,
                None => self.sink.finding(format!("the row {} cannot be read", printable(&key)))?,
            }
        }
        Ok(())
    }

    fn logs(&mut self) -> Result<(), StoreError> {
        for entry in self.snapshot.iter(&self.tables.heads) {
            let (key, value) = match entry.into_inner() {
                Ok(found) => found,
                Err(error) => return self.unreadable("the heads of logs cannot be read further", &error),
            };
            match keys::split_channel(&key).zip(StoredHead::decode(&value)) {
                Some((_, stored)) if stored.deleting => {}
                Some((channel, stored)) => self.log(&channel, &stored.head)?,
                None => self.sink.finding(format!("the head of the log {} cannot be read", printable(&key)))?,
            }
        }
        Ok(())
    }

    fn log(&mut self, channel: &ChannelKey, head: &LogHead) -> Result<(), StoreError> {
        self.sink.entry(Entry::Log(channel.clone(), head.clone()))?;
        let prefix = keys::channel(channel);
        if head.first_offset <= head.last_offset {
            let bounds = keys::event(&prefix, head.first_offset)..=keys::event(&prefix, head.last_offset);
            for entry in self.snapshot.range(&self.tables.log, bounds) {
                let (key, value) = match entry.into_inner() {
                    Ok(found) => found,
                    Err(error) => {
                        self.unreadable(&format!("{channel} cannot be read further"), &error)?;
                        break;
                    }
                };
                let offset = keys::event_offset(&key).unwrap_or_default();
                self.check_id(channel, &prefix, offset, &value)?;
                let value = bytes::Bytes::copy_from_slice(&value);
                self.sink.entry(Entry::Event { channel: channel.clone(), offset, value })?;
            }
        }
        self.keys(channel, &prefix)
    }

    fn keys(&mut self, channel: &ChannelKey, prefix: &[u8]) -> Result<(), StoreError> {
        for entry in self.snapshot.prefix(&self.tables.idempotency, prefix) {
            let (key, value) = match entry.into_inner() {
                Ok(found) => found,
                Err(error) => return self.unreadable(&format!("the keys of {channel} cannot be read further"), &error),
            };
            let text = key.strip_prefix(prefix).and_then(|text| std::str::from_utf8(text).ok());
            let Some((text, stored)) = text.zip(StoredKey::decode(&value)) else {
                self.sink.finding(format!("{channel}: the idempotency key {} cannot be read", printable(&key)))?;
                continue;
            };
            if stored.expires_ms > self.now_ms {
                let StoredKey { offset, expires_ms } = stored;
                self.sink.entry(Entry::Key { channel: channel.clone(), key: text.to_owned(), offset, expires_ms })?;
            }
        }
        Ok(())
    }

    /// An id must lead to its event, or to a later one that was given the same.
    fn check_id(&mut self, channel: &ChannelKey, prefix: &[u8], offset: u64, value: &[u8]) -> Result<(), StoreError> {
        let Some(id) = record::id(value).filter(|_| self.with_ids) else { return Ok(()) };
        let found = self.snapshot.get(&self.tables.ids, keys::id(prefix, id)).map_err(|error| read_failed(&error));
        let leads_to = match found {
            Ok(found) => found.and_then(|value| decode_number(&value)),
            Err(error) => return self.sink.finding(format!("{channel}: the id {id}: {error}")),
        };
        match leads_to {
            Some(at) if at >= offset => Ok(()),
            _ => self.sink.finding(format!("{channel} at offset {offset}: the index does not know the id {id}")),
        }
    }

    fn unreadable(&mut self, what: &str, error: &fjall::Error) -> Result<(), StoreError> {
        self.sink.finding(format!("{what}: {}", read_failed(error)))
    }
}

fn printable(key: &[u8]) -> String {
    String::from_utf8_lossy(key).escape_debug().to_string()
}
