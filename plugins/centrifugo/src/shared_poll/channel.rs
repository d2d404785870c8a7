//! A channel whose keys are polled: who tracks what, and what is known of it.
//!
//! Sessions add and remove themselves, the poller and the server API bring values. A lock is held for the arithmetic only;
//! outboxes are filled after it has been released. Invariant: a key is here exactly as long as somebody tracks it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use natter_core::ChannelKey;
use natter_node::config::{SharedPollMode, SharedPollOptions};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::common::Common;
use super::entry::Entry;
use super::outbox::Outbox;
use super::update::Update;
use crate::proxy::{KeysQuestion, KnownKey};

/// Keys of one channel on one node.
const KEYS_MAX: usize = 1_000_000;

/// A channel, from its first tracked key until some time after its last.
pub(crate) struct PollChannel {
    pub(super) key: ChannelKey,
    /// As they were when the channel came into being, with defaults filled in.
    pub(super) options: SharedPollOptions,
    pub(super) common: Arc<Common>,
    /// Keys wait that are to be asked about at once.
    pub(super) urgent: Notify,
    /// Nobody tracks anything.
    pub(super) emptied: Notify,
    state: Mutex<State>,
}

pub(super) struct State {
    /// What the backend's versions count in.
    pub(super) epoch: Arc<str>,
    pub(super) keys: HashMap<Arc<str>, Entry>,
    urgent: BTreeSet<Arc<str>>,
    /// When the epoch changed last.
    pub(super) changed_epoch_at: Option<Instant>,
    /// The channel is forgotten: whoever comes makes a new one.
    is_closed: bool,
}

/// Why keys are not tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untracked {
    /// The channel has ended in the meantime.
    Closed,
    /// A bound of the node.
    Full,
}

/// A key that a client tracks, and the version that it has.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) key: Arc<str>,
    pub(crate) version: u64,
}

impl PollChannel {
    pub(super) fn new(key: ChannelKey, options: SharedPollOptions, common: Arc<Common>) -> Self {
        let state = State {
            epoch: Arc::from(""),
            keys: HashMap::new(),
            urgent: BTreeSet::new(),
            changed_epoch_at: None,
            is_closed: false,
        };
        Self { key, options, common, urgent: Notify::new(), emptied: Notify::new(), state: Mutex::new(state) }
    }

    pub(super) fn is_versionless(&self) -> bool {
        self.options.mode == SharedPollMode::Versionless
    }

    pub(super) fn name(&self) -> &Arc<str> {
        self.key.name()
    }

    pub(super) fn interval(&self) -> Duration {
        self.options.refresh_interval
    }

