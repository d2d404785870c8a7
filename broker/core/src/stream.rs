//! The numbered part of a channel: its position, and the recent publications that are held in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::effects::HistoryPage;
use crate::input::Draft;
use crate::{ChannelOptions, Epoch, Publication, Version};

/// Where a returning subscriber, or a page of history, starts: after `offset`, in the log named `epoch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The last offset that the reader has.
    pub offset: u64,
    /// The log it counts in; empty matches any.
    pub epoch: String,
}

/// Which publications of a channel to return.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// At most this many; 0 asks for the position alone.
    pub limit: usize,
    /// Where to start; without it at the oldest (or, in reverse, the newest).
    pub since: Option<Since>,
    /// Newest first.
    pub reverse: bool,
}

/// What the in-memory part of a stream can say about a range of offsets.
pub(crate) enum Lookup {
    /// All of it.
    Found(Vec<Arc<Publication>>),
    /// The store has to be read: part of the range is older than what memory holds.
    InStore,
}

/// A contiguous run of offsets, `first..=last`; empty when `first > last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Range {
    pub(crate) fn contains(self, offset: u64) -> bool {
        (self.first..=self.last).contains(&offset)
    }
}

/// A channel's numbering and its newest publications.
///
/// Invariants: the ring is dense and ends at `top`; `top` never goes down and is never given twice within an epoch.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) epoch: Epoch,
    /// The newest released offset: the stable position.
    pub(crate) top: u64,
    /// The newest released message number.
    pub(crate) seq: u64,
    /// Events below this offset are gone: cleared, trimmed, or never there.
    pub(crate) first: u64,
    ring: VecDeque<Arc<Publication>>,
    ring_bytes: usize,
    /// The newest application version that was accepted, and the version's own epoch.
    pub(crate) version: Option<Version>,
}

/// How much of a durable channel's log stays in memory; older publications are read from the store.
const DURABLE_RING_MAX: usize = 256;
const DURABLE_RING_BYTES_MAX: usize = 1024 * 1024;

impl Stream {
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self::at(epoch, 0, 0, 1)
    }

    pub(crate) fn at(epoch: Epoch, top: u64, seq: u64, first: u64) -> Self {
        Self { epoch, top, seq, first: first.max(1), ring: VecDeque::new(), ring_bytes: 0, version: None }
    }

    /// Takes in the next publication, which must be numbered `top + 1`.
    pub(crate) fn push(&mut self, publication: Arc<Publication>, options: &ChannelOptions) {
        debug_assert_eq!(publication.offset, self.top + 1, "offsets are dense");
        self.top = publication.offset;
        self.seq = publication.seq;
        self.ring_bytes += publication.data.len();
        self.ring.push_back(publication);
        self.first = self.first.max(self.oldest_allowed(options));
        let (count_max, bytes_max) = match options.durable {
            true => (options.history_size.min(DURABLE_RING_MAX), DURABLE_RING_BYTES_MAX),
            false => (options.history_size, usize::MAX),
        };
        while self.ring.len() > count_max || (self.ring_bytes > bytes_max && self.ring.len() > 1) {
            self.drop_oldest();
        }
    }

    /// The oldest offset that history may keep, by its size.
    pub(crate) fn oldest_allowed(&self, options: &ChannelOptions) -> u64 {
        (self.top + 1).saturating_sub(options.history_size as u64)
    }

    /// Forgets what is older than history allows.
    pub(crate) fn expire(&mut self, now: i64, options: &ChannelOptions) {
        while self.ring.front().is_some_and(|oldest| oldest.is_expired(now, options.history_ttl_ms)) {
            self.drop_oldest();
            self.first = self.first.max(self.oldest_held());
        }
    }

    /// Forgets all publications and keeps the position.
    pub(crate) fn clear(&mut self) {
        self.ring = VecDeque::new();
        self.ring_bytes = 0;
        self.first = self.top + 1;
    }

    /// Marks that events below `first` have gone from the store, or may be forgotten there.
    pub(crate) fn forget_below(&mut self, first: u64) {
        self.first = self.first.max(first.min(self.top + 1));
    }

    /// Forgets what is below `first`, in memory too.
    pub(crate) fn remove_below(&mut self, first: u64) {
        while self.ring.front().is_some_and(|oldest| oldest.offset < first) {
            self.drop_oldest();
        }
        self.forget_below(first);
    }

    /// Offset of the oldest publication in memory; the next one to be given when there is none.
    pub(crate) fn oldest_held(&self) -> u64 {
        self.ring.front().map_or(self.top + 1, |oldest| oldest.offset)
    }

    pub(crate) fn newest(&self) -> Option<&Arc<Publication>> {
        self.ring.back()
    }

    pub(crate) fn holds_nothing(&self) -> bool {
        self.ring.is_empty()
    }

    /// How many publications are in memory.
    pub(crate) fn held(&self) -> usize {
        self.ring.len()
    }

    /// Whether `epoch` (empty: any) names this stream.
    pub(crate) fn is_epoch(&self, epoch: &str) -> bool {
        epoch.is_empty() || epoch == self.epoch.as_str()
    }

    /// The offsets that a reader at `since` has missed, or `None` when they cannot all be had: another epoch, an
    /// offset that was never given, more than `limit`, or publications that are gone.
    pub(crate) fn missed(&self, since: &Since, limit: usize) -> Option<Range> {
        if !self.is_epoch(&since.epoch) || since.offset > self.top {
            return None;
        }
        let range = Range { first: since.offset + 1, last: self.top };
        let complete = since.offset == self.top || range.first >= self.first;
        let short = self.top - since.offset <= limit as u64;
        (complete && short).then_some(range)
    }

    /// The offsets that a history query asks for, whichever way it walks.
    pub(crate) fn page(&self, query: &HistoryQuery) -> Range {
        let limit = query.limit as u64;
        if query.reverse {
            let last = query.since.as_ref().map_or(self.top, |since| since.offset.saturating_sub(1).min(self.top));
            return Range { first: self.first.max((last + 1).saturating_sub(limit)), last };
        }
        let first = query.since.as_ref().map_or(self.first, |since| self.first.max(since.offset.saturating_add(1)));
        Range { first, last: self.top.min(first.saturating_add(limit).saturating_sub(1)) }
    }

    /// A page of history, as of the time when the stream ended at `top`.
    pub(crate) fn history_page(&self, mut publications: Vec<Arc<Publication>>, reverse: bool, top: u64) -> HistoryPage {
        if reverse {
            publications.reverse();
        }
        HistoryPage { publications, offset: top, epoch: self.epoch.clone() }
    }

    /// The publications of a range, oldest first, if memory has all of them.
    pub(crate) fn lookup(&self, range: Range) -> Lookup {
        if range.first > range.last {
            return Lookup::Found(Vec::new());
        }
        match self.ring.front().map(|oldest| oldest.offset) {
            Some(oldest) if oldest <= range.first => {
                let start = (range.first - oldest) as usize;
                let end = ((range.last + 1).saturating_sub(oldest) as usize).min(self.ring.len());
                Lookup::Found(self.ring.range(start.min(end)..end).cloned().collect())
            }
            _ => Lookup::InStore,
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.ring.pop_front() {
            self.ring_bytes -= oldest.data.len();
        }
    }
}

/// Whether the application has published this version of a draft, or a newer one, before.
pub(crate) fn is_old_version(known: Option<&Version>, draft: &Draft) -> bool {
    let (Some((newest, newest_epoch)), Some((version, epoch))) = (known, &draft.version) else { return false };
    version <= newest && (epoch.is_empty() || epoch == newest_epoch)
}

#[cfg(test)]
mod tests;
