//! What the document assumes of the product around it: who follows and blocks whom, who is connected, events, reels, tags, and
//! scores. The tenant's backend tells it; nothing here is known to the chat domain.
//!
//! Everything is a row that is found by its key, or a short list under one: no question here reads more than it answers
//! with. Users, chats and all other entities are named by their 24 hexadecimal digits. What the backend tells is written by one
//! call at a time for each tenant ([`Graph::turn`]); rows that lead from one thing to another are hints that are checked.

mod events;
mod meet_me;
mod people;
mod reels;
mod scores;
pub(crate) mod sync;
mod tags;

use std::sync::Arc;

use natter_chat::ChatError;
use natter_core::TenantId;
use natter_store::Store;
use tokio::sync::{Mutex, MutexGuard};

pub(crate) use meet_me::{Meet, MeetStatus};
pub(crate) use people::EDGES_MAX;
pub(crate) use reels::{Reel, ReelTotals};
pub(crate) use tags::Tag;

/// Calls of backends that wait for each other, by a hash of the tenant.
const TURNS: usize = 16;
/// Rows that are written or read side by side, so that the store commits them together.
const AT_ONCE: usize = 128;

/// The graph of all tenants.
pub(crate) struct Graph {
    store: Arc<dyn Store>,
    turns: [Mutex<()>; TURNS],
}

impl Graph {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, turns: Default::default() }
    }

    /// Whoever holds it is the only one on this node who changes what a tenant's backend has told.
    async fn turn(&self, tenant: &TenantId) -> MutexGuard<'_, ()> {
        let hash = tenant.as_str().bytes().fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        self.turns[hash % TURNS].lock().await
    }

    /// Whether one of two users may draw the other into a group: follows it, or is connected with it.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn may_invite(&self, tenant: &TenantId, user: &str, other: &str) -> Result<bool, ChatError> {
        Ok(self.follows(tenant, user, other).await? || self.is_connected(tenant, user, other).await?)
    }
}
