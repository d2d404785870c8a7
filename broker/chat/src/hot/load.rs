//! How a channel comes into memory: its row, its stored fold, and the events above it.

use std::sync::Arc;

use natter_core::{EntityId, Publication, TenantId};
use natter_store::ReadRequest;

use super::summary::{self, Stored};
use super::{HotChannel, Log};
use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::event::{Event, EventBody};

/// Events of one read.
const PAGE: usize = 1_000;
/// Loads that found the channel lost once more.
const ATTEMPTS_MAX: usize = 5;

impl Chat {
    /// A channel of the tenant, from memory or loaded.
    ///
    /// # Errors
    /// [`Missing::Channel`] when there is none, or it is deleted.
    pub(crate) async fn hot(&self, tenant: &TenantId, id: EntityId) -> Result<Arc<HotChannel>, ChatError> {
        for _ in 0..ATTEMPTS_MAX {
            let slot = self.0.hot.slot(tenant, id);
            let hot = match slot.get_or_try_init(|| self.make_hot(tenant, id)).await.cloned() {
                Ok(hot) => hot,
                Err(error) => {
                    drop(slot);
                    self.0.hot.let_go_of_empty(tenant, id);
                    return Err(error);
                }
            };
            // The slot must be visible before the log is read: from then on commits are gathered.
            match self.fill(&hot).await {
                Ok(()) if !hot.is_lost() => {
                    hot.touch(self.now_ms());
                    return Ok(hot);
                }
                Ok(()) => self.0.hot.forget(tenant, id),
                Err(error) => return Err(error),
            }
        }
        Err(ChatError::Unavailable)
    }

    async fn make_hot(&self, tenant: &TenantId, id: EntityId) -> Result<Arc<HotChannel>, ChatError> {
        let found = crate::channels::CHANNELS.get(self.store(), tenant, &id.to_hex(), "").await?;
        let channel = found.filter(|found| found.value.deleted_at.is_none());
        let channel = channel.ok_or(ChatError::NotFound(Missing::Channel))?;
        Ok(Arc::new(HotChannel::new(tenant.clone(), id, channel, self.now_ms())))
    }

    /// Reads what the log says, unless somebody has done so.
    async fn fill(&self, hot: &Arc<HotChannel>) -> Result<(), ChatError> {
        if hot.log.lock().loading.is_none() {
            return Ok(());
        }
        let _turn = hot.membership.lock().await;
        if hot.log.lock().loading.is_none() {
            return Ok(());
        }
        let mut stored = summary::load(self.store(), &hot.tenant, hot.id).await?;
        let mut log = Log { stored_offset: stored.fold.offset, ..Log::default() };
        let mut projected = stored.fold.offset;
        log.fold = std::mem::take(&mut stored.fold);
        self.catch_up(hot, &stored, &mut log).await?;
        if hot.finish_loading(log, &mut projected) {
            self.project(Arc::clone(hot));
        }
        hot.projected.send_if_modified(|known| {
            let moved = *known < projected;
            *known = (*known).max(projected);
            moved
        });
        Ok(())
    }

    async fn catch_up(&self, hot: &HotChannel, stored: &Stored, log: &mut Log) -> Result<(), ChatError> {
        loop {
            let request = ReadRequest::forward(log.fold.offset + 1, PAGE);
            let page = self.store().read_log(&hot.key, request).await?;
            if page.is_empty() {
                return Ok(());
            }
            for publication in page {
                log.apply_stored(hot.id, Arc::new(publication), stored);
            }
        }
    }
}

impl Log {
    /// As [`Log::apply`], for an event that the stored counts may have already.
    fn apply_stored(&mut self, channel: EntityId, publication: Arc<Publication>, stored: &Stored) {
        let sender = match Event::decode(&publication) {
            Ok(Event { body: EventBody::Message(posted), .. }) => Some(posted.sender.id),
            _ => None,
        };
        let counted = sender.filter(|sender| stored.counts(sender, publication.offset));
        self.apply(channel, &publication);
        if let Some(count) = counted.and_then(|sender| self.fold.sent.get_mut(&sender)) {
            *count -= 1;
        }
    }
}

impl HotChannel {
    /// Puts the loaded log in place, with what has been committed meanwhile. True when the projection is to be started.
    fn finish_loading(&self, mut loaded: Log, projected: &mut u64) -> bool {
        let mut log = self.log.lock();
        loaded.is_lost = log.is_lost;
        for publication in log.loading.take().unwrap_or_default() {
            // A commit that the read did not reach leaves a hole only if the read failed, and then we are not here.
            loaded.apply(self.id, &publication);
        }
        if loaded.behind.is_empty() {
            *projected = loaded.fold.offset;
        }
        *log = loaded;
        log.start_projecting()
    }

    pub(super) fn is_behind(&self) -> bool {
        let log = self.log.lock();
        !log.behind.is_empty() || log.is_projecting || log.fold.offset != log.stored_offset
    }
}
