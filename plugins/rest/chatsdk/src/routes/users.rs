//! Users, for a tenant's backend: the list, one of them, saving, deleting, revoking tokens. Many at once: `users/bulk.rs`.

mod bulk;

use axum::Json as Answered;
use axum::extract::State;
use natter_chat::{ChatError, Missing, User};
use natter_rest::{Json, Limit, Offset, Path, Query};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::tokens::of_user_id;
use crate::admission::Backend;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::error::ChatSdkError;
use crate::shapes::user::{
    ChatSdkDeletedUser, ChatSdkListedUser, ChatSdkProfile, ChatSdkSavedUser, ChatSdkUserDetail, ChatSdkUserList,
};
use crate::shapes::value::{ChatSdkSuccess, ChatSdkTime};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_users))
        .routes(routes!(get_user, save_user, delete_user))
        .routes(routes!(revoke_tokens))
        .merge(bulk::routes())
}

/// Which users.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ChatSdkUserQuery {
    /// Most users; at most 100.
    limit: Limit<50, 100>,
    /// Users to pass over.
    offset: Offset,
    /// A part of the name, in any letter case.
    q: Option<String>,
}

/// The users of the app, in the order of their ids.
#[utoipa::path(get, path = "/api/users", params(ChatSdkUserQuery), security(("apiKey" = [])),
    responses((status = 200, body = ChatSdkUserList), (status = "default", body = ChatSdkError)))]
async fn list_users(
    State(api): State<Api>,
    backend: Backend,
    Query(query, ..): Query<ChatSdkUserQuery, ChatSdk>,
) -> Answer<Answered<ChatSdkUserList>> {
    let (tenant, chat) = (backend.tenant(), api.chat());
    let users = chat.list_users(tenant, query.offset.get(), query.limit.get(), query.q.as_deref()).await?;
    let ids: Vec<String> = users.iter().map(|user| user.id.clone()).collect();
    let activity = chat.users_activity(tenant, &ids).await?;
    let users = users.iter().zip(activity).map(|(user, active)| ChatSdkListedUser {
        id: user.id.clone(),
        name: user.profile.name.clone(),
        image: user.profile.image.clone(),
        last_active_at: active.map(ChatSdkTime),
        online: chat.is_online(tenant, &user.id),
    });
    Ok(Answered(ChatSdkUserList { users: users.collect() }))
}

/// All that is known of a user.
#[utoipa::path(get, path = "/api/users/{userId}", params(("userId" = String, Path)), security(("apiKey" = [])),
    responses((status = 200, body = ChatSdkUserDetail), (status = "default", body = ChatSdkError)))]
async fn get_user(
    State(api): State<Api>,
    backend: Backend,
    Path(id, ..): Path<String, ChatSdk>,
) -> Answer<Answered<ChatSdkUserDetail>> {
    let (tenant, chat) = (backend.tenant(), api.chat());
    let user = chat.user(tenant, &id).await?.ok_or(ChatError::NotFound(Missing::User))?;
    let active = chat.last_active_at(tenant, &id).await?;
    Ok(Answered(detail(&user, active, chat.is_online(tenant, &id))))
}

fn detail(user: &User, active: Option<i64>, online: bool) -> ChatSdkUserDetail {
    let profile = user.profile.clone();
    ChatSdkUserDetail {
        id: user.id.clone(),
        name: profile.name,
        image: profile.image,
        email: profile.email,
        custom: profile.custom,
        last_active_at: active.map(ChatSdkTime),
        online,
        created_at: ChatSdkTime(user.created_at),
        updated_at: ChatSdkTime(user.updated_at),
    }
}

/// Makes a user or changes its profile.
#[utoipa::path(put, path = "/api/users/{userId}", params(("userId" = String, Path)), request_body = ChatSdkProfile,
    security(("apiKey" = [])),
    responses((status = 200, body = ChatSdkSavedUser), (status = "default", body = ChatSdkError)))]
async fn save_user(
    State(api): State<Api>,
    backend: Backend,
    Path(id, ..): Path<String, ChatSdk>,
    Json(profile, ..): Json<ChatSdkProfile, ChatSdk>,
) -> Answer<Answered<ChatSdkSavedUser>> {
    let saved = api.chat().upsert_user(backend.tenant(), &id, profile.into()).await;
    let (user, _) = saved.map_err(|error| of_user_id("userId", error))?;
    Ok(Answered((&*user).into()))
}

/// Deletes a user with its memberships, devices and tokens. Its messages stay.
#[utoipa::path(delete, path = "/api/users/{userId}", params(("userId" = String, Path)), security(("apiKey" = [])),
    responses((status = 200, body = ChatSdkDeletedUser), (status = "default", body = ChatSdkError)))]
async fn delete_user(
    State(api): State<Api>,
    backend: Backend,
    Path(id, ..): Path<String, ChatSdk>,
) -> Answer<Answered<ChatSdkDeletedUser>> {
    api.chat().delete_user(backend.tenant(), &id).await?;
    Ok(Answered(ChatSdkDeletedUser { success: true, deleted_user_id: id }))
}

/// Makes all tokens void that the user has got so far.
#[utoipa::path(post, path = "/api/users/{userId}/revoke", params(("userId" = String, Path)), security(("apiKey" = [])),
    responses((status = 200, body = ChatSdkSuccess), (status = "default", body = ChatSdkError)))]
async fn revoke_tokens(
    State(api): State<Api>,
    backend: Backend,
    Path(id, ..): Path<String, ChatSdk>,
) -> Answer<Answered<ChatSdkSuccess>> {
    api.chat().revoke_tokens(backend.tenant(), &id).await?;
    Ok(ChatSdkSuccess::json())
}
