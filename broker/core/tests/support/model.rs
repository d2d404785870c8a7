//! A channel as it ought to be: plain lists, searched from end to end.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use natter_core::{
    ChannelHandle, ChannelOptions, ClientInfo, Draft, Epoch, HistoryQuery, Publication, Published, Recovery,
    RecoveryMode, Refusal, Since, Subscriber,
};

use super::fake_store::Log;

/// How long a key answers repeats.
const KEY_MS: i64 = 300_000;

/// A subscriber that has been answered.
#[derive(Clone, Debug)]
pub struct Member {
    pub subscriber: Subscriber,
    pub handle: ChannelHandle,
    pub position: u64,
}

#[derive(Debug, Default)]
pub struct Model {
    pub options: ChannelOptions,
    pub exists: bool,
    pub last_used: i64,
    pub epoch: Option<Epoch>,
    pub former_epochs: Vec<Epoch>,
    /// Everything released in this epoch; the offset is the index + 1.
    pub log: Vec<Publication>,
    /// What is below is gone.
    pub first: u64,
    pub keys: Vec<(Arc<str>, u64, i64)>,
    pub version: Option<(u64, Arc<str>)>,
    pub members: Vec<Member>,
    /// Subscribers whose subscription has ended by itself.
    pub invalidated: Vec<Member>,
    pub present: BTreeMap<Arc<str>, Arc<ClientInfo>>,
    /// What subscribers must still be handed, in order.
    pub due: VecDeque<Publication>,
    /// Whether the last publication that was handed out was none of the log's.
    pub is_chain_broken: bool,
}

impl Model {
    pub fn new(options: ChannelOptions) -> Self {
        Self { options, first: 1, ..Self::default() }
    }

    pub fn top(&self) -> u64 {
        self.log.len() as u64
    }

    pub fn expire(&mut self, now: i64) {
        let ttl_ms = self.options.history_ttl_ms;
        let expired =
            self.log.iter().filter(|publication| publication.time_ms.saturating_add(ttl_ms) <= now).count() as u64;
        self.first = self.first.max(expired + 1);
        self.keys.retain(|(_, _, expiry)| *expiry > now);
    }

    /// What a publish is answered when no store is asked; `None` when it is new.
    pub fn repeated(&mut self, draft: &Draft, now: i64) -> Option<Published> {
        self.keys.retain(|(_, _, expiry)| *expiry > now);
        let by_key = self.keys.iter().find(|(key, _, _)| Some(key) == draft.idempotency_key.as_ref());
        let offset = match by_key {
            Some((_, offset, _)) => *offset,
            None if self.has_version(draft) => self.top(),
            None => return None,
        };
        let has_position = offset > 0 || by_key.is_none();
        let epoch = self.epoch.clone().filter(|_| has_position);
        Some(Published { offset, seq: 0, time_ms: 0, epoch, suppressed: true })
    }

    pub fn has_version(&self, draft: &Draft) -> bool {
        match (&self.version, &draft.version) {
            (Some((newest, in_epoch)), Some((version, epoch))) => {
                version <= newest && (epoch.is_empty() || epoch == in_epoch)
            }
            _ => false,
        }
    }

    /// A publication is visible from now on.
    pub fn release(&mut self, publication: Publication, draft: &Draft, now: i64) {
        if let Some(key) = &draft.idempotency_key {
            self.keys.push((Arc::clone(key), publication.offset, now + KEY_MS));
        }
        if publication.offset > 0 {
            assert_eq!(publication.offset, self.top() + 1, "offsets are dense");
            self.log.push(publication.clone());
            self.first = self.first.max((self.top() + 1).saturating_sub(self.options.history_size as u64));
            if draft.version.is_some() {
                self.version.clone_from(&draft.version);
            }
        }
        if self.members.is_empty() {
            // Whoever comes now begins a chain of deltas of its own.
            self.is_chain_broken = false;
        } else {
            self.due.push_back(publication);
        }
    }

    /// What a subscriber that comes back from `since` must be answered.
    pub fn recover(&mut self, since: &Since, now: i64) -> Recovery {
        self.expire(now);
        let failed = Recovery { recovered: false, publications: Vec::new() };
        let is_epoch =
            |any| (any && since.epoch.is_empty()) || self.epoch.as_ref().map(Epoch::as_str) == Some(&since.epoch);
        let from = match self.options.recovery_mode {
            RecoveryMode::Cache if self.first > self.top() => return failed,
            RecoveryMode::Cache if since.offset == self.top() && is_epoch(false) => self.top() + 1,
            RecoveryMode::Cache => self.top(),
            RecoveryMode::Stream => {
                let is_short =
                    self.top().checked_sub(since.offset).is_some_and(|n| n <= self.options.recovery_limit as u64);
                if !is_epoch(true) || !is_short || (since.offset < self.top() && since.offset + 1 < self.first) {
                    return failed;
                }
                since.offset + 1
            }
        };
        Recovery { recovered: true, publications: self.range(from, self.top()) }
    }

    /// The page that a query must be answered, in a log that ended at `top`.
    pub fn page(&mut self, query: &HistoryQuery, top: u64, now: i64) -> Result<Vec<Arc<Publication>>, Refusal> {
        self.expire(now);
        if let Some(since) = &query.since {
            if !since.epoch.is_empty() && self.epoch.as_ref().map(Epoch::as_str) != Some(&since.epoch) {
                return Err(Refusal::UnrecoverablePosition);
            }
            if query.reverse && since.offset == 0 {
                return Err(Refusal::BadRequest);
            }
        }
        let since = query.since.as_ref().map(|since| since.offset);
        Ok(match query.reverse {
            false => {
                let from = self.first.max(since.map_or(0, |since| since.saturating_add(1)));
                self.range(from, top).into_iter().take(query.limit).collect()
            }
            true => {
                let to = since.map_or(top, |since| top.min(since - 1));
                self.range(self.first, to).into_iter().rev().take(query.limit).collect()
            }
        })
    }

    fn range(&self, first: u64, last: u64) -> Vec<Arc<Publication>> {
        let kept = self.log.iter().filter(|publication| (first..=last).contains(&publication.offset));
        kept.cloned().map(Arc::new).collect()
    }

    /// Time passes: a channel in memory that nobody needs is forgotten, and its epoch with it.
    pub fn tick(&mut self, now: i64) {
        self.expire(now);
        let holds_nothing = self.members.is_empty() && self.first > self.top() && self.keys.is_empty();
        let idle_max = if self.options.has_history() { self.options.history_meta_ttl_ms } else { -1 };
        if self.exists && holds_nothing && now - self.last_used > idle_max {
            self.forget();
        }
    }

    /// A durable channel is in memory again, as the store has it.
    pub fn reopen(&mut self, log: &Log) {
        assert!(self.members.is_empty(), "a life has ended and its subscribers were not told");
        let (options, invalidated) = (self.options.clone(), std::mem::take(&mut self.invalidated));
        let stored = log.records.iter().map(|record| (*record.publication).clone()).collect();
        let version = log.records.iter().rev().find_map(|record| record.version.clone());
        let epoch = Some(log.epoch.clone());
        *self = Self { exists: true, epoch, log: stored, version, invalidated, ..Self::new(options) };
        self.first = log.first.max((self.top() + 1).saturating_sub(self.options.history_size as u64));
    }

    /// A new life begins with the next request.
    pub fn forget(&mut self) {
        let former_epochs = self.former_epochs.drain(..).chain(self.epoch.take()).collect();
        *self = Self { former_epochs, ..Self::new(self.options.clone()) };
    }
}
