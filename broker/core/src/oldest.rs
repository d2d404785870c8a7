//! Finding the oldest event of a durable log that has not expired.
//!
//! Events that memory holds tell by themselves when they expire; of older ones only the store knows the time. Times
//! never decrease along a log, so that bisecting it finds the border with few reads of one event.

/// A search under way: everything below `low` has expired, `high` has not (or is the end of the log).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    low: u64,
    high: u64,
    has_begun: bool,
}

impl Search {
    /// Searches `low..=high`; what is beyond `high` is known not to have expired.
    pub(crate) fn between(low: u64, high: u64) -> Self {
        Self { low: low.min(high), high, has_begun: false }
    }

    /// The offset to look at next; `None` when the border is found. The lowest one comes first, as mostly nothing
    /// has expired.
    pub(crate) fn probe(&self) -> Option<u64> {
        let middle = self.low + (self.high - self.low) / 2;
        (self.low < self.high).then_some(if self.has_begun { middle } else { self.low })
    }

    /// Takes in whether the event at `probe` is still there.
    pub(crate) fn learn(&mut self, probe: u64, is_live: bool) {
        self.has_begun = true;
        match is_live {
            true => self.high = probe.max(self.low),
            false => self.low = (probe + 1).min(self.high),
        }
    }

    /// The lowest offset that is not known to have expired.
    pub(crate) fn low(&self) -> u64 {
        self.low
    }
}

#[cfg(test)]
mod tests {
    use super::Search;

    fn border(low: u64, high: u64, first_live: u64) -> (u64, usize) {
        let mut search = Search::between(low, high);
        let mut reads = 0;
        while let Some(probe) = search.probe() {
            search.learn(probe, probe >= first_live);
            reads += 1;
        }
        (search.low(), reads)
    }

    #[test]
    fn every_border_is_found() {
        for first_live in 10..=40 {
            assert_eq!(border(10, 40, first_live).0, first_live);
        }
    }

    #[test]
    fn one_read_tells_that_nothing_has_expired() {
        assert_eq!(border(1, 1_000_000, 1), (1, 1));
    }

    #[test]
    fn a_long_log_takes_few_reads() {
        assert!(border(1, 1_000_000, 654_321).1 <= 21);
    }

    #[test]
    fn an_empty_range_is_its_own_border() {
        assert_eq!(border(7, 7, 0), (7, 0));
        assert_eq!(border(9, 7, 0), (7, 0));
    }
}
