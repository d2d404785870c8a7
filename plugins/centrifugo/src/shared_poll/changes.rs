//! What a backend's answer, or a publication, changes.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::channel::{PollChannel, State};
use super::entry::Entry;
use super::outbox::Outbox;
use super::update::{Base, Update};
use crate::metrics;
use crate::proxy::{KeyState, KeysResult};

/// Who gets what, gathered under the lock and handed out without it.
#[derive(Default)]
pub(super) struct Changes {
    updates: Vec<(Arc<Update>, Vec<Arc<Outbox>>)>,
    /// Those who have to subscribe anew.
    void: Vec<Arc<Outbox>>,
    changed: u64,
    unchanged: u64,
    removed: u64,
}

/// A value in another epoch than the last one, so soon after that that the backend cannot mean it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsettled;

impl Changes {
    /// Puts everything into the outboxes and wakes whoever has to look.
    pub(super) fn hand_out(self) {
        let mut woken: Vec<_> = self.void.into_iter().filter(|outbox| outbox.make_void()).collect();
        for (update, followers) in &self.updates {
            woken.extend(followers.iter().filter(|outbox| outbox.put(update)).cloned());
        }
        Outbox::wake_all(&woken);
        metrics::shared_poll_values("changed", self.changed);
        metrics::shared_poll_values("unchanged", self.unchanged);
        metrics::shared_poll_values("removed", self.removed);
    }

    fn tell(&mut self, update: Update, entry: &Entry) {
        self.updates.push((Arc::new(update), entry.followers()));
    }
}

impl PollChannel {
    /// Takes a backend's answer in. What it says of keys that nobody tracks is ignored.
    pub(super) fn answered(&self, answer: KeysResult) -> Result<Changes, Unsettled> {
        let mut state = self.state();
        let mut changes = Changes::default();
        if !self.is_versionless() {
            changes.void = state.enter_epoch(&answer.epoch, self)?;
        }
        for item in answer.items {
            self.take_item(&mut state, item, &mut changes);
        }
        if state.keys.is_empty() {
            self.emptied.notify_one();
        }
        Ok(changes)
    }

    /// Takes a published value in. False when it is older than what is known, or when nobody tracks the key.
    pub(super) fn published(&self, key: &str, version: u64, epoch: &str, data: Bytes) -> Result<bool, Unsettled> {
        let mut state = self.state();
        let mut changes = Changes { void: state.enter_epoch(epoch, self)?, ..Changes::default() };
        let epoch = Arc::clone(&state.epoch);
        let newer = state.keys.get_key_value(key).filter(|(_, entry)| version > entry.version);
        let newer = newer.map(|(key, _)| Arc::clone(key));
        if let Some(key) = &newer
            && let Some(entry) = state.keys.get_mut(key)
        {
            let update = self.change(key, entry, version, &data, None);
            entry.is_fresh = true;
            changes.tell(update.in_epoch(&epoch), entry);
        }
        drop(state);
        changes.hand_out();
        Ok(newer.is_some())
    }

    fn take_item(&self, state: &mut State, item: KeyState, changes: &mut Changes) {
        let Some((key, _)) = state.keys.get_key_value(item.key.as_str()) else { return };
        let key = Arc::clone(key);
        if item.is_removed {
            if let Some(entry) = state.keys.remove(&key) {
                changes.removed += 1;
                changes.tell(Update::removal(self.name(), &key), &entry);
            }
            return;
        }
        let Some(entry) = state.keys.get_mut(&key) else { return };
        let counts_versions = !self.is_versionless() || item.version > 0;
        let is_newer = match counts_versions {
            true => item.version > entry.version,
            false => entry.version == 0 || entry.hash != xxhash_rust::xxh3::xxh3_64(&item.data),
        };
        if is_newer {
            let version = if counts_versions { item.version } else { self.common.next_version() };
            let update = self.change(&key, entry, version, &item.data, Some(item.previous));
            changes.changed += 1;
            return changes.tell(update, entry);
        }
        changes.unchanged += 1;
        // Whoever lacks the value gets it, unless a publication has overtaken this answer.
        if entry.is_lacking && entry.version > 0 && (!counts_versions || item.version == entry.version) {
            entry.is_lacking = false;
            changes.tell(Update::value(self.name(), &key, entry.version, item.data), entry);
        }
    }

    /// Gives a key a new value, which can be told as a difference to the kept one, or else to the one that the backend
    /// calls the previous one.
    fn change(&self, key: &Arc<str>, entry: &mut Entry, version: u64, data: &Bytes, previous: Option<Bytes>) -> Update {
        let told = previous.map(|data| Base { version: entry.version, data });
        let base = entry.base().or(told);
        entry.change(version, data, &self.common.kept);
        Update::value(self.name(), key, version, data.clone()).since(base)
    }
}

impl State {
    /// Goes over to an epoch: in another than before nothing that is known counts any more, and whoever knows it has to
    /// subscribe anew. Returns who that is.
    fn enter_epoch(&mut self, epoch: &str, channel: &PollChannel) -> Result<Vec<Arc<Outbox>>, Unsettled> {
        if *self.epoch == *epoch {
            return Ok(Vec::new());
        }
        let now = Instant::now();
        // A backend whose servers contradict each other would have everybody subscribe anew all the time.
        if self.changed_epoch_at.is_some_and(|changed| now.duration_since(changed) < channel.interval()) {
            return Err(Unsettled);
        }
        self.changed_epoch_at = Some(now);
        self.epoch = Arc::from(epoch);
        let mut void = std::collections::HashMap::new();
        for entry in self.keys.values_mut() {
            void.extend(entry.followers.iter().map(|(id, outbox)| (*id, Arc::clone(outbox))));
            entry.void();
        }
        Ok(void.into_values().collect())
    }
}
