//! The keys that one subscription tracks, and what its client has of each.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use natter_node::session::SessionWaker;
use natter_protocol::centrifuge::framing::EncodeError;

use crate::shared_poll::{Form, Outbox, PollChannel, Update, Wanted};

const NEVER: i64 = i64::MAX;

/// The tracked keys of a shared poll subscription. When it is dropped nothing is tracked any more.
pub(super) struct Tracking {
    /// From the first tracked key on.
    channel: Option<Arc<PollChannel>>,
    pub(super) outbox: Arc<Outbox>,
    keys: HashMap<Arc<str>, TrackedKey>,
    /// Taken out of the outbox and not yet written, since a connection is not given too much at once.
    unsent: VecDeque<Arc<Update>>,
    /// When a key's signature has been expired for long enough, in milliseconds.
    expiry_ms: i64,
    /// When a connection that could not be written to is tried again, in milliseconds.
    retry_ms: i64,
}

/// What a client has of a key.
#[derive(Clone, Copy, Debug)]
struct TrackedKey {
    version: u64,
    /// It has that version's value in full, so that a difference can follow.
    has_value: bool,
    /// When the key is tracked no longer, in milliseconds.
    expiry_ms: i64,
}

impl Tracking {
    /// Wakes a session by `waker`; without one the session looks by itself.
    pub(super) fn new(waker: Option<SessionWaker>) -> Self {
        Self {
            channel: None,
            outbox: Outbox::new(waker),
            keys: HashMap::new(),
            unsent: VecDeque::new(),
            expiry_ms: NEVER,
            retry_ms: NEVER,
        }
    }

    /// How many keys would be tracked after `tracked` have been added and `untracked` taken away.
    pub(super) fn count_after<'k>(&self, tracked: impl Iterator<Item = &'k str>, untracked: &HashSet<&str>) -> usize {
        let added = tracked.filter(|key| !untracked.contains(key) && !self.keys.contains_key(*key)).count();
        let removed = untracked.iter().filter(|key| self.keys.contains_key(**key)).count();
        (self.keys.len() + added).saturating_sub(removed)
    }

    /// Drops the removals that wait of keys that are about to be tracked anew.
    pub(super) fn begin_anew(&mut self, wanted: &[Wanted]) {
        self.outbox.forget_removals(wanted.iter().map(|wanted| &*wanted.key));
        if self.unsent.iter().any(|update| update.is_removal) {
            let keys: HashSet<_> = wanted.iter().map(|wanted| &wanted.key).collect();
            self.unsent.retain(|update| !update.is_removal || !keys.contains(&update.key));
        }
    }

    /// Notes a key that is tracked now.
    pub(super) fn tracked(&mut self, wanted: &Wanted, expiry_ms: i64) {
        let tracked = TrackedKey { version: wanted.version, has_value: false, expiry_ms };
        self.keys.insert(Arc::clone(&wanted.key), tracked);
        self.expiry_ms = self.expiry_ms.min(expiry_ms);
    }

    /// Notes where the keys are tracked.
    pub(super) fn tracked_in(&mut self, channel: Arc<PollChannel>) {
        self.channel = Some(channel);
    }

    /// Notes that the client has been given a value in an answer.
    pub(super) fn given(&mut self, update: &Update) {
        if let Some(tracked) = self.keys.get_mut(&update.key) {
            (tracked.version, tracked.has_value) = (update.version, true);
        }
    }

    /// Tracks keys no longer.
    pub(super) fn untrack<'k>(&mut self, keys: impl Iterator<Item = &'k str>) {
        let known: Vec<_> = keys.filter_map(|key| self.keys.remove_entry(key)).map(|(key, _)| key).collect();
        self.leave(&known);
    }

    /// Lets go of the keys whose signatures expired long enough ago. Their client is not told: it knows.
    pub(super) fn expire(&mut self, now_ms: i64) {
        if self.expiry_ms > now_ms {
            return;
        }
        let expired = self.keys.iter().filter(|(_, tracked)| tracked.expiry_ms <= now_ms);
        let expired: Vec<_> = expired.map(|(key, _)| Arc::clone(key)).collect();
        expired.iter().for_each(|key| _ = self.keys.remove(key));
        self.expiry_ms = self.keys.values().map(|tracked| tracked.expiry_ms).min().unwrap_or(NEVER);
        self.leave(&expired);
    }

    fn leave(&self, keys: &[Arc<str>]) {
        if let Some(channel) = self.channel.as_ref().filter(|_| !keys.is_empty()) {
            self.outbox.forget(keys.iter().map(|key| &**key));
            channel.untrack(self.outbox.id, keys.iter().map(|key| &**key));
        }
    }

    /// Whether something waits to be written.
    pub(super) fn has_waiting(&self) -> bool {
        !self.unsent.is_empty() || self.outbox.has_waiting()
    }

    /// Writing is to be tried again at a time.
    pub(super) fn retry_at(&mut self, at_ms: i64) {
        self.retry_ms = at_ms;
    }

    /// Takes out what waits. False when the client has to subscribe anew.
    pub(super) fn take(&mut self) -> bool {
        self.retry_ms = NEVER;
        if self.unsent.is_empty() {
            let taken = self.outbox.take();
            self.unsent.extend(taken.updates);
            return !taken.is_void;
        }
        true
    }

    /// The next message for the client; `None` when there is none.
    ///
    /// # Errors
    /// Its encoding cannot carry the value.
    pub(super) fn next_message(&mut self, form: Form) -> Result<Option<Bytes>, EncodeError> {
        while let Some(update) = self.unsent.pop_front() {
            if update.is_removal {
                if self.keys.remove(&update.key).is_some() {
                    // Somebody else may track the key anew by now, and this client not.
                    self.leave(&[Arc::clone(&update.key)]);
                    return update.message(form, None).map(Some);
                }
                continue;
            }
            let Some(tracked) = self.keys.get_mut(&update.key) else { continue };
            if update.version <= tracked.version {
                continue;
            }
            let known = tracked.has_value.then_some(tracked.version);
            (tracked.version, tracked.has_value) = (update.version, true);
            return update.message(form, known).map(Some);
        }
        Ok(None)
    }

    /// Whether anything is left to be written of what has been taken out.
    pub(super) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// When something has to be done.
    pub(super) fn deadline_ms(&self) -> i64 {
        self.expiry_ms.min(self.retry_ms)
    }
}

impl Drop for Tracking {
    fn drop(&mut self) {
        if let Some(channel) = self.channel.take() {
            channel.untrack(self.outbox.id, self.keys.keys().map(|key| &**key));
        }
    }
}

impl std::fmt::Debug for Tracking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracking").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
