//! Channels whose rows and work may be behind their logs, so that a start finishes what a crash cut short.
//!
//! A channel is projected when it is in memory. One that nobody touches after a crash would stay behind, and what its last
//! messages were to bring about (a webhook, a push) would wait for somebody to come by. So a channel is noted before
//! anything is appended to it, and forgotten once it has been quiet for a while with everything done. A note too many
//! costs a load at the next start, and nothing else.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use natter_core::{EntityId, TenantId};
use tokio::sync::RwLockReadGuard;
use xxhash_rust::xxh3::xxh3_64;

use super::HotChannel;
use crate::chat::Chat;
use crate::error::ChatError;
use crate::rows::Table;

/// Notes: partition a part of all channels, row the tenant and the channel.
const BEHIND: Table<()> = Table::new("chat_behind");
/// The owner of the node's own rows; no tenant can have such a name.
const NODE: &str = "@node";
const PARTS: u64 = 16;
/// Notes of one read.
const PAGE: usize = 1_000;
/// Channels that are loaded side by side at the start.
const LOADS_AT_ONCE: usize = 16;
/// How long a channel is quiet before its note is removed, in milliseconds.
const QUIET_MS: i64 = 30_000;

fn place(tenant: &TenantId, id: EntityId) -> (String, String) {
    (format!("{:x}", xxh3_64(&id.0) % PARTS), format!("{}/{}", tenant.as_str(), id.to_hex()))
}

fn parse(row: &str) -> Option<(TenantId, EntityId)> {
    let (tenant, id) = row.rsplit_once('/')?;
    Some((TenantId::new(tenant), EntityId::parse_hex(id)?))
}

impl Chat {
    /// Notes a channel. As long as the guard is held, its note stays.
    pub(crate) async fn note_behind<'a>(&self, hot: &'a HotChannel) -> Result<RwLockReadGuard<'a, bool>, ChatError> {
        let noted = hot.is_noted.read().await;
        if *noted {
            return Ok(noted);
        }
        drop(noted);
        let mut noted = hot.is_noted.write().await;
        if !*noted {
            let (part, row) = place(&hot.tenant, hot.id);
            BEHIND.set(self.store(), &TenantId::new(NODE), &part, &row, &()).await?;
            *noted = true;
        }
        Ok(noted.downgrade())
    }

    /// Removes the note of a channel with which everything is done.
    pub(super) async fn forget_behind(&self, hot: &HotChannel) {
        // Whoever appends holds the lock: the note stays then.
        let Ok(mut noted) = hot.is_noted.try_write() else { return };
        if !*noted || hot.is_behind() || !hot.is_idle_since(self.now_ms() - QUIET_MS) {
            return;
        }
        let (part, row) = place(&hot.tenant, hot.id);
        match BEHIND.remove(self.store(), &TenantId::new(NODE), &part, &row).await {
            Ok(()) => *noted = false,
            Err(error) => tracing::warn!(channel = %hot.key, %error, "a note stays; it will be tried again"),
        }
    }

    /// Brings all noted channels up to date; what cannot be loaded now waits for whoever uses it.
    pub(crate) async fn finish_behind(&self) {
        for part in 0..PARTS {
            if let Err(error) = self.finish_part(&format!("{part:x}")).await {
                tracing::error!(%error, "not all channels are brought up to date");
            }
        }
    }

    async fn finish_part(&self, part: &str) -> Result<(), ChatError> {
        let mut after: Option<String> = None;
        loop {
            let page = BEHIND.page(self.store(), &TenantId::new(NODE), part, after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            let noted = page.iter().filter_map(|(row, _)| parse(row));
            stream::iter(noted).for_each_concurrent(LOADS_AT_ONCE, |(tenant, id)| self.finish_one(tenant, id)).await;
        }
    }

    /// A channel is projected by being loaded.
    async fn finish_one(&self, tenant: TenantId, id: EntityId) {
        match self.hot(&tenant, id).await {
            Ok(hot) => *Arc::clone(&hot).is_noted.write().await = true,
            Err(ChatError::NotFound(_)) => {
                let (part, row) = place(&tenant, id);
                // A note that stays is found again at the next start.
                let _ = BEHIND.remove(self.store(), &TenantId::new(NODE), &part, &row).await;
            }
            Err(error) => tracing::warn!(%tenant, channel = %id, %error, "a channel is not brought up to date"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_its_channel() {
        let (tenant, id) = (TenantId::new("openchat.a-b_c"), EntityId([7; 12]));
        let (part, row) = place(&tenant, id);
        assert!(part.len() == 1 && parse(&row) == Some((tenant, id)));
        assert_eq!(parse("nonsense"), None);
    }
}
