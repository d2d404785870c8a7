//! What leads to a user: hints, which a reader checks against the user's row.
//!
//! A hint is written before the row that it leads to. An old one is removed after it, and then the row is read once more:
//! whoever has meanwhile gone back to the old name finds its hint again.

use futures_util::future::try_join_all;
use natter_core::{EntityId, TenantId};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::channels::slug;
use crate::chat::Chat;
use crate::error::ChatError;
use crate::model::User;
use crate::rows::Table;

/// Partitions that a tenant's list of users is spread over.
pub(super) const BUCKETS: u64 = 16;

/// The list of users: partition a bucket, row the id.
pub(super) const LISTED: Table<Listed> = Table::new("chat_users_listed");
/// What a mention can say for a user: partition the handle, row [`Handle::row`].
const HANDLES: Table<()> = Table::new("chat_user_handles");
/// Users by 96-bit ids that their ids do not show: partition the 24 digits.
const ENTITIES: Table<String> = Table::new("chat_user_entities");
/// Users with the same handle that are looked at.
const NAMESAKES_MAX: usize = 16;
/// Begin the rows of handles, in this order.
const ID_MARK: char = 'i';
const NAME_MARK: char = 'n';

/// A user in the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Listed {
    /// The name in lower case.
    pub(super) name: String,
    /// The email address in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
}

/// The bucket of an id; stable for ever.
fn bucket(id: &str) -> String {
    (xxh3_64(id.as_bytes()) % BUCKETS).to_string()
}

/// What a mention of a user can say, in lower case.
#[derive(PartialEq)]
struct Handle {
    text: String,
    is_id: bool,
}

impl Handle {
    /// Users whose id it is come first.
    fn row(&self, id: &str) -> String {
        format!("{}{id}", if self.is_id { ID_MARK } else { NAME_MARK })
    }
}

/// What mentions of the user can say, besides its id as it is.
fn handles(user: &User) -> Vec<Handle> {
    let id = user.id.to_lowercase();
    let slug = slug(&user.profile.name);
    let mut handles = Vec::new();
    if !slug.is_empty() && slug != id {
        handles.push(Handle { text: slug, is_id: false });
    }
    if id != user.id {
        handles.push(Handle { text: id, is_id: true });
    }
    handles
}

/// Whether the list and the handles have the same of both.
fn is_listed_alike(one: &User, other: &User) -> bool {
    one.profile.name == other.profile.name && one.profile.email == other.profile.email
}

/// Whether the user goes by this handle; it is in lower case.
pub(super) fn goes_by(user: &User, handle: &str) -> bool {
    user.is_alive() && (user.id.to_lowercase() == handle || slug(&user.profile.name) == handle)
}

impl Chat {
    /// Writes what leads to a user, as far as it differs from what is known.
    pub(super) async fn put_hints(
        &self,
        tenant: &TenantId,
        known: Option<&User>,
        next: &User,
    ) -> Result<(), ChatError> {
        if known.is_none() && EntityId::parse_hex(&next.id).is_none() {
            ENTITIES.set(self.store(), tenant, &next.entity.to_hex(), "", &next.id).await?;
        }
        let is_found = known.is_some_and(|known| known.is_alive() && is_listed_alike(known, next));
        if is_found || !next.is_alive() {
            return Ok(());
        }
        let email = next.profile.email.as_ref().map(|email| email.to_lowercase());
        let listed = Listed { name: next.profile.name.to_lowercase(), email };
        LISTED.set(self.store(), tenant, &bucket(&next.id), &next.id, &listed).await?;
        let handles = handles(next);
        let writes = handles
            .iter()
            .map(async |handle| HANDLES.set(self.store(), tenant, &handle.text, &handle.row(&next.id), &()).await);
        try_join_all(writes).await.map(|_| ())
    }

    /// Makes the hints fit a change that has happened.
    pub(super) async fn settle_hints(&self, tenant: &TenantId, before: &User, after: &User) -> Result<(), ChatError> {
        if before.is_alive() == after.is_alive() && is_listed_alike(before, after) {
            return Ok(());
        }
        self.put_hints(tenant, Some(before), after).await?;
        if !before.is_alive() {
            return Ok(());
        }
        self.remove_hints(tenant, before, after).await?;
        match self.read_user(tenant, &after.id).await? {
            Some(now) if *now != *after => self.put_hints(tenant, Some(after), &now).await,
            _ => Ok(()),
        }
    }

    async fn remove_hints(&self, tenant: &TenantId, before: &User, after: &User) -> Result<(), ChatError> {
        let kept = if after.is_alive() { handles(after) } else { Vec::new() };
        let old: Vec<_> = handles(before).into_iter().filter(|handle| !kept.contains(handle)).collect();
        let removals = old
            .iter()
            .map(async |handle| HANDLES.remove(self.store(), tenant, &handle.text, &handle.row(&before.id)).await);
        try_join_all(removals).await?;
        match after.is_alive() {
            true => Ok(()),
            false => LISTED.remove(self.store(), tenant, &bucket(&before.id), &before.id).await,
        }
    }

    /// Ids of users who may go by a handle, in order.
    pub(super) async fn ids_of_handle(&self, tenant: &TenantId, handle: &str) -> Result<Vec<String>, ChatError> {
        let rows = HANDLES.page(self.store(), tenant, handle, None, NAMESAKES_MAX).await?;
        Ok(rows.iter().filter_map(|(row, _)| row.strip_prefix([ID_MARK, NAME_MARK])).map(str::to_owned).collect())
    }

    /// The id of the user who may have a 96-bit id.
    pub(super) async fn id_of_entity(&self, tenant: &TenantId, entity: EntityId) -> Result<Option<String>, ChatError> {
        Ok(ENTITIES.get(self.store(), tenant, &entity.to_hex(), "").await?.map(|row| row.value))
    }
}
