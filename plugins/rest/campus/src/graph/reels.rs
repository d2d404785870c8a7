//! Reels, under the chat that they belong to, the newest first.

use natter_chat::ChatError;
use natter_chat::rows::Table;
use natter_core::TenantId;
use serde::{Deserialize, Serialize};

use super::Graph;

/// Where a reel stands: partition its id.
const PLACES: Table<Place> = Table::new("campus_reels");
/// Reels: partition the chat, row its place.
const OF_CHAT: Table<Reel> = Table::new("campus_chat_reels");
/// Reels of one chat that count.
const OF_CHAT_MAX: usize = 10_000;
/// Rows that are removed side by side.
const CLEARED_AT_ONCE: usize = 256;

/// A reel's chat and its row there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    chat: String,
    row: String,
}

/// A reel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Reel {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) chat: String,
    pub(crate) description: String,
    pub(crate) tag: String,
    pub(crate) video: String,
    pub(crate) hashtags: Vec<String>,
    pub(crate) is_anonymous: bool,
    pub(crate) views: u64,
    pub(crate) likes: u64,
    pub(crate) super_likes: u64,
    pub(crate) shares: u64,
    pub(crate) comments: u64,
    /// Unix milliseconds of the call that brought it first.
    pub(crate) created_at: i64,
    /// Unix milliseconds of the last call that changed it.
    pub(crate) updated_at: i64,
}

/// What the reels of a chat add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReelTotals {
    pub(crate) count: u64,
    pub(crate) views: u64,
    pub(crate) likes: u64,
}

impl Graph {
    /// The newest reels of a chat, at most `limit`, and what all of them add up to.
    pub(crate) async fn reels_of(
        &self,
        tenant: &TenantId,
        chat: &str,
        limit: usize,
    ) -> Result<(Vec<Reel>, ReelTotals), ChatError> {
        let rows = OF_CHAT.all(&*self.store, tenant, chat, OF_CHAT_MAX).await?;
        let mut totals = ReelTotals::default();
        for (_, row) in &rows {
            totals.count += 1;
            totals.views = totals.views.saturating_add(row.value.views);
            totals.likes = totals.likes.saturating_add(row.value.likes).saturating_add(row.value.super_likes);
        }
        let newest = rows.into_iter().take(limit).map(|(_, row)| row.value).collect();
        Ok((newest, totals))
    }

    /// A reel by its id.
    pub(super) async fn reel(&self, tenant: &TenantId, id: &str) -> Result<Option<Reel>, ChatError> {
        let Some(place) = PLACES.get(&*self.store, tenant, id, "").await? else { return Ok(None) };
        let Place { chat, row } = place.value;
        Ok(OF_CHAT.get(&*self.store, tenant, &chat, &row).await?.map(|found| found.value))
    }

    /// Enters or changes a reel; the turn is held. `place` says where it stands among reels of the same time: later ones
    /// are newer.
    pub(super) async fn set_reel(&self, tenant: &TenantId, reel: &Reel, place: usize) -> Result<(), ChatError> {
        let former = PLACES.get(&*self.store, tenant, &reel.id, "").await?.map(|row| row.value);
        // A reel that is there already keeps its place.
        let row =
            former.as_ref().map_or_else(|| row_name(reel.created_at, place, &reel.id), |former| former.row.clone());
        OF_CHAT.set(&*self.store, tenant, &reel.chat, &row, reel).await?;
        PLACES.set(&*self.store, tenant, &reel.id, "", &Place { chat: reel.chat.clone(), row }).await?;
        match former.filter(|former| former.chat != reel.chat) {
            Some(former) => OF_CHAT.remove(&*self.store, tenant, &former.chat, &former.row).await,
            None => Ok(()),
        }
    }

    /// Removes a reel; the turn is held.
    pub(super) async fn remove_reel(&self, tenant: &TenantId, id: &str) -> Result<(), ChatError> {
        let Some(place) = PLACES.get(&*self.store, tenant, id, "").await? else { return Ok(()) };
        PLACES.remove(&*self.store, tenant, id, "").await?;
        OF_CHAT.remove(&*self.store, tenant, &place.value.chat, &place.value.row).await
    }

    /// Removes the reels of a chat that is gone.
    pub(crate) async fn remove_reels_of(&self, tenant: &TenantId, chat: &str) -> Result<(), ChatError> {
        let _turn = self.turn(tenant).await;
        for (_, row) in OF_CHAT.all(&*self.store, tenant, chat, OF_CHAT_MAX).await? {
            PLACES.remove(&*self.store, tenant, &row.value.id, "").await?;
        }
        OF_CHAT.clear(&*self.store, tenant, chat, CLEARED_AT_ONCE).await
    }
}

/// Sorts the newest first.
fn row_name(created_at: i64, place: usize, id: &str) -> String {
    let time = u64::MAX - created_at.max(0).unsigned_abs();
    format!("{time:016x}-{:08x}-{id}", u32::MAX - u32::try_from(place).unwrap_or(u32::MAX))
}
