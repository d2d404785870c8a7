//! The entries of one channel, in the orders in which they are looked for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::KeyedOptions;
use super::page::weight;
use crate::{Epoch, Publication};

/// Keys, payloads and labels of one channel together, in bytes.
const BYTES_MAX: usize = 256 * 1024 * 1024;
/// An expiry that never comes.
const NEVER: i64 = i64::MAX;

/// A key's value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) publication: Arc<Publication>,
    /// The application's newest version, and the version's own epoch.
    pub(super) version: Option<(u64, Arc<str>)>,
    /// When it expires, in milliseconds; while it is held, never.
    expires_ms: i64,
    /// How many are present under it.
    pub(super) holders: u32,
}

impl Entry {
    fn bytes(&self) -> usize {
        weight(&self.publication)
    }

    fn score(&self) -> i64 {
        self.publication.keyed.as_ref().map_or(0, |keyed| keyed.score)
    }
}

/// All entries of a channel.
#[derive(Debug)]
pub(crate) struct KeyedState {
    /// The life of the state, where no stream says it.
    pub(super) epoch: Epoch,
    pub(super) entries: BTreeMap<Arc<str>, Entry>,
    /// By score, in an ordered channel.
    pub(super) by_score: BTreeSet<(i64, Arc<str>)>,
    by_expiry: BTreeSet<(i64, Arc<str>)>,
    bytes: usize,
    /// The number of the newest change.
    pub(super) change: u64,
    recent: Recent,
}

/// The newest changes of a channel without a stream, while somebody reads its state.
#[derive(Debug, Default)]
struct Recent {
    changes: VecDeque<Arc<Publication>>,
    /// The last change that is not kept.
    before: u64,
    until_ms: i64,
}

impl KeyedState {
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            entries: BTreeMap::new(),
            by_score: BTreeSet::new(),
            by_expiry: BTreeSet::new(),
            bytes: 0,
            change: 0,
            recent: Recent::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is room for a value of a key.
    pub(super) fn has_room(&self, key: &str, bytes: usize, options: &KeyedOptions) -> bool {
        let old = self.entries.get(key);
        let kept = self.bytes - old.map_or(0, Entry::bytes);
        (old.is_some() || self.entries.len() < options.keys_max) && kept + bytes <= BYTES_MAX
    }

    /// Sets a key; a value without a version keeps the one before it, and nobody loses hold of it.
    pub(super) fn set(
        &mut self,
        key: &Arc<str>,
        publication: Arc<Publication>,
        version: Option<(u64, Arc<str>)>,
        now: i64,
        options: &KeyedOptions,
    ) {
        let old = self.take(key);
        let (old_version, holders) = old.map_or((None, 0), |old| (old.version, old.holders));
        let entry = Entry { publication, version: version.or(old_version), expires_ms: NEVER, holders };
        self.bytes += entry.bytes();
        if options.ordered {
            self.by_score.insert((entry.score(), Arc::clone(key)));
        }
        self.entries.insert(Arc::clone(key), entry);
        self.refresh(key, now, options);
    }

    /// Takes a key out.
    pub(super) fn take(&mut self, key: &Arc<str>) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.bytes -= entry.bytes();
        self.by_score.remove(&(entry.score(), Arc::clone(key)));
        self.by_expiry.remove(&(entry.expires_ms, Arc::clone(key)));
        Some(entry)
    }

    /// Lets a key live on from now.
    pub(super) fn refresh(&mut self, key: &Arc<str>, now: i64, options: &KeyedOptions) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        let is_held = entry.holders > 0;
        let expires_ms = match options.key_ttl_ms {
            ttl_ms if ttl_ms > 0 && !is_held => now.saturating_add(ttl_ms),
            _ => NEVER,
        };
        if entry.expires_ms != NEVER {
            self.by_expiry.remove(&(entry.expires_ms, Arc::clone(key)));
        }
        entry.expires_ms = expires_ms;
        if expires_ms != NEVER {
            self.by_expiry.insert((expires_ms, Arc::clone(key)));
        }
    }

    /// A key that has expired.
    pub(super) fn expired(&self, now: i64) -> Option<Arc<str>> {
        self.by_expiry.first().filter(|(expires_ms, _)| *expires_ms <= now).map(|(_, key)| Arc::clone(key))
    }

    /// From now on changes are kept for a while, for a reader that has begun.
    pub(super) fn keep_recent(&mut self, now: i64, options: &KeyedOptions) {
        if self.recent.until_ms < now {
            self.recent = Recent { changes: VecDeque::new(), before: self.change, until_ms: 0 };
        }
        // A reader's last request may come at the end of its time.
        self.recent.until_ms = now.saturating_add(options.catch_up_ms).saturating_add(1_000);
    }

    /// Keeps a change for those who read the state, if there are any.
    pub(super) fn note_recent(&mut self, change: &Arc<Publication>, now: i64, options: &KeyedOptions) {
        if self.recent.until_ms < now {
            return;
        }
        self.recent.changes.push_back(Arc::clone(change));
        if self.recent.changes.len() > options.live_limit
            && let Some(oldest) = self.recent.changes.pop_front()
        {
            self.recent.before = oldest.seq;
        }
    }

    /// Lets go of changes that nobody can want any more.
    pub(super) fn forget_recent(&mut self, now: i64) {
        if self.recent.until_ms < now && !self.recent.changes.is_empty() {
            self.recent = Recent::default();
        }
    }

    /// The changes behind one, if they are all kept.
    pub(super) fn recent_since(&self, change: u64, now: i64) -> Option<Vec<Arc<Publication>>> {
        if change == self.change {
            return Some(Vec::new());
        }
        let is_kept = self.recent.until_ms >= now && change >= self.recent.before && change < self.change;
        let behind = self.recent.changes.iter().filter(|publication| publication.seq > change);
        is_kept.then(|| behind.cloned().collect())
    }
}
