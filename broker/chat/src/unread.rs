//! Unread counts, and telling those who are connected when theirs change.
//!
//! Counts are arithmetic over what is in memory. Under load the watchers of a channel are told of the newest count, not of
//! every one in between.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::event::{Event, EventBody};
use crate::hot::HotChannel;
use crate::model::Member;

/// How long new counts of one channel gather before its members are told of them.
const GATHER: Duration = Duration::from_millis(50);
/// Channels that are looked at side by side.
const LOOKS_AT_ONCE: usize = 32;

impl Chat {
    /// What a user has not read in all channels that are not muted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn total_unread(&self, tenant: &TenantId, user: &str) -> Result<u64, ChatError> {
        let ids = self.channels_of(tenant, user).await?;
        let counts = stream::iter(ids.iter().copied()).map(|id| self.unread_in(tenant, user, id));
        let counts: Vec<u64> = counts.buffered(LOOKS_AT_ONCE).boxed().try_collect().await?;
        Ok(counts.into_iter().sum())
    }

    async fn unread_in(&self, tenant: &TenantId, user: &str, channel: EntityId) -> Result<u64, ChatError> {
        let hot = match self.hot(tenant, channel).await {
            Ok(hot) => hot,
            Err(ChatError::NotFound(Missing::Channel)) => return Ok(0),
            Err(error) => return Err(error),
        };
        let member = self.member(&hot, user).await?.filter(|member| !member.muted);
        Ok(member.map_or(0, |member| hot.with_fold(|fold| fold.unread(&member))))
    }

    /// Tells a member who is connected how much it has not read in a channel, and in all.
    pub(crate) async fn tell_unread(&self, hot: &HotChannel, member: &Member) -> Result<(), ChatError> {
        if !self.is_connected(&hot.tenant, &member.user) {
            return Ok(());
        }
        let count = hot.with_fold(|fold| fold.unread(member));
        self.tell_user(&hot.tenant, &member.user, &Event::of(hot.id, EventBody::Unread { count }));
        self.tell_total(&hot.tenant, &member.user).await
    }

    pub(crate) async fn tell_total(&self, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        if !self.is_connected(tenant, user) {
            return Ok(());
        }
        let count = self.total_unread(tenant, user).await?;
        self.tell_user(tenant, user, &Event::of_user(EventBody::TotalUnread { count }));
        Ok(())
    }

    /// New messages have come: those of its members who are connected are told, soon and once.
    pub(crate) fn count_anew(&self, hot: &Arc<HotChannel>) {
        if hot.is_counting.swap(true, Ordering::AcqRel) {
            return;
        }
        let (chat, hot) = (self.clone(), Arc::clone(hot));
        self.0.broker.runtime().spawn(async move {
            tokio::time::sleep(GATHER).await;
            hot.is_counting.store(false, Ordering::Release);
            if let Err(error) = chat.tell_changed(&hot).await {
                tracing::warn!(channel = %hot.key, %error, "members are not told of their unread counts");
            }
        });
    }

    /// Tells members whose count has changed since they were told last.
    async fn tell_changed(&self, hot: &HotChannel) -> Result<(), ChatError> {
        let roster = self.roster(hot).await?;
        for user in roster.users(|member| self.is_connected(&hot.tenant, &member.user)) {
            let Some(member) = roster.get(&user) else { continue };
            let count = hot.with_fold(|fold| fold.unread(&member));
            if hot.told.lock().insert(user, count) != Some(count) {
                self.tell_unread(hot, &member).await?;
            }
        }
        hot.told.lock().retain(|user, _| self.is_connected(&hot.tenant, user));
        Ok(())
    }
}
