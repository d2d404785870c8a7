//! What waits for one subscriber of a shared poll channel: of each key the latest change only.
//!
//! Whoever polls puts changes in and wakes the sessions; a session takes them out on its own lane. So a client that reads
//! slowly gets fewer, newer values, and what waits is bounded by the keys that it tracks.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use natter_node::session::SessionWaker;
use parking_lot::Mutex;

use super::update::Update;

/// The waiting changes of one subscription.
pub(crate) struct Outbox {
    /// Tells it from all others of the process.
    pub(crate) id: u64,
    /// Who is to look; `None` for one that looks by itself.
    waker: Option<SessionWaker>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    updates: HashMap<Arc<str>, Arc<Update>>,
    /// The session is going to look.
    is_woken: bool,
    /// What the client knows is void: it has to subscribe anew.
    is_void: bool,
}

/// What a session takes out.
pub(crate) struct Taken {
    pub(crate) updates: Vec<Arc<Update>>,
    pub(crate) is_void: bool,
}

impl Outbox {
    pub(crate) fn new(waker: Option<SessionWaker>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { id, waker, waiting: Mutex::default() })
    }

    /// Puts a change in. True when its session has to be woken.
    pub(crate) fn put(&self, update: &Arc<Update>) -> bool {
        let mut waiting = self.waiting.lock();
        let is_wanted = waiting.updates.get(&update.key).is_none_or(|other| update.supersedes(other));
        if waiting.is_void || !is_wanted {
            return false;
        }
        waiting.updates.insert(Arc::clone(&update.key), Arc::clone(update));
        !std::mem::replace(&mut waiting.is_woken, true)
    }

    /// Has the subscription end. True when its session has to be woken.
    pub(crate) fn make_void(&self) -> bool {
        let mut waiting = self.waiting.lock();
        *waiting = Waiting { is_void: true, is_woken: waiting.is_woken, ..Waiting::default() };
        !std::mem::replace(&mut waiting.is_woken, true)
    }

    /// Takes everything out; from here on the session is woken for what comes.
    pub(crate) fn take(&self) -> Taken {
        let mut waiting = self.waiting.lock();
        waiting.is_woken = false;
        let updates = std::mem::take(&mut waiting.updates).into_values().collect();
        Taken { updates, is_void: waiting.is_void }
    }

    /// Drops the removals of keys whose tracking begins anew. Values that wait are still wanted if they are newer than
    /// what the client says that it has.
    pub(crate) fn forget_removals<'k>(&self, keys: impl Iterator<Item = &'k str>) {
        let mut waiting = self.waiting.lock();
        if waiting.updates.is_empty() {
            return;
        }
        for key in keys {
            if waiting.updates.get(key).is_some_and(|update| update.is_removal) {
                waiting.updates.remove(key);
            }
        }
    }

    /// Drops what waits for keys that are tracked no longer.
    pub(crate) fn forget<'k>(&self, keys: impl Iterator<Item = &'k str>) {
        let mut waiting = self.waiting.lock();
        if !waiting.updates.is_empty() {
            keys.for_each(|key| _ = waiting.updates.remove(key));
        }
    }

    /// Whether there is something to take.
    pub(crate) fn has_waiting(&self) -> bool {
        let waiting = self.waiting.lock();
        waiting.is_void || !waiting.updates.is_empty()
    }

    /// Has the session look once more, after others have had their turn.
    pub(crate) fn look_again(&self) {
        let is_to_wake = !std::mem::replace(&mut self.waiting.lock().is_woken, true);
        if let Some(waker) = self.waker.as_ref().filter(|_| is_to_wake) {
            waker.wake();
        }
    }

    /// Wakes the sessions of all of them.
    pub(super) fn wake_all(outboxes: &[Arc<Self>]) {
        SessionWaker::wake_all(outboxes.iter().filter_map(|outbox| outbox.waker.as_ref()));
    }
}
