//! Events that must count once, however often a client sends them.
//!
//! A client that was asked to retry sends the same event again, with nothing to tell it by but what the application has
//! put into it. A handler that wants to count such an event once runs it under a key of the application's own.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::args::Args;
use super::socket::Socket;

type Key = (String, Arc<str>, String);

/// Remembers the acknowledgements of the latest events. Cheap to clone.
#[derive(Clone)]
pub struct Once(Arc<Inner>);

struct Inner {
    max: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_key: HashMap<Key, Arc<OnceCell<Args>>>,
    oldest_first: VecDeque<Key>,
}

impl Once {
    /// Remembers so many events, over all users.
    pub fn new(max: usize) -> Self {
        Self(Arc::new(Inner { max: max.max(1), known: Mutex::default() }))
    }

    /// Runs `work`, unless this user's event with this key has been handled already: then its acknowledgement is given
    /// again. While it is being handled, a repeat waits for it. Work that is given up half-way leaves no trace.
    pub async fn run(&self, socket: &Socket, key: &str, work: impl Future<Output = Args>) -> Args {
        let key = (socket.tenant().id().to_string(), Arc::clone(socket.user()), key.to_owned());
        self.run_keyed(key, work).await
    }

    async fn run_keyed(&self, key: Key, work: impl Future<Output = Args>) -> Args {
        let cell = self.cell(key);
        cell.get_or_init(|| work).await.clone()
    }

    fn cell(&self, key: Key) -> Arc<OnceCell<Args>> {
        let mut known = self.0.known.lock();
        if let Some(cell) = known.by_key.get(&key) {
            return Arc::clone(cell);
        }
        if known.oldest_first.len() >= self.0.max
            && let Some(oldest) = known.oldest_first.pop_front()
        {
            known.by_key.remove(&oldest);
        }
        known.oldest_first.push_back(key.clone());
        Arc::clone(known.by_key.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        ("tenant".to_owned(), "user".into(), name.to_owned())
    }

    #[tokio::test]
    async fn a_repeat_gets_the_first_answer() {
        let once = Once::new(2);
        assert_eq!(once.run_keyed(key("a"), async { Args::one(&1) }).await, Args::one(&1));
        assert_eq!(once.run_keyed(key("a"), async { Args::one(&2) }).await, Args::one(&1));
        assert_eq!(once.run_keyed(key("b"), async { Args::one(&3) }).await, Args::one(&3));
    }

    #[tokio::test]
    async fn the_oldest_is_forgotten() {
        let once = Once::new(1);
        once.run_keyed(key("a"), async { Args::one(&1) }).await;
        once.run_keyed(key("b"), async { Args::one(&2) }).await;
        assert_eq!(once.run_keyed(key("a"), async { Args::one(&3) }).await, Args::one(&3));
    }
}
