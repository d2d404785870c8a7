//! From an event's number or id to its offset.
//!
//! An id has an entry of its own. A message's number needs none: numbers grow with offsets, so it is found by halving.

use fjall::{Readable, Snapshot};
use natter_core::{ChannelKey, EntityId, MESSAGE, Publication};

use super::keys;
use super::log::corrupt;
use super::tables::{Tables, read_failed};
use super::values::decode_number;
use crate::record;
use crate::store::{LogHead, StoreError};

/// Finds an event by its id; blocks on the disk.
pub(super) fn by_id(tables: &Tables, channel: &ChannelKey, id: EntityId) -> Result<Option<u64>, StoreError> {
    let snapshot = tables.database.snapshot();
    let Some(stored) = tables.head(&snapshot, channel)? else { return Ok(None) };
    let key = keys::id(&keys::channel(channel), id);
    let Some(value) = snapshot.get(&tables.ids, key).map_err(|error| read_failed(&error))? else { return Ok(None) };
    let offset = decode_number(&value).ok_or_else(|| StoreError::Corrupt(format!("the id {id} of {channel}")))?;
    Ok(Some(offset).filter(|offset| *offset >= stored.head.first_offset))
}

/// Finds a message by its number; blocks on the disk.
pub(super) fn by_seq(tables: &Tables, channel: &ChannelKey, seq: u64) -> Result<Option<u64>, StoreError> {
    let snapshot = tables.database.snapshot();
    let Some(stored) = tables.head(&snapshot, channel)? else { return Ok(None) };
    let log = Log { tables, snapshot, channel, prefix: keys::channel(channel) };
    log.find_seq(&stored.head, seq)
}

struct Log<'a> {
    tables: &'a Tables,
    snapshot: Snapshot,
    channel: &'a ChannelKey,
    prefix: Vec<u8>,
}

impl Log<'_> {
    /// Halves the range that can hold the number: its offset is not below it, and above it by no more than the log's
    /// events that are no messages.
    fn find_seq(&self, head: &LogHead, seq: u64) -> Result<Option<u64>, StoreError> {
        let others = head.last_offset.saturating_sub(head.last_seq);
        let mut low = seq.max(head.first_offset);
        let mut high = seq.saturating_add(others).min(head.last_offset);
        if seq == 0 || low > high {
            return Ok(None);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.event(middle)?.seq < seq { low = middle + 1 } else { high = middle }
        }
        let found = self.event(low)?;
        Ok((found.seq == seq && found.kind == MESSAGE).then_some(low))
    }

    fn event(&self, offset: u64) -> Result<Publication, StoreError> {
        let value = self.snapshot.get(&self.tables.log, keys::event(&self.prefix, offset));
        let value = value.map_err(|error| read_failed(&error))?;
        let value = value.ok_or_else(|| corrupt(self.channel, offset, "the event is missing"))?;
        record::decode(offset, &value).map_err(|error| corrupt(self.channel, offset, &error.to_string()))
    }
}
