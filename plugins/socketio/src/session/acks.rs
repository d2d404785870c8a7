//! Acknowledgements that a socket's client owes.

use std::collections::BTreeMap;

use natter_node::realtime::Args;
use tokio::sync::oneshot;

/// Acknowledgements that can be open at a time.
const OPEN_MAX: usize = 1_024;

/// The open acknowledgements of one socket, numbered from 1.
#[derive(Default)]
pub(super) struct Acks {
    last_id: u64,
    open: BTreeMap<u64, oneshot::Sender<Args>>,
}

impl Acks {
    /// Opens one; `None` when too many are.
    pub(super) fn add(&mut self, waiter: oneshot::Sender<Args>) -> Option<u64> {
        if self.open.len() >= OPEN_MAX {
            // Those whose time is over are nobody's any more.
            self.open.retain(|_, waiter| !waiter.is_closed());
        }
        if self.open.len() >= OPEN_MAX {
            return None;
        }
        self.last_id += 1;
        self.open.insert(self.last_id, waiter);
        Some(self.last_id)
    }

    /// The client has answered.
    pub(super) fn answer(&mut self, id: u64, args: Args) {
        if let Some(waiter) = self.open.remove(&id) {
            // Whoever waited may have given up.
            let _ = waiter.send(args);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reaches_its_waiter_once() {
        let mut acks = Acks::default();
        let (first, mut answer) = oneshot::channel();
        assert_eq!(acks.add(first), Some(1));
        acks.answer(2, Args::one("other"));
        acks.answer(1, Args::one("own"));
        acks.answer(1, Args::one("again"));
        assert_eq!(answer.try_recv(), Ok(Args::one("own")));
    }

    #[test]
    fn open_ones_are_bounded_and_those_that_nobody_waits_for_give_way() {
        let mut acks = Acks::default();
        let waiting: Vec<_> = (0..OPEN_MAX)
            .map(|_| {
                let (waiter, answer) = oneshot::channel();
                assert!(acks.add(waiter).is_some());
                answer
            })
            .collect();
        assert_eq!(acks.add(oneshot::channel().0), None);
        drop(waiting);
        assert_eq!(acks.add(oneshot::channel().0), Some(OPEN_MAX as u64 + 1));
    }
}
