//! Pages of a channel's messages, in the order of their numbers.

use natter_core::{EntityId, Publication, TenantId};
use natter_store::ReadRequest;

use super::Found;
use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::event::{Event, EventBody};
use crate::hot::HotChannel;
use crate::model::{Entry, Message};

/// Messages of one page, at most.
pub(crate) const PAGE_MAX: usize = 1_000;
/// Events of one read.
const READ: usize = 256;
/// Reads of one page; a stretch of a log without messages ends the page early.
const READS_MAX: usize = 200;

/// Where a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The newest messages.
    Newest,
    /// The messages directly before this one.
    Before(EntityId),
    /// The messages directly after this one.
    After(EntityId),
    /// The messages from this number on, with what is left of deleted ones.
    Since(u64),
}

/// A page, in ascending order of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// What stands there; deleted messages only under [`Cursor::Since`].
    pub entries: Vec<Entry>,
    /// Whether there is more in the direction that was asked for.
    pub has_more: bool,
    /// Number of the channel's newest message.
    pub max_seq: u64,
}

/// Which way to walk, and from where.
#[derive(Clone, Copy)]
struct Walk {
    offset: u64,
    is_forward: bool,
    with_deleted: bool,
}

impl Chat {
    /// A page of messages, up to `limit` (1 to [`PAGE_MAX`]).
    ///
    /// # Errors
    /// [`Missing::Channel`] when the caller may not see it; [`Missing::Message`] when the cursor names no message of it.
    pub async fn messages(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        cursor: Cursor,
        limit: usize,
    ) -> Result<Page, ChatError> {
        let hot = self.visible(tenant, caller, channel).await?;
        hot.settle().await;
        let (max_seq, top) = hot.with_fold(|fold| (fold.seq, fold.offset));
        let walk = self.walk(&hot, cursor, top).await?;
        let limit = limit.clamp(1, PAGE_MAX);
        let mut found = match walk {
            Some(walk) => self.collect(&hot, walk, limit + 1).await?,
            None => Vec::new(),
        };
        let has_more = found.len() > limit;
        found.truncate(limit);
        if !walk.is_some_and(|walk| walk.is_forward) {
            found.reverse();
        }
        Ok(Page { entries: self.entries(&hot, found, caller).await?, has_more, max_seq })
    }

    /// Messages by their place among those that are there, from 0 and the oldest on, up to `limit` (1 to [`PAGE_MAX`]);
    /// and how many there are. Of a channel with more than 10,000 deleted messages, places are those of the newer part.
    ///
    /// # Errors
    /// [`Missing::Channel`] when the caller may not see it.
    pub async fn messages_at(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        place: u64,
        limit: usize,
    ) -> Result<(Vec<Message>, u64), ChatError> {
        let hot = self.visible(tenant, caller, channel).await?;
        hot.settle().await;
        let (first, present) = hot.with_fold(|fold| (fold.seq_at(place), fold.present()));
        let Some(first) = first else { return Ok((Vec::new(), present)) };
        let Some(offset) = self.store().find_seq(&hot.key, first).await? else { return Ok((Vec::new(), present)) };
        let walk = Walk { offset, is_forward: true, with_deleted: false };
        let found = self.collect(&hot, walk, limit.clamp(1, PAGE_MAX)).await?;
        Ok((self.finish_all(&hot, found, Some(caller)).await?, present))
    }

    /// The newest message below a number that is not deleted.
    pub(crate) async fn newest_below(&self, hot: &HotChannel, below: u64) -> Result<Option<Message>, ChatError> {
        let Some(offset) = self.store().find_seq(&hot.key, below).await? else { return Ok(None) };
        let walk = Walk { offset: offset.saturating_sub(1), is_forward: false, with_deleted: false };
        match self.collect(hot, walk, 1).await?.pop() {
            Some(found) => self.finish(hot, found, None).await.map(Some),
            None => Ok(None),
        }
    }

    async fn walk(&self, hot: &HotChannel, cursor: Cursor, top: u64) -> Result<Option<Walk>, ChatError> {
        let forward = |offset, with_deleted| Walk { offset, is_forward: true, with_deleted };
        let backward = |offset| Walk { offset, is_forward: false, with_deleted: false };
        Ok(match cursor {
            Cursor::Newest => Some(backward(top)),
            Cursor::Before(id) => Some(backward(self.offset_of(hot, id).await? - 1)),
            Cursor::After(id) => Some(forward(self.offset_of(hot, id).await? + 1, false)),
            Cursor::Since(seq) => {
                let offset = self.store().find_seq(&hot.key, seq.max(1)).await?;
                offset.map(|offset| forward(offset, true))
            }
        })
    }

    async fn offset_of(&self, hot: &HotChannel, id: EntityId) -> Result<u64, ChatError> {
        self.store().find_by_id(&hot.key, id).await?.ok_or(ChatError::NotFound(Missing::Message))
    }

    /// Up to `wanted` messages along a walk, in its order.
    async fn collect(&self, hot: &HotChannel, mut walk: Walk, wanted: usize) -> Result<Vec<Found>, ChatError> {
        let mut found = Vec::new();
        for _ in 0..READS_MAX {
            if found.len() >= wanted || walk.offset == 0 {
                break;
            }
            let request = match walk.is_forward {
                true => ReadRequest::forward(walk.offset, READ.max(wanted.min(READ * 4))),
                false => ReadRequest::backward(walk.offset, READ.max(wanted.min(READ * 4))),
            };
            let page = self.store().read_log(&hot.key, request).await?;
            let Some(last) = page.last().map(|last| last.offset) else { break };
            walk.offset = if walk.is_forward { last + 1 } else { last - 1 };
            found.extend(self.messages_in(hot, page, walk.with_deleted).await?);
        }
        found.truncate(wanted);
        Ok(found)
    }

    /// The messages among events, with their states.
    async fn messages_in(
        &self,
        hot: &HotChannel,
        page: Vec<Publication>,
        with_deleted: bool,
    ) -> Result<Vec<Found>, ChatError> {
        let bounds = (page.first().map_or(0, |first| first.seq), page.last().map_or(0, |last| last.seq));
        let (first, last) = (bounds.0.min(bounds.1).max(1), bounds.0.max(bounds.1));
        let mut states = self.states(hot, first, last).await?;
        let mut found = Vec::new();
        for publication in page {
            let EventBody::Message(posted) = Event::decode(&publication)?.body else { continue };
            let state = states.remove(&publication.seq).unwrap_or_default();
            if state.deleted_at.is_some() && !with_deleted {
                continue;
            }
            let message = posted.into_message(hot.id, publication.seq, publication.time_ms);
            found.push(Found { message, state });
        }
        Ok(found)
    }

    async fn entries(&self, hot: &HotChannel, found: Vec<Found>, caller: &str) -> Result<Vec<Entry>, ChatError> {
        let deleted: Vec<_> = found.iter().map(|found| found.state.deleted_at).collect();
        let messages = self.finish_all(hot, found, Some(caller)).await?;
        let entries = messages.into_iter().zip(deleted).map(|(message, deleted_at)| match deleted_at {
            Some(deleted_at) => Entry::Deleted { id: message.id, seq: message.seq, deleted_at },
            None => Entry::Message(Box::new(message)),
        });
        Ok(entries.collect())
    }
}
