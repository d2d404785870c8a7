//! Users of a tenant.
//!
//! The truth is one row per user, changed under its version. What finds a user by something else than the id (its name,
//! its 96-bit id, its place in lists) are hints, written without versions: whoever follows one checks the row. A deleted
//! user's row stays for ever, so that old tokens and old messages meet it.

mod activity;
mod cache;
mod change;
mod check;
mod deletion;
mod index;
mod list;
mod mentions;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::ChatError;
use crate::model::{User, UserBrief};
use crate::rows::Table;

pub(crate) use cache::Users;
pub(crate) use mentions::mention_tokens;

/// Users: partition the id.
const USERS: Table<User> = Table::new("chat_users");
/// Reads and writes that are under way side by side, so that the store commits them together.
const AT_ONCE: usize = 256;

impl Chat {
    /// A user who has not been deleted.
    ///
    /// # Errors
    /// The store fails.
    pub async fn user(&self, tenant: &TenantId, id: &str) -> Result<Option<Arc<User>>, ChatError> {
        Ok(self.find_user(tenant, id).await?.filter(|user| user.is_alive()))
    }

    /// Users by their ids, in the order of the ids; one that was never there looks like a deleted one.
    ///
    /// # Errors
    /// The store fails.
    pub async fn users_brief(&self, tenant: &TenantId, ids: &[String]) -> Result<Vec<UserBrief>, ChatError> {
        let missing = EntityId([0; 12]);
        let brief = async |id: &String| {
            let found = self.find_user(tenant, id).await?;
            let absent = || UserBrief::deleted(id, EntityId::parse_hex(id).unwrap_or(missing));
            Ok(found.map_or_else(absent, |user| user.brief()))
        };
        stream::iter(ids).map(brief).buffered(AT_ONCE).boxed().try_collect().await
    }

    /// A user by its 96-bit id.
    ///
    /// # Errors
    /// The store fails.
    pub async fn user_by_entity(&self, tenant: &TenantId, entity: EntityId) -> Result<Option<Arc<User>>, ChatError> {
        if let Some(user) = self.find_user(tenant, &entity.to_hex()).await? {
            return Ok(Some(user).filter(|user| user.is_alive()));
        }
        let Some(id) = self.id_of_entity(tenant, entity).await? else { return Ok(None) };
        Ok(self.user(tenant, &id).await?.filter(|user| user.entity == entity))
    }

    /// A user, deleted or not, from memory if it is there.
    ///
    /// # Errors
    /// The store fails.
    pub async fn find_user(&self, tenant: &TenantId, id: &str) -> Result<Option<Arc<User>>, ChatError> {
        if let Some(user) = self.0.users.get(tenant, id) {
            return Ok(Some(user));
        }
        if check::id(id).is_err() {
            return Ok(None);
        }
        self.read_user(tenant, id).await
    }

    /// A user, deleted or not, from its row.
    async fn read_user(&self, tenant: &TenantId, id: &str) -> Result<Option<Arc<User>>, ChatError> {
        let found = USERS.get(self.store(), tenant, id, "").await?;
        Ok(found.map(|row| self.0.users.remember(tenant, row)))
    }
}
