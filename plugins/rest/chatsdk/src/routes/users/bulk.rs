//! Many users at once: syncing and deleting them.

use axum::Json as Answered;
use axum::extract::State;
use natter_chat::{ChatError, Missing, UserPatch};
use natter_core::TenantId;
use natter_rest::{Json, Rejection, decode_json};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::view;
use crate::admission::Backend;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::error::ChatSdkError;
use crate::shapes::user::{
    ChatSdkDeletedUsers, ChatSdkSync, ChatSdkSyncAnswer, ChatSdkSyncError, ChatSdkSyncedUser, ChatSdkUserIds,
};

/// Users of one call.
const USERS_MAX: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(sync_users)).routes(routes!(delete_users))
}

/// Makes and changes users. Those that are wrong are named, the others are taken.
#[utoipa::path(post, path = "/api/users/sync", request_body = ChatSdkSync, security(("apiKey" = [])),
    responses((status = 200, body = ChatSdkSyncAnswer), (status = "default", body = ChatSdkError)))]
async fn sync_users(
    State(api): State<Api>,
    backend: Backend,
    Json(sync, ..): Json<ChatSdkSync, ChatSdk>,
) -> Answer<Answered<ChatSdkSyncAnswer>> {
    check_number(sync.users.len())?;
    Ok(Answered(synced(&api, backend.tenant(), sync.users).await?))
}

async fn synced(api: &Api, tenant: &TenantId, users: Vec<Value>) -> Answer<ChatSdkSyncAnswer> {
    let (mut indices, mut entries, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (index, user) in users.iter().enumerate() {
        match entry(user) {
            Ok(entry) => {
                indices.push((index, entry.0.clone()));
                entries.push(entry);
            }
            Err(rejection) => errors.push(refused(index, id_of(user), rejection.message())),
        }
    }
    let (mut created, mut updated) = (0, 0);
    for ((index, id), saved) in indices.into_iter().zip(api.chat().sync_users(tenant, entries).await) {
        match saved {
            Ok((_, true)) => created += 1,
            Ok((_, false)) => updated += 1,
            Err(error @ (ChatError::Unavailable | ChatError::Internal)) => return Err(error.into()),
            Err(error) => errors.push(refused(index, Some(id), error.to_string())),
        }
    }
    errors.sort_unstable_by_key(|error| error.index);
    Ok(ChatSdkSyncAnswer { synced: created + updated, created, updated, errors })
}

fn entry(user: &Value) -> Result<(String, UserPatch), Rejection> {
    let text = user.to_string();
    if !user.is_object() {
        return Err(Rejection::invalid("", "The user must be an object"));
    }
    let user: ChatSdkSyncedUser = decode_json(text.as_bytes())?;
    Ok((user.id, user.profile.into()))
}

fn id_of(user: &Value) -> Option<String> {
    user.get("id").and_then(Value::as_str).map(str::to_owned)
}

fn refused(index: usize, id: Option<String>, message: String) -> ChatSdkSyncError {
    ChatSdkSyncError { index, id, message }
}

/// Deletes users. Those who are not there are passed over.
#[utoipa::path(post, path = "/api/users/bulk-delete", request_body = ChatSdkUserIds, security(("apiKey" = [])),
    responses((status = 200, body = ChatSdkDeletedUsers), (status = "default", body = ChatSdkError)))]
async fn delete_users(
    State(api): State<Api>,
    backend: Backend,
    Json(users, ..): Json<ChatSdkUserIds, ChatSdk>,
) -> Answer<Answered<ChatSdkDeletedUsers>> {
    check_number(users.user_ids.len())?;
    let mut ids = users.user_ids;
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    let deletions = ids.into_iter().map(|id| delete(&api, backend.tenant(), id)).collect();
    let deleted: Vec<String> = view::each(deletions).await?.into_iter().flatten().collect();
    Ok(Answered(ChatSdkDeletedUsers { success: true, count: deleted.len(), deleted }))
}

async fn delete(api: &Api, tenant: &TenantId, id: String) -> Result<Option<String>, ChatError> {
    match api.chat().delete_user(tenant, &id).await {
        Ok(()) => Ok(Some(id)),
        Err(ChatError::NotFound(Missing::User)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn check_number(users: usize) -> Answer<()> {
    match users <= USERS_MAX {
        true => Ok(()),
        false => Err(Rejection::TooLarge { limit: USERS_MAX as u64, what: "users" }.into()),
    }
}
