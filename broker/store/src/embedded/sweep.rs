//! What the committer clears away between batches, a bounded step at a time: events that a trim has forgotten and
//! idempotency keys whose time is over.
//!
//! Neither needs a sync. Readers stop at the head's first offset and keys carry their expiry, so what a crash brings
//! back is invisible and is cleared by the next sweep.

use std::collections::{HashSet, VecDeque};

use fjall::PersistMode;
use natter_core::ChannelKey;

use super::keys;
use super::tables::Tables;
use super::values::{StoredHead, StoredKey};

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
    next_expiry_ms: i64,
}

impl Sweep {
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
            batch.remove(&tables.log, keys::event(&prefix, offset));
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
