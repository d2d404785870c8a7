//! The committer's memory of where logs end.
//!
//! Two generations of equal size: what is used moves to the young one, and when that is full the old one is dropped
//! whole. So the least recently used half goes, at constant cost and within a fixed bound.

use std::collections::HashMap;

use natter_core::ChannelKey;

use super::keys;
use super::tables::{Tables, decode_head, read_failed};
use super::values::StoredHead;
use crate::store::StoreError;

/// A bounded map of heads; what it forgets is read from disk again.
pub(super) struct HeadCache {
    generation_max: usize,
    young: HashMap<ChannelKey, StoredHead>,
    old: HashMap<ChannelKey, StoredHead>,
}

impl HeadCache {
    /// Holds up to `heads_max` heads, at least 2.
    pub(super) fn new(heads_max: usize) -> Self {
        Self { generation_max: (heads_max / 2).max(1), young: HashMap::new(), old: HashMap::new() }
    }

    fn get(&mut self, channel: &ChannelKey) -> Option<StoredHead> {
        if let Some(stored) = self.young.get(channel) {
            return Some(stored.clone());
        }
        let stored = self.old.remove(channel)?;
        self.put(channel.clone(), stored.clone());
        Some(stored)
    }

    /// The remembered or stored head, also of a log that is being deleted; `None` when the log was never opened.
    pub(super) fn load(&mut self, tables: &Tables, channel: &ChannelKey) -> Result<Option<StoredHead>, StoreError> {
        if let Some(stored) = self.get(channel) {
            return Ok(Some(stored));
        }
        let value = tables.heads.get(keys::channel(channel)).map_err(|error| read_failed(&error))?;
        let Some(value) = value else { return Ok(None) };
        let stored = decode_head(channel, &value)?;
        self.put(channel.clone(), stored.clone());
        Ok(Some(stored))
    }

    pub(super) fn forget(&mut self, channel: &ChannelKey) {
        self.young.remove(channel);
        self.old.remove(channel);
    }

    pub(super) fn put(&mut self, channel: ChannelKey, stored: StoredHead) {
        if self.young.len() >= self.generation_max && !self.young.contains_key(&channel) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&channel);
        self.young.insert(channel, stored);
    }
}

#[cfg(test)]
mod tests {
    use natter_core::{Epoch, TenantId};

    use super::*;

    fn channel(index: usize) -> ChannelKey {
        ChannelKey::new(TenantId::new("acme"), index.to_string())
    }

    fn stored(index: usize) -> StoredHead {
        StoredHead::new(Epoch::new(index.to_string()))
    }

    #[test]
    fn stays_within_its_bound_and_keeps_what_is_used() {
        let mut cache = HeadCache::new(8);
        for index in 0..100 {
            cache.put(channel(index), stored(index));
            assert_eq!(cache.get(&channel(0)), Some(stored(0)));
            assert!(cache.young.len() + cache.old.len() <= 8);
        }
        assert_eq!(cache.get(&channel(50)), None);
    }

    #[test]
    fn never_answers_with_an_older_head() {
        let mut cache = HeadCache::new(2);
        for round in 0..50 {
            cache.put(channel(round % 3), stored(round));
            assert_eq!(cache.get(&channel(round % 3)), Some(stored(round)));
            for older in [round.wrapping_sub(1), round.wrapping_sub(2)] {
                let found = cache.get(&channel(older % 3));
                assert!(round < 2 || found.is_none() || found == Some(stored(older)));
            }
        }
    }
}
