//! Users who do not want to hear from each other. A row per pair, under the one who blocks.

use natter_core::TenantId;

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::rows::Table;

/// Since when, in Unix milliseconds: partition the user who blocks, row the other one.
const BLOCKS: Table<i64> = Table::new("chat_blocks");
/// Blocks of a user that are listed.
const BLOCKS_MAX: usize = 10_000;

impl Chat {
    /// Blocks another user; true when it was not blocked before.
    ///
    /// # Errors
    /// The other one is unknown, or the user itself.
    pub async fn block(&self, tenant: &TenantId, user: &str, other: &str) -> Result<bool, ChatError> {
        if user == other {
            return Err(ChatError::invalid("userId", "nobody can block themselves"));
        }
        self.user(tenant, other).await?.ok_or(ChatError::NotFound(Missing::User))?;
        let known = BLOCKS.create(self.store(), tenant, user, other, &self.now_ms()).await?;
        Ok(known.is_none())
    }

    /// Takes a block back; true when there was one.
    ///
    /// # Errors
    /// The store fails.
    pub async fn unblock(&self, tenant: &TenantId, user: &str, other: &str) -> Result<bool, ChatError> {
        Ok(BLOCKS.delete(self.store(), tenant, user, other).await?.is_some())
    }

    /// Whom a user blocks, in the order of their ids, with the time in Unix milliseconds. At most 10,000.
    ///
    /// # Errors
    /// The store fails.
    pub async fn blocked_by(&self, tenant: &TenantId, user: &str) -> Result<Vec<(String, i64)>, ChatError> {
        let rows = BLOCKS.all(self.store(), tenant, user, BLOCKS_MAX).await?;
        Ok(rows.into_iter().map(|(other, since)| (other, since.value)).collect())
    }

    /// Whether one of two users blocks the other.
    ///
    /// # Errors
    /// The store fails.
    pub async fn is_blocked_either_way(&self, tenant: &TenantId, one: &str, other: &str) -> Result<bool, ChatError> {
        let there = BLOCKS.get(self.store(), tenant, one, other);
        let back = BLOCKS.get(self.store(), tenant, other, one);
        let (there, back) = futures_util::future::try_join(there, back).await?;
        Ok(there.is_some() || back.is_some())
    }

    /// Removes a deleted user's own blocks.
    pub(crate) async fn remove_blocks(&self, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        for (other, _) in self.blocked_by(tenant, user).await? {
            self.unblock(tenant, user, &other).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
