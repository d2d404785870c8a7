//! A channel's fold as rows, so that a load need not begin at the log's first event.
//!
//! Written behind the log, now and then; whoever loads it applies the events above it. The senders' counts are spread over
//! chunks, each true as of an offset of its own, so that a write between two crashes is never counted twice.

use std::collections::{BTreeSet, HashMap};

use natter_core::{EntityId, TenantId};
use natter_store::Store;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::fold::Fold;
use crate::chat::Chat;
use crate::error::ChatError;
use crate::rows::Table;

const SUMMARIES: Table<Fold> = Table::new("chat_summaries");
const COUNTS: Table<Counts> = Table::new("chat_sender_counts");
/// Chunks of one channel's counts.
const CHUNKS: u64 = 16;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counts {
    /// Everything up to this offset is counted.
    as_of: u64,
    sent: HashMap<String, u64>,
}

/// What was stored: the fold, and for each chunk of counts the offset up to which it counts.
pub(crate) struct Stored {
    pub(crate) fold: Fold,
    counted_to: HashMap<u64, u64>,
}

impl Stored {
    /// Whether the stored count of this sender has the event at `offset` already.
    pub(crate) fn counts(&self, sender: &str, offset: u64) -> bool {
        self.counted_to.get(&chunk_of(sender)).is_some_and(|counted_to| offset <= *counted_to)
    }
}

/// Which chunk has a sender's count.
pub(crate) fn chunk_of(sender: &str) -> u64 {
    xxh3_64(sender.as_bytes()) % CHUNKS
}

pub(crate) async fn load(store: &dyn Store, tenant: &TenantId, channel: EntityId) -> Result<Stored, ChatError> {
    let partition = channel.to_hex();
    let stored = SUMMARIES.get(store, tenant, &partition, "").await?;
    let mut fold = stored.map(|stored| stored.value).unwrap_or_default();
    let mut counted_to = HashMap::new();
    for (chunk, counts) in COUNTS.all(store, tenant, &partition, CHUNKS as usize).await? {
        let chunk = u64::from_str_radix(&chunk, 16).map_err(|_| ChatError::Internal)?;
        counted_to.insert(chunk, counts.value.as_of);
        fold.sent.extend(counts.value.sent);
    }
    Ok(Stored { fold, counted_to })
}

/// Writes a fold, and of its counts those chunks that have changed. Called by one writer at a time.
pub(crate) async fn save(
    store: &dyn Store,
    tenant: &TenantId,
    channel: EntityId,
    fold: &Fold,
    changed: &BTreeSet<u64>,
) -> Result<(), ChatError> {
    let partition = channel.to_hex();
    for chunk in changed {
        let sent = fold.sent.iter().filter(|(sender, _)| chunk_of(sender) == *chunk);
        let counts = Counts { as_of: fold.offset, sent: sent.map(|(sender, sent)| (sender.clone(), *sent)).collect() };
        COUNTS.set(store, tenant, &partition, &format!("{chunk:x}"), &counts).await?;
    }
    SUMMARIES.set(store, tenant, &partition, "", fold).await
}

impl Chat {
    /// Stores the folds of channels whose rows are up to date with their logs.
    pub(crate) async fn store_folds(&self) {
        for hot in self.0.hot.all() {
            let Some((fold, changed)) = hot.to_store() else {
                self.forget_behind(&hot).await;
                continue;
            };
            if let Err(error) = save(self.store(), &hot.tenant, hot.id, &fold, &changed).await {
                tracing::warn!(channel = %hot.key, %error, "a summary is not stored; it will be tried again");
                hot.not_stored(changed);
            }
        }
    }
}

/// Forgets a deleted channel.
pub(crate) async fn remove(store: &dyn Store, tenant: &TenantId, channel: EntityId) -> Result<(), ChatError> {
    let partition = channel.to_hex();
    for chunk in 0..CHUNKS {
        COUNTS.remove(store, tenant, &partition, &format!("{chunk:x}")).await?;
    }
    SUMMARIES.remove(store, tenant, &partition, "").await
}
