//! The channels that somebody uses, in memory.
//!
//! A [`HotChannel`] is loaded once and stays while it is used. The broker tells of every commit on the channel's own
//! thread ([`HotChannels::committed`]): the fold takes it in before the sender is answered, and the projection is started.
//! While a channel loads, commits gather and are applied on top of what the load has found, so that nothing falls between.

pub(crate) mod behind;
pub(crate) mod fold;
mod load;
mod registry;
pub(crate) mod summary;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use natter_core::{ChannelKey, EntityId, Publication, TenantId};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{OnceCell, watch};

use crate::error::ChatError;
use crate::event::{Event, EventBody};
use crate::hot::fold::Fold;
use crate::members::Roster;
use crate::model::Channel;
use crate::names::chat_key;
use crate::rows::Versioned;

pub(crate) use registry::HotChannels;

/// Events that may wait for the projection; a channel that is further behind takes no more messages for the moment.
const BEHIND_MAX: usize = 10_000;
/// How long a change waits for the rows of the events before it.
const PROJECTION_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a read waits for rows that followers of the channel have been told of already.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(1);
/// Locks that a channel's messages share.
const MESSAGE_LOCKS: usize = 16;

/// A channel in memory.
pub(crate) struct HotChannel {
    pub(crate) tenant: TenantId,
    pub(crate) id: EntityId,
    /// The broker's channel.
    pub(crate) key: ChannelKey,
    /// The channel's row.
    pub(crate) channel: RwLock<Versioned<Channel>>,
    /// The members, once somebody has needed all of them.
    pub(crate) roster: OnceCell<Roster>,
    /// One change of membership at a time.
    pub(crate) membership: tokio::sync::Mutex<()>,
    /// One change of a message at a time, by the message's number.
    message_locks: [tokio::sync::Mutex<()>; MESSAGE_LOCKS],
    log: Mutex<Log>,
    /// The offset up to which rows say what the log says.
    projected: watch::Sender<u64>,
    /// Whether its watchers are being told of new counts.
    pub(crate) is_counting: AtomicBool,
    /// The count that each connected member was told last.
    pub(crate) told: Mutex<HashMap<String, u64>>,
    /// Who is typing, with how often it has said so.
    pub(crate) typing: Mutex<HashMap<String, u64>>,
    last_used: AtomicI64,
    /// Whether the store has a note that it may be behind; held while something is appended.
    is_noted: tokio::sync::RwLock<bool>,
}

/// The log's side of a channel.
#[derive(Default)]
struct Log {
    fold: Fold,
    /// Committed events above the fold, while the channel loads; `None` once it has.
    loading: Option<Vec<Arc<Publication>>>,
    /// Applied events that wait for the projection.
    behind: VecDeque<(Arc<Publication>, Event)>,
    /// The offset of the newest event that changes what rows say of messages.
    changed: u64,
    is_projecting: bool,
    /// Chunks of the senders' counts that have changed since they were stored.
    changed_chunks: BTreeSet<u64>,
    /// The offset of the fold that was stored last.
    stored_offset: u64,
    /// Nobody knows what the log holds: the channel must be loaded anew.
    is_lost: bool,
}

impl HotChannel {
    fn new(tenant: TenantId, id: EntityId, channel: Versioned<Channel>, now_ms: i64) -> Self {
        let key = chat_key(&tenant, id);
        Self {
            tenant,
            id,
            key,
            channel: RwLock::new(channel),
            roster: OnceCell::new(),
            membership: tokio::sync::Mutex::default(),
            message_locks: Default::default(),
            log: Mutex::new(Log { loading: Some(Vec::new()), ..Log::default() }),
            projected: watch::Sender::new(0),
            is_counting: AtomicBool::new(false),
            told: Mutex::default(),
            typing: Mutex::default(),
            last_used: AtomicI64::new(now_ms),
            is_noted: tokio::sync::RwLock::default(),
        }
    }

