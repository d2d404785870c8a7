//! When users were last active: known to the millisecond here, to the minute after a restart.

use futures_util::{StreamExt, TryStreamExt, stream};
use natter_core::TenantId;

use super::AT_ONCE;
use crate::chat::Chat;
use crate::error::ChatError;
use crate::rows::Table;

/// Unix milliseconds: partition the user.
const ACTIVITY: Table<i64> = Table::new("chat_user_activity");
/// A user's activity is written at most once within this time, in milliseconds.
const WRITTEN_EVERY_MS: i64 = 60_000;

/// A user's activity as this node has seen it; Unix milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Activity {
    last_ms: i64,
    written_ms: i64,
}

impl Chat {
    /// A user does something now.
    ///
    /// # Errors
    /// The store fails; the activity is known here all the same.
    pub async fn touch_activity(&self, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        let now_ms = self.now_ms();
        let key = (tenant.clone(), user.to_owned());
        let known = self.0.users.activity.get(&key);
        let written = known.filter(|known| now_ms - known.written_ms < WRITTEN_EVERY_MS);
        let written_ms = written.map_or(now_ms, |known| known.written_ms);
        self.0.users.activity.insert(key, Activity { last_ms: now_ms, written_ms });
        match written {
            Some(_) => Ok(()),
            None => ACTIVITY.set(self.store(), tenant, user, "", &now_ms).await,
        }
    }

    /// When a user was last active, in Unix milliseconds; `None` when it never was.
    ///
    /// # Errors
    /// The store fails.
    pub async fn last_active_at(&self, tenant: &TenantId, user: &str) -> Result<Option<i64>, ChatError> {
        if let Some(known) = self.0.users.activity.get(&(tenant.clone(), user.to_owned())) {
            return Ok(Some(known.last_ms));
        }
        Ok(ACTIVITY.get(self.store(), tenant, user, "").await?.map(|row| row.value))
    }

    /// [`Self::last_active_at`] for many, in the order of the ids.
    ///
    /// # Errors
    /// The store fails.
    pub async fn users_activity(&self, tenant: &TenantId, ids: &[String]) -> Result<Vec<Option<i64>>, ChatError> {
        let times = stream::iter(ids).map(|id| self.last_active_at(tenant, id));
        times.buffered(AT_ONCE).boxed().try_collect().await
    }

    /// Forgets a deleted user's activity.
    pub(super) async fn forget_activity(&self, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        self.0.users.activity.invalidate(&(tenant.clone(), user.to_owned()));
        ACTIVITY.remove(self.store(), tenant, user, "").await
    }
}
