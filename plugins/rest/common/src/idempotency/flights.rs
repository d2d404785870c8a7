//! The keys that this process is at work for, and those who wait for them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::Digest;
use super::row::Answer;

/// Where the answer of a key at work will be; closed without one when the work could not begin.
pub(super) type Landing = watch::Receiver<Option<Arc<Answer>>>;

struct Flying {
    /// The digest of the first request's body, where it is known beforehand.
    body: Option<Digest>,
    landing: Landing,
}

/// All keys at work.
pub(super) struct Flights {
    max: usize,
    flying: Mutex<HashMap<Digest, Flying>>,
}

/// What somebody who comes with a key is to do.
pub(super) enum Boarding {
    /// Does the work.
    First(Flight),
    /// Waits.
    Second(Landing),
    /// Came with another body than the first.
    Mismatch,
    /// Too many keys are at work.
    Full,
}

impl Flights {
    pub(super) fn new(max: usize) -> Self {
        Self { max, flying: Mutex::default() }
    }

    /// How many keys are at work.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.flying.lock().len()
    }

    pub(super) fn board(self: &Arc<Self>, key: Digest, body: Option<Digest>) -> Boarding {
        let mut flying = self.flying.lock();
        let count = flying.len();
        match flying.entry(key) {
            Entry::Occupied(entry) => match (entry.get().body, body) {
                (Some(first), Some(own)) if first != own => Boarding::Mismatch,
                _ => Boarding::Second(entry.get().landing.clone()),
            },
            Entry::Vacant(_) if count >= self.max => Boarding::Full,
            Entry::Vacant(entry) => {
                let (sender, landing) = watch::channel(None);
                entry.insert(Flying { body, landing });
                Boarding::First(Flight { flights: Arc::clone(self), key, sender })
            }
        }
    }
}

/// The right to do a key's work; others may have it when this is dropped.
pub(super) struct Flight {
    flights: Arc<Flights>,
    key: Digest,
    sender: watch::Sender<Option<Arc<Answer>>>,
}

impl Flight {
    /// The key.
    pub(super) fn key(&self) -> Digest {
        self.key
    }

    /// Where this flight's answer will be.
    pub(super) fn landing(&self) -> Landing {
        self.sender.subscribe()
    }

    /// Tells the answer to all who wait.
    pub(super) fn land(self, answer: Arc<Answer>) {
        self.sender.send_replace(Some(answer));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.flying.lock().remove(&self.key);
    }
}

/// Waits for an answer; `None` when there will be none.
pub(super) async fn landed(mut landing: Landing) -> Option<Arc<Answer>> {
    landing.wait_for(Option::is_some).await.ok()?.clone()
}
