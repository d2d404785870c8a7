//! What the committer clears away between batches, a bounded step at a time: events that a trim has forgotten,
//! idempotency keys whose time is over, and deleted logs.
//!
//! None needs a sync. Readers stop at the head's first offset, keys carry their expiry and a deleted log's head says
//! so until nothing of the log is left; so what a crash brings back is invisible and is cleared by the next sweep.

use std::collections::{HashSet, VecDeque};

use fjall::{Keyspace, OwnedWriteBatch, PersistMode};
use natter_core::ChannelKey;

use super::keys;
use super::tables::Tables;
use super::values::{StoredHead, StoredKey, decode_number};
use crate::record;

/// Most entries that one step removes. A batch adds no more keys than this, so sweeping keeps up with writing.
pub(super) const STEP_ENTRIES_MAX: usize = 2048;
/// Most logs that wait to be cleared; one that finds no room is taken up again when it is opened or trimmed.
const WAITING_LOGS_MAX: usize = 65_536;
/// How long to leave the keys alone when none was left to remove.
const IDLE_MS: i64 = 1000;

/// What is left to clear.
#[derive(Default)]
pub(super) struct Sweep {
    waiting: VecDeque<ChannelKey>,
    known: HashSet<ChannelKey>,
    /// Whether the table of deletions may have something in it.
    deletions: bool,
    next_expiry_ms: i64,
}

impl Sweep {
    /// A sweep that begins with what the last process left.
    pub(super) fn new() -> Self {
        Self { deletions: true, ..Self::default() }
    }

    /// Takes notice that a log was deleted.
    pub(super) fn consider_deletions(&mut self) {
        self.deletions = true;
    }

    /// Removes one step of a deleted log; answers with its channel when nothing of it is left.
    pub(super) fn clear_deletion(&mut self, tables: &Tables) -> fjall::Result<Option<ChannelKey>> {
        if !self.deletions {
            return Ok(None);
        }
        let Some(entry) = tables.deletions.iter().next() else {
            self.deletions = false;
            return Ok(None);
        };
        let prefix = entry.key()?;
        let is_gone = clear_prefix(tables, &prefix)?;
        Ok(keys::split_channel(&prefix).filter(|_| is_gone))
    }

    /// Whether there is a deleted log to clear.
    pub(super) fn has_deletions(&self) -> bool {
        self.deletions
    }

    /// Takes up a log if it has forgotten events that are still there.
    pub(super) fn consider(&mut self, channel: &ChannelKey, stored: &StoredHead) {
        let behind = stored.deleted_below < stored.head.first_offset;
        if behind && self.waiting.len() < WAITING_LOGS_MAX && self.known.insert(channel.clone()) {
            self.waiting.push_back(channel.clone());
        }
    }

    /// The log to clear next.
    pub(super) fn next_log(&mut self) -> Option<ChannelKey> {
        let channel = self.waiting.pop_front()?;
        self.known.remove(&channel);
        Some(channel)
    }

    /// Removes one step of a log's forgotten events and answers with its new head.
    pub(super) fn clear_log(
        &mut self,
        tables: &Tables,
        channel: &ChannelKey,
        mut stored: StoredHead,
    ) -> fjall::Result<StoredHead> {
        let prefix = keys::channel(channel);
        let mut batch = tables.database.batch().durability(Some(PersistMode::Buffer));
        for offset in (stored.deleted_below..stored.head.first_offset).take(STEP_ENTRIES_MAX) {
            remove_event(tables, &mut batch, &prefix, offset)?;
            stored.deleted_below = offset + 1;
        }
        batch.insert(&tables.heads, prefix, stored.encode());
        batch.commit()?;
        self.consider(channel, &stored);
        Ok(stored)
    }

    /// Removes one step of expired idempotency keys, if it is time to look for them.
    pub(super) fn clear_keys(&mut self, tables: &Tables, now_ms: i64) -> fjall::Result<()> {
        if now_ms < self.next_expiry_ms {
            return Ok(());
        }
        let mut batch = tables.database.batch().durability(Some(PersistMode::Buffer));
        let mut found = 0;
        for entry in tables.expiries.range(..keys::expiry_bound(now_ms)).take(STEP_ENTRIES_MAX) {
            let entry = entry.key()?;
            found += 1;
            if let Some((expires_ms, key)) = keys::split_expiry(&entry) {
                // A key that was used again after its time has a later expiry, and an entry of its own.
                let stored = tables.idempotency.get(key)?.and_then(|value| StoredKey::decode(&value));
                if stored.is_some_and(|stored| stored.expires_ms == expires_ms) {
                    batch.remove(&tables.idempotency, key);
                }
            }
            batch.remove(&tables.expiries, entry);
        }
        self.next_expiry_ms = if found == STEP_ENTRIES_MAX { now_ms } else { now_ms.saturating_add(IDLE_MS) };
        batch.commit()
    }
}

fn remove_event(tables: &Tables, batch: &mut OwnedWriteBatch, prefix: &[u8], offset: u64) -> fjall::Result<()> {
    let key = keys::event(prefix, offset);
    if let Some(id) = tables.log.get(&key)?.and_then(|value| record::id(&value)) {
        let id = keys::id(prefix, id);
        // An id that was given twice leads to the later event.
        if tables.ids.get(&id)?.and_then(|value| decode_number(&value)) == Some(offset) {
            batch.remove(&tables.ids, id);
        }
    }
    batch.remove(&tables.log, key);
    Ok(())
}

/// Removes one step of everything that belongs to a deleted log. The last step removes its head, and answers so.
pub(super) fn clear_prefix(tables: &Tables, prefix: &[u8]) -> fjall::Result<bool> {
    let mut batch = tables.database.batch().durability(Some(PersistMode::Buffer));
    let mut left = STEP_ENTRIES_MAX;
    for space in [&tables.log, &tables.ids, &tables.idempotency] {
        left -= remove_prefix(space, &mut batch, prefix, left)?;
    }
    let is_gone = left > 0;
    if is_gone {
        batch.remove(&tables.heads, prefix);
        batch.remove(&tables.deletions, prefix);
    }
    batch.commit()?;
    Ok(is_gone)
}

fn remove_prefix(space: &Keyspace, batch: &mut OwnedWriteBatch, prefix: &[u8], max: usize) -> fjall::Result<usize> {
    let mut removed = 0;
    for entry in space.prefix(prefix).take(max) {
        batch.remove(space, entry.key()?);
        removed += 1;
    }
    Ok(removed)
}
