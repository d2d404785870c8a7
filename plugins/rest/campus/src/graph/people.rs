//! Who follows and blocks whom: a row for each pair.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::ChatError;
use natter_chat::rows::Table;
use natter_core::TenantId;

use super::{AT_ONCE, Graph};

/// Partition the user who follows, row the other one.
const FOLLOWS: Table<()> = Table::new("campus_follows");
/// Partition the user who blocks, row the other one.
const BLOCKS: Table<()> = Table::new("campus_blocks");
/// Users that one user may follow, or block.
pub(crate) const EDGES_MAX: usize = 10_000;

impl Graph {
    /// Whether a user follows another one.
    pub(crate) async fn follows(&self, tenant: &TenantId, user: &str, other: &str) -> Result<bool, ChatError> {
        Ok(FOLLOWS.get(&*self.store, tenant, user, other).await?.is_some())
    }

    /// Whether one of two users blocks the other.
    pub(crate) async fn is_blocked(&self, tenant: &TenantId, one: &str, other: &str) -> Result<bool, ChatError> {
        let there = BLOCKS.get(&*self.store, tenant, one, other);
        let back = BLOCKS.get(&*self.store, tenant, other, one);
        let (there, back) = futures_util::future::try_join(there, back).await?;
        Ok(there.is_some() || back.is_some())
    }

    /// Replaces whom a user follows; at most [`EDGES_MAX`].
    pub(super) async fn set_follows(&self, tenant: &TenantId, user: &str, others: &[String]) -> Result<(), ChatError> {
        self.set_edges(&FOLLOWS, tenant, user, others).await
    }

    /// Replaces whom a user blocks; at most [`EDGES_MAX`].
    pub(super) async fn set_blocks(&self, tenant: &TenantId, user: &str, others: &[String]) -> Result<(), ChatError> {
        self.set_edges(&BLOCKS, tenant, user, others).await
    }

    /// Writes what is new and removes what is no longer there. The turn is held.
    async fn set_edges(
        &self,
        table: &Table<()>,
        tenant: &TenantId,
        user: &str,
        others: &[String],
    ) -> Result<(), ChatError> {
        let store = &*self.store;
        let known = table.all(store, tenant, user, EDGES_MAX).await?;
        let known: HashSet<&str> = known.iter().map(|(other, _)| other.as_str()).collect();
        let wanted: HashSet<&str> = others.iter().map(String::as_str).collect();
        let new = stream::iter(wanted.difference(&known)).map(|other| table.set(store, tenant, user, other, &()));
        new.buffer_unordered(AT_ONCE).boxed().try_for_each(|()| async { Ok(()) }).await?;
        let gone = stream::iter(known.difference(&wanted)).map(|other| table.remove(store, tenant, user, other));
        gone.buffer_unordered(AT_ONCE).boxed().try_for_each(|()| async { Ok(()) }).await
    }
}
