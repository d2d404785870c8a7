//! Making and changing users.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use natter_core::{EntityId, TenantId};

use super::{AT_ONCE, USERS, check};
use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::model::{Profile, User, UserPatch};

/// A change of a user's row.
pub(super) struct Change {
    pub(super) before: Option<User>,
    pub(super) after: Arc<User>,
}

impl Chat {
    /// Makes a user or changes its profile; true when the user is new. A deleted one begins a new life under its ids.
    ///
    /// # Errors
    /// A field's value cannot be taken, or the id is another user's 96-bit id.
    pub async fn upsert_user(
        &self,
        tenant: &TenantId,
        id: &str,
        patch: UserPatch,
    ) -> Result<(Arc<User>, bool), ChatError> {
        check::patch(&patch)?;
        self.upsert_if(tenant, id, &patch, |_| Ok(())).await
    }

    /// [`Self::upsert_user`] for many, side by side; entries with the same id one after the other. Answers in their order.
    pub async fn sync_users(
        &self,
        tenant: &TenantId,
        entries: Vec<(String, UserPatch)>,
    ) -> Vec<Result<(Arc<User>, bool), ChatError>> {
        let mut of_id: HashMap<String, Vec<(usize, UserPatch)>> = HashMap::new();
        for (index, (id, patch)) in entries.into_iter().enumerate() {
            of_id.entry(id).or_default().push((index, patch));
        }
        let upserts = stream::iter(of_id).map(async |(id, patches)| {
            let mut done = Vec::with_capacity(patches.len());
            for (index, patch) in patches {
                done.push((index, self.upsert_user(tenant, &id, patch).await));
            }
            done
        });
        let done: Vec<_> = upserts.buffer_unordered(AT_ONCE).boxed().collect().await;
        let mut done: Vec<_> = done.into_iter().flatten().collect();
        done.sort_unstable_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, result)| result).collect()
    }

    /// Makes or changes a user, unless `admit` refuses what is there.
    pub(super) async fn upsert_if(
        &self,
        tenant: &TenantId,
        id: &str,
        patch: &UserPatch,
        admit: impl Fn(&User) -> Result<(), ChatError>,
    ) -> Result<(Arc<User>, bool), ChatError> {
        check::id(id)?;
        let known = self.find_user(tenant, id).await?;
        if known.as_ref().is_some_and(|user| user.is_leaving) {
            self.finish_deletion(tenant, id).await?;
        }
        let entity = match known {
            Some(user) => user.entity,
            None => self.new_entity(tenant, id).await?,
        };
        let now_ms = self.now_ms();
        let change = self.change_user(tenant, id, |user| {
            user.map_or(Ok(()), &admit)?;
            patched(id, entity, user, patch, now_ms)
        });
        let Change { before, after } = change.await?;
        Ok((after, !before.is_some_and(|before| before.is_alive())))
    }

    /// The 96-bit id of a user to be made.
    async fn new_entity(&self, tenant: &TenantId, id: &str) -> Result<EntityId, ChatError> {
        let Some(entity) = EntityId::parse_hex(id) else { return Ok(self.new_id()) };
        match self.user_by_entity(tenant, entity).await? {
            Some(_) => Err(ChatError::Conflict("the id is another user's 24-digit id")),
            None => Ok(entity),
        }
    }

    /// Changes a user's row by a pure function, and what leads to it. `None` leaves the row as it is.
    pub(super) async fn change_user(
        &self,
        tenant: &TenantId,
        id: &str,
        change: impl Fn(Option<&User>) -> Result<Option<User>, ChatError>,
    ) -> Result<Change, ChatError> {
        let known = self.read_user(tenant, id).await?;
        // What leads to a user is there before the user is: a crash between the two leaves nothing that is not found.
        let planned = change(known.as_deref())?;
        if let Some(planned) = &planned {
            self.put_hints(tenant, known.as_deref(), planned).await?;
        }
        let mut before = None;
        let written = USERS.update(self.store(), tenant, id, "", |user| {
            before = user.cloned();
            change(user)
        });
        let row = written.await?.ok_or(ChatError::NotFound(Missing::User))?;
        let after = self.0.users.remember(tenant, row);
        for stale in [&before, &planned].into_iter().flatten() {
            self.settle_hints(tenant, stale, &after).await?;
        }
        Ok(Change { before, after })
    }
}

/// The user after a patch; `None` when nothing changes.
fn patched(
    id: &str,
    entity: EntityId,
    user: Option<&User>,
    patch: &UserPatch,
    now_ms: i64,
) -> Result<Option<User>, ChatError> {
    if user.is_some_and(|user| user.is_leaving) {
        return Err(ChatError::Conflict("the user is being deleted"));
    }
    let alive = user.filter(|user| user.is_alive());
    let unnamed = Profile { name: id.to_owned(), ..Profile::default() };
    let profile = with_patch(id, alive.map_or(&unnamed, |user| &user.profile), patch);
    if alive.is_some_and(|user| user.profile == profile) {
        return Ok(None);
    }
    Ok(Some(User {
        id: id.to_owned(),
        entity: user.map_or(entity, |user| user.entity),
        profile,
        created_at: alive.map_or(now_ms, |user| user.created_at),
        updated_at: now_ms,
        tokens_valid_from: user.and_then(|user| user.tokens_valid_from),
        deleted_at: None,
        is_leaving: false,
    }))
}

fn with_patch(id: &str, profile: &Profile, patch: &UserPatch) -> Profile {
    let UserPatch { name, email, image, custom } = patch.clone();
    let name = name.map(|name| name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.to_owned()));
    Profile {
        name: name.unwrap_or_else(|| profile.name.clone()),
        email: email.unwrap_or_else(|| profile.email.clone()),
        image: image.unwrap_or_else(|| profile.image.clone()),
        custom: custom.map_or_else(|| profile.custom.clone(), Option::unwrap_or_default),
    }
}
