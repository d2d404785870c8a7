//! The check on every delivery: per stream, numbers come dense and increasing.
//!
//! A number above the expected one leaves the skipped numbers missing; a missing one that comes later was reordered, any
//! other number below the expected one is a duplicate. What is still missing when everything was published is lost, unless
//! the server had refused or never answered it.

use std::collections::{BTreeSet, HashSet};
use std::ops::{AddAssign, Range};

use serde::Serialize;

use crate::client::marker::Marker;

/// Missing numbers that are remembered per stream and subscriber; beyond them a gap counts as lost at once.
const MISSING_MAX: usize = 4096;

/// Everything that was wrong with the deliveries of one or more subscribers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// Published, acknowledged and never delivered.
    pub lost: u64,
    /// Delivered more than once.
    pub duplicated: u64,
    /// Delivered after a later number.
    pub reordered: u64,
    /// Delivered to a subscriber of another channel.
    pub misdelivered: u64,
    /// Delivered although the server had refused the publish.
    pub refused_but_delivered: u64,
}

impl Faults {
    /// Whether anything was wrong.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.misdelivered += other.misdelivered;
        self.refused_but_delivered += other.refused_but_delivered;
    }
}

/// What became of the numbers of one stream, as its publisher knows it.
#[derive(Debug, Clone, Default)]
pub struct Published {
    /// Numbers given out: 0 up to here.
    pub count: u64,
    /// Answered with an error: must not be delivered.
    pub refused: HashSet<u64>,
    /// Never answered: may be delivered or not.
    pub unanswered: HashSet<u64>,
}

/// The expectations of one subscriber.
#[derive(Debug)]
pub struct Checker {
    first: u32,
    streams: Box<[Stream]>,
    faults: Faults,
}

#[derive(Debug, Default)]
struct Stream {
    next: u64,
    missing: BTreeSet<u64>,
}

impl Checker {
    /// A subscriber that expects each stream of the range from number 0.
    #[must_use]
    pub fn new(streams: Range<u32>) -> Self {
        let count = streams.end.saturating_sub(streams.start);
        Self {
            first: streams.start,
            streams: (0..count).map(|_| Stream::default()).collect(),
            faults: Faults::default(),
        }
    }

    /// Takes one delivery.
    #[inline]
    pub fn accept(&mut self, marker: Marker) {
        let index = marker.stream.wrapping_sub(self.first) as usize;
        let Some(stream) = self.streams.get_mut(index) else {
            self.faults.misdelivered += 1;
            return;
        };
        if marker.sequence == stream.next {
            stream.next += 1;
        } else {
            stream.accept_out_of_order(marker.sequence, &mut self.faults);
        }
    }

    /// Judges the subscriber against what was published; `published` is indexed by stream.
    #[must_use]
    pub fn finish(&self, published: &[Published]) -> Faults {
        let mut faults = self.faults;
        for (stream, published) in self.streams.iter().zip(&published[self.first as usize..]) {
            let excused = |number: &u64| published.refused.contains(number) || published.unanswered.contains(number);
            let never_came = (stream.next..published.count).chain(stream.missing.iter().copied());
            faults.lost += never_came.filter(|number| !excused(number)).count() as u64;
            faults.refused_but_delivered +=
                published.refused.iter().filter(|number| stream.delivered(**number)).count() as u64;
        }
        faults
    }
}

impl Stream {
    #[cold]
    fn accept_out_of_order(&mut self, sequence: u64, faults: &mut Faults) {
        let missing = &mut self.missing;
        if sequence < self.next {
            if missing.remove(&sequence) {
                faults.reordered += 1;
            } else {
                faults.duplicated += 1;
            }
            return;
        }
        for skipped in self.next..sequence {
            if missing.len() == MISSING_MAX {
                faults.lost += sequence - skipped;
                break;
            }
            missing.insert(skipped);
        }
        self.next = sequence + 1;
    }

    fn delivered(&self, sequence: u64) -> bool {
        sequence < self.next && !self.missing.contains(&sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sequences: &[u64], published: Published) -> Faults {
        let mut checker = Checker::new(5..6);
        for &sequence in sequences {
            checker.accept(Marker { run: 0, stream: 5, sequence, sent_ns: 0 });
        }
        let mut streams = vec![Published::default(); 5];
        streams.push(published);
        checker.finish(&streams)
    }

    fn published(count: u64) -> Published {
        Published { count, ..Published::default() }
    }

    #[test]
    fn a_dense_run_is_clean() {
        assert!(!check(&[0, 1, 2, 3], published(4)).any());
    }

    #[test]
    fn each_fault_is_told_apart() {
        assert_eq!(check(&[0, 2, 3], published(5)), Faults { lost: 2, ..Faults::default() });
        assert_eq!(check(&[0, 1, 1, 2], published(3)), Faults { duplicated: 1, ..Faults::default() });
        assert_eq!(check(&[0, 2, 1, 3], published(4)), Faults { reordered: 1, ..Faults::default() });
        let mut checker = Checker::new(5..6);
        checker.accept(Marker { run: 0, stream: 4, sequence: 0, sent_ns: 0 });
        assert_eq!(checker.faults.misdelivered, 1);
    }

    #[test]
    fn one_drop_in_a_hundred_thousand_is_seen() {
        let sequences: Vec<u64> = (0..100_000).filter(|number| *number != 54_321).collect();
        assert_eq!(check(&sequences, published(100_000)).lost, 1);
    }

    #[test]
    fn a_large_gap_is_counted_without_growing() {
        assert_eq!(check(&[0, 1_000_000], published(1_000_001)).lost, 999_999);
    }

    #[test]
    fn refused_and_unanswered_numbers_may_be_absent() {
        let mut answered = published(4);
        answered.refused.insert(1);
        answered.unanswered.insert(2);
        assert!(!check(&[0, 3], answered.clone()).any());
        assert_eq!(check(&[0, 1, 2, 3], answered), Faults { refused_but_delivered: 1, ..Faults::default() });
    }
}
