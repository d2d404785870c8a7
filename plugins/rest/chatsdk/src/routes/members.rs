//! Members: the list, adding and removing, joining, roles.

use axum::Json as Answered;
use axum::extract::State;
use natter_rest::{Json, Path, Query};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view;
use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk, Problem};
use crate::shapes::error::ChatSdkError;
use crate::shapes::member::{ChatSdkJoined, ChatSdkMember, ChatSdkMembers, ChatSdkNewMembers, ChatSdkRoleChange};
use crate::shapes::paging::{ChatSdkPaging, part};
use crate::shapes::value::{ChatSdkId, ChatSdkSuccess};

/// Users that one call adds.
const ADDED_MAX: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_members, add_members))
        .routes(routes!(change_role, remove_member))
        .routes(routes!(join_channel))
}

/// Members in the order of their joining.
#[utoipa::path(get, path = "/api/channels/{channelId}/members", params(("channelId" = ChatSdkId, Path), ChatSdkPaging),
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkMembers), (status = "default", body = ChatSdkError)))]
async fn list_members(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
    Query(paging, ..): Query<ChatSdkPaging, ChatSdk>,
) -> Answer<Answered<ChatSdkMembers>> {
    let all = api.chat().members(caller.tenant(), caller.id(), channel.0).await?;
    let members = view::members(&api, caller.tenant(), &part(all, &paging)).await?;
    Ok(Answered(ChatSdkMembers { members }))
}

/// Adds users; for owners and admins. Answers with those who were asked for, also if they were members before.
#[utoipa::path(post, path = "/api/channels/{channelId}/members", params(("channelId" = ChatSdkId, Path)),
    request_body = ChatSdkNewMembers, security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkMembers), (status = "default", body = ChatSdkError)))]
async fn add_members(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
    Json(new, ..): Json<ChatSdkNewMembers, ChatSdk>,
) -> Answer<Answered<ChatSdkMembers>> {
    let mut users = new.user_ids;
    users.sort_unstable();
    users.dedup();
    if users.is_empty() || users.len() > ADDED_MAX {
        return Err(Problem::invalid("userIds", format!("must name 1 to {ADDED_MAX} users")));
    }
    api.chat().add_members(caller.tenant(), caller.id(), channel.0, &users).await?;
    let mut members = api.chat().members(caller.tenant(), caller.id(), channel.0).await?;
    members.retain(|member| users.binary_search(&member.user).is_ok());
    Ok(Answered(ChatSdkMembers { members: view::members(&api, caller.tenant(), &members).await? }))
}

/// Joins a public or livestream channel. Whoever belongs to it stays as it is.
#[utoipa::path(post, path = "/api/channels/{channelId}/join", params(("channelId" = ChatSdkId, Path)),
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkJoined), (status = "default", body = ChatSdkError)))]
async fn join_channel(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
) -> Answer<Answered<ChatSdkJoined>> {
    let (member, _) = api.chat().join(caller.tenant(), caller.id(), channel.0).await?;
    let members = view::members(&api, caller.tenant(), &[member]).await?;
    Ok(Answered(ChatSdkJoined { success: true, members }))
}

/// Gives a member another role; for owners.
#[utoipa::path(patch, path = "/api/channels/{channelId}/members/{userId}",
    params(("channelId" = ChatSdkId, Path), ("userId" = String, Path)), request_body = ChatSdkRoleChange,
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkMember), (status = "default", body = ChatSdkError)))]
async fn change_role(
    State(api): State<Api>,
    caller: Caller,
    Path((channel, user), ..): Path<(ChatSdkId, String), ChatSdk>,
    Json(change, ..): Json<ChatSdkRoleChange, ChatSdk>,
) -> Answer<Answered<ChatSdkMember>> {
    let role = change.role.into();
    let member = api.chat().set_role(caller.tenant(), caller.id(), channel.0, &user, role).await?;
    let user = api.chat().users_brief(caller.tenant(), std::slice::from_ref(&member.user)).await?;
    let online = api.chat().is_online(caller.tenant(), &member.user);
    let user = user.into_iter().next().ok_or(natter_chat::ChatError::Internal)?;
    Ok(Answered(ChatSdkMember::new(user, member.role, member.joined_at, online)))
}

/// Takes a member out; for owners and admins, and for oneself to leave.
#[utoipa::path(delete, path = "/api/channels/{channelId}/members/{userId}",
    params(("channelId" = ChatSdkId, Path), ("userId" = String, Path)), security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkSuccess), (status = "default", body = ChatSdkError)))]
async fn remove_member(
    State(api): State<Api>,
    caller: Caller,
    Path((channel, user), ..): Path<(ChatSdkId, String), ChatSdk>,
) -> Answer<Answered<ChatSdkSuccess>> {
    api.chat().remove_member(caller.tenant(), caller.id(), channel.0, &user).await?;
    Ok(ChatSdkSuccess::json())
}
