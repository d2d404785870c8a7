//! Publishes that wait for their answer, by command id. Ids are given in order and answered in any order.

use std::collections::VecDeque;

/// One publish without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its stream.
    pub stream: u32,
    /// Its number in the stream.
    pub sequence: u64,
    /// Its send time in the run clock's nanoseconds.
    pub sent_ns: u64,
}

/// The window of one publisher.
#[derive(Debug)]
pub struct Outstanding {
    first_id: u32,
    slots: VecDeque<Option<Sent>>,
    waiting: usize,
}

impl Outstanding {
    /// An empty window whose first id is `first_id`.
    #[must_use]
    pub fn new(first_id: u32) -> Self {
        Self { first_id, slots: VecDeque::new(), waiting: 0 }
    }

    /// How many wait for an answer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether every publish was answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Adds a publish and gives its command id.
    pub fn push(&mut self, sent: Sent) -> u32 {
        let id = self.first_id + self.slots.len() as u32;
        self.slots.push_back(Some(sent));
        self.waiting += 1;
        id
    }

    /// Takes the publish that `id` answers; `None` for an id that is unknown or was answered before.
    pub fn take(&mut self, id: u32) -> Option<Sent> {
        let index = id.checked_sub(self.first_id)? as usize;
        let sent = self.slots.get_mut(index)?.take()?;
        self.waiting -= 1;
        while let Some(None) = self.slots.front() {
            self.slots.pop_front();
            self.first_id += 1;
        }
        Some(sent)
    }

    /// Takes everything that was never answered.
    pub fn take_all(&mut self) -> Vec<Sent> {
        self.first_id += self.slots.len() as u32;
        self.waiting = 0;
        self.slots.drain(..).flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(sequence: u64) -> Sent {
        Sent { stream: 0, sequence, sent_ns: 0 }
    }

    #[test]
    fn answers_in_any_order_find_their_publish() {
        let mut window = Outstanding::new(2);
        let ids: Vec<u32> = (0..4).map(|sequence| window.push(sent(sequence))).collect();
        assert_eq!(ids, [2, 3, 4, 5]);
        assert_eq!(window.take(4), Some(sent(2)));
        assert_eq!(window.take(4), None);
        assert_eq!(window.take(2), Some(sent(0)));
        assert_eq!(window.take(1), None);
        assert_eq!(window.push(sent(4)), 6);
        assert_eq!(window.len(), 3);
        assert_eq!(window.take_all(), [sent(1), sent(3), sent(4)]);
        assert!(window.is_empty());
        assert_eq!(window.push(sent(5)), 7);
    }
}