    pub(super) fn state(&self) -> parking_lot::MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Adds a follower to keys. Returns the values that are known and newer than what it has; values that are not at hand
    /// are asked for and come later. The keys are replaced by the channel's own, which all followers share.
    pub(super) fn track(&self, wanted: &mut [Wanted], outbox: &Arc<Outbox>) -> Result<Vec<Arc<Update>>, Untracked> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Untracked::Closed);
        }
        let added = wanted.iter().filter(|wanted| !state.keys.contains_key(&wanted.key)).count();
        if state.keys.len() + added > KEYS_MAX {
            // It may be that nobody has ever tracked anything.
            self.emptied.notify_one();
            return Err(Untracked::Full);
        }
        let known = wanted.iter_mut().filter_map(|wanted| state.follow(self.name(), wanted, outbox)).collect();
        if !state.urgent.is_empty() {
            self.urgent.notify_one();
        }
        Ok(known)
    }

    /// Takes a follower off keys; keys that nobody tracks any more are forgotten.
    pub(crate) fn untrack<'k>(&self, id: u64, keys: impl Iterator<Item = &'k str>) {
        let mut state = self.state.lock();
        for key in keys {
            let Some(entry) = state.keys.get_mut(key) else { continue };
            entry.followers.remove(&id);
            if entry.followers.is_empty() {
                state.keys.remove(key);
                state.urgent.remove(key);
            }
        }
        if state.keys.is_empty() {
            self.emptied.notify_one();
        }
    }

    /// The keys of a round, in lists of at most a question's size. Those that were published are left out once.
    pub(super) fn round(&self) -> Vec<Vec<Arc<str>>> {
        let mut state = self.state.lock();
        let due = |(key, entry): (&Arc<str>, &mut Entry)| {
            let is_fresh = std::mem::take(&mut entry.is_fresh);
            (!is_fresh).then(|| Arc::clone(key))
        };
        let mut due: Vec<_> = state.keys.iter_mut().filter_map(due).collect();
        drop(state);
        due.sort_unstable();
        due.chunks(self.options.refresh_batch_size.max(1)).map(<[_]>::to_vec).collect()
    }

    /// Takes keys that are to be asked about at once, at most as many as a question may have.
    pub(super) fn take_urgent(&self) -> Vec<Arc<str>> {
        let mut state = self.state.lock();
        let count = self.options.refresh_batch_size.max(1).min(state.urgent.len());
        (0..count).filter_map(|_| state.urgent.pop_first()).collect()
    }

    /// Puts keys back that could not be asked about.
    pub(super) fn put_back(&self, keys: Vec<Arc<str>>) {
        let mut state = self.state.lock();
        let tracked: Vec<_> = keys.into_iter().filter(|key| state.keys.contains_key(key)).collect();
        state.urgent.extend(tracked);
    }

    /// The question about those of the keys that are still tracked; `None` when none is.
    pub(super) fn question(&self, keys: &[Arc<str>]) -> Option<KeysQuestion> {
        let state = self.state.lock();
        let known = keys.iter().filter_map(|key| Some((key, state.keys.get(key)?)));
        let items: Vec<_> = known
            .map(|(key, entry)| {
                let is_new = self.is_versionless() || entry.is_lacking;
                KnownKey { key: Arc::clone(key), version: if is_new { 0 } else { entry.version } }
            })
            .collect();
        (!items.is_empty()).then(|| KeysQuestion { channel: Arc::clone(self.name()), items })
    }

    /// Closes the channel if nobody tracks anything.
    pub(super) fn close_if_empty(&self) -> bool {
        let mut state = self.state.lock();
        state.is_closed |= state.keys.is_empty();
        state.is_closed
    }

    /// What the versions of the channel count in.
    pub(super) fn epoch(&self) -> Arc<str> {
        Arc::clone(&self.state.lock().epoch)
    }

    pub(super) fn key_count(&self) -> usize {
        self.state.lock().keys.len()
    }
}

impl State {
    /// Adds a follower to one key; see [`PollChannel::track`].
    fn follow(&mut self, channel: &Arc<str>, wanted: &mut Wanted, outbox: &Arc<Outbox>) -> Option<Arc<Update>> {
        let known = self.keys.get_key_value(&wanted.key).map(|(key, _)| Arc::clone(key));
        let is_new = known.is_none();
        wanted.key = known.unwrap_or_else(|| Arc::clone(&wanted.key));
        let entry = self.keys.entry(Arc::clone(&wanted.key)).or_default();
        entry.followers.insert(outbox.id, Arc::clone(outbox));
        let lacks = match is_new {
            true => wanted.version == 0,
            false => entry.version > wanted.version || (entry.version == 0 && wanted.version == 0),
        };
        if !lacks {
            return None;
        }
        if entry.version > 0
            && let Some(data) = entry.value()
        {
            return Some(Arc::new(Update::value(channel, &wanted.key, entry.version, Bytes::clone(data))));
        }
        // A key without a value that is not new has been asked about already.
        let is_urgent = is_new || (entry.version > 0 && !entry.is_lacking);
        entry.is_lacking |= !is_new;
        if is_urgent {
            self.urgent.insert(Arc::clone(&wanted.key));
        }
        None
    }
}