    /// The channel's row as it is now.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.read().value.clone()
    }

    /// Looks at the fold.
    pub(crate) fn with_fold<T>(&self, look: impl FnOnce(&Fold) -> T) -> T {
        look(&self.log.lock().fold)
    }

    /// The lock that guards changes of a message. With it, rows say what the log says of the message: a change that a
    /// crash has cut short of its rows is in them by then.
    pub(crate) async fn lock_message(&self, seq: u64) -> Result<tokio::sync::MutexGuard<'_, ()>, ChatError> {
        let guard = self.message_locks[seq as usize % MESSAGE_LOCKS].lock().await;
        let top = self.with_fold(|fold| fold.offset);
        self.projected_to(top).await?;
        Ok(guard)
    }

    /// Whether it takes another message now.
    pub(crate) fn has_room(&self) -> bool {
        self.log.lock().behind.len() < BEHIND_MAX
    }

    /// Waits until rows say what the log says up to `offset`, for as long as the store may take.
    pub(crate) async fn projected_to(&self, offset: u64) -> Result<(), ChatError> {
        let mut projected = self.projected.subscribe();
        let reached = tokio::time::timeout(PROJECTION_TIME_MAX, projected.wait_for(|projected| *projected >= offset));
        match reached.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(ChatError::Unavailable),
        }
    }

    /// Waits until rows say what followers of the channel have been told: whoever hears of a change and then reads finds it.
    /// While the store takes no rows, what they said before is better than nothing.
    pub(crate) async fn settle(&self) {
        let changed = self.log.lock().changed;
        if *self.projected.borrow() < changed {
            let mut projected = self.projected.subscribe();
            let reached = projected.wait_for(|projected| *projected >= changed);
            let _ = tokio::time::timeout(SETTLE_TIME_MAX, reached).await;
        }
    }

    /// Replaces the message that lists show, after it has been looked for.
    pub(crate) fn set_last(&self, below: u64, last: fold::LastMessage) {
        let mut log = self.log.lock();
        if log.fold.last == fold::LastMessage::Below(below) {
            log.fold.last = last;
        }
    }

    /// Takes in what has been committed. True when the projection is to be started.
    fn take_in(&self, publications: &[Arc<Publication>]) -> bool {
        let mut log = self.log.lock();
        if let Some(loading) = &mut log.loading {
            loading.extend(publications.iter().cloned());
            return false;
        }
        for publication in publications {
            log.apply(self.id, publication);
        }
        log.start_projecting()
    }

    /// The next event to project; the projection has stopped when there is none. A lost channel is projected by the one
    /// that is loaded in its place: rows have one writer.
    pub(crate) fn next_to_project(&self) -> Option<(Arc<Publication>, Event)> {
        let mut log = self.log.lock();
        let next = if log.is_lost { None } else { log.behind.pop_front() };
        log.is_projecting = next.is_some();
        next
    }

    /// Puts an event back that could not be projected.
    pub(crate) fn not_projected(&self, event: (Arc<Publication>, Event)) {
        self.log.lock().behind.push_front(event);
    }

    pub(crate) fn set_projected(&self, offset: u64) {
        self.projected.send_modify(|projected| *projected = offset.max(*projected));
    }

    /// The fold and what has changed in it since it was stored, if rows are up to date with it and it is worth storing.
    fn to_store(&self) -> Option<(Fold, BTreeSet<u64>)> {
        let mut log = self.log.lock();
        let is_whole = log.behind.is_empty() && !log.is_projecting && log.loading.is_none() && !log.is_lost;
        if !is_whole || log.fold.offset == log.stored_offset {
            return None;
        }
        log.stored_offset = log.fold.offset;
        let changed = std::mem::take(&mut log.changed_chunks);
        Some((log.fold.clone(), changed))
    }

    /// The fold could not be stored: it is still worth it.
    fn not_stored(&self, changed: BTreeSet<u64>) {
        let mut log = self.log.lock();
        log.stored_offset = 0;
        log.changed_chunks.extend(changed);
    }

    /// Nothing more will be projected here: those who wait go on, and meet the channel that is loaded in its place.
    fn mark_lost(&self) {
        self.log.lock().is_lost = true;
        self.set_projected(u64::MAX);
    }

    fn is_lost(&self) -> bool {
        self.log.lock().is_lost
    }

    pub(crate) fn touch(&self, now_ms: i64) {
        self.last_used.store(now_ms, Ordering::Relaxed);
    }

    fn is_idle_since(&self, before_ms: i64) -> bool {
        self.last_used.load(Ordering::Relaxed) < before_ms
    }
}

impl Log {
    fn apply(&mut self, channel: EntityId, publication: &Arc<Publication>) {
        if publication.offset <= self.fold.offset {
            return;
        }
        // What cannot be read was not written by this domain; the numbers count all the same.
        let Ok(event) = Event::decode(publication) else {
            self.fold.offset = publication.offset;
            self.fold.seq = publication.seq;
            return;
        };
        match &event.body {
            EventBody::Message(posted) => {
                self.changed_chunks.insert(summary::chunk_of(&posted.sender.id));
                if posted.parent.is_some() {
                    self.changed = publication.offset;
                }
            }
            _ => self.changed = publication.offset,
        }
        self.fold.apply(channel, publication, &event);
        self.behind.push_back((Arc::clone(publication), event));
    }

    fn start_projecting(&mut self) -> bool {
        let starts = !self.is_projecting && !self.behind.is_empty();
        self.is_projecting |= starts;
        starts
    }
}
