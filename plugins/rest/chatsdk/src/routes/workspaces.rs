//! Workspaces: the list, making, one of them, its members.

use axum::Json as Answered;
use axum::extract::State;
use axum::http::StatusCode;
use natter_chat::WorkspaceMember;
use natter_core::EntityId;
use natter_rest::{Json, Path, Query};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::error::ChatSdkError;
use crate::shapes::member::{ChatSdkMember, ChatSdkMembers};
use crate::shapes::paging::{ChatSdkPaging, part};
use crate::shapes::value::ChatSdkId;
use crate::shapes::workspace::{ChatSdkNewWorkspace, ChatSdkWorkspace, ChatSdkWorkspaces};

/// Members of one read, and reads of one call.
const MEMBERS_PAGE: usize = 1_000;
const READS_MAX: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_workspaces, create_workspace))
        .routes(routes!(get_workspace))
        .routes(routes!(list_workspace_members))
}

/// The workspaces that the caller belongs to, in the order of joining.
#[utoipa::path(get, path = "/api/workspaces", security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkWorkspaces), (status = "default", body = ChatSdkError)))]
async fn list_workspaces(State(api): State<Api>, caller: Caller) -> Answer<Answered<ChatSdkWorkspaces>> {
    let workspaces = api.chat().workspaces_of(caller.tenant(), caller.id()).await?;
    Ok(Answered(ChatSdkWorkspaces { workspaces: workspaces.into_iter().map(Into::into).collect() }))
}

/// Makes a workspace with the caller as its admin.
#[utoipa::path(post, path = "/api/workspaces", request_body = ChatSdkNewWorkspace,
    security(("apiKey" = [], "token" = [])),
    responses((status = 201, body = ChatSdkWorkspace), (status = "default", body = ChatSdkError)))]
async fn create_workspace(
    State(api): State<Api>,
    caller: Caller,
    Json(new, ..): Json<ChatSdkNewWorkspace, ChatSdk>,
) -> Answer<(StatusCode, Answered<ChatSdkWorkspace>)> {
    let workspace = api.chat().create_workspace(caller.tenant(), caller.id(), new.into()).await?;
    Ok((StatusCode::CREATED, Answered(workspace.into())))
}

/// One of the caller's workspaces.
#[utoipa::path(get, path = "/api/workspaces/{workspaceId}", params(("workspaceId" = ChatSdkId, Path)),
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkWorkspace), (status = "default", body = ChatSdkError)))]
async fn get_workspace(
    State(api): State<Api>,
    caller: Caller,
    Path(workspace, ..): Path<ChatSdkId, ChatSdk>,
) -> Answer<Answered<ChatSdkWorkspace>> {
    Ok(Answered(api.chat().workspace(caller.tenant(), caller.id(), workspace.0).await?.into()))
}

/// Members of one of the caller's workspaces, in the order of their ids.
#[utoipa::path(get, path = "/api/workspaces/{workspaceId}/members",
    params(("workspaceId" = ChatSdkId, Path), ChatSdkPaging), security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkMembers), (status = "default", body = ChatSdkError)))]
async fn list_workspace_members(
    State(api): State<Api>,
    caller: Caller,
    Path(workspace, ..): Path<ChatSdkId, ChatSdk>,
    Query(paging, ..): Query<ChatSdkPaging, ChatSdk>,
) -> Answer<Answered<ChatSdkMembers>> {
    let wanted = paging.offset.get().saturating_add(paging.limit.get());
    let asked_for = part(first_members(&api, &caller, workspace.0, wanted).await?, &paging);
    let ids: Vec<String> = asked_for.iter().map(|member| member.user.clone()).collect();
    let users = api.chat().users_brief(caller.tenant(), &ids).await?;
    let members = users.into_iter().zip(asked_for).map(|(user, member)| {
        let online = api.chat().is_online(caller.tenant(), &user.id);
        ChatSdkMember::new(user, member.role, member.joined_at, online)
    });
    Ok(Answered(ChatSdkMembers { members: members.collect() }))
}

/// The first members of a workspace, as many as wanted.
async fn first_members(api: &Api, caller: &Caller, workspace: EntityId, wanted: usize) -> Answer<Vec<WorkspaceMember>> {
    let mut members: Vec<WorkspaceMember> = Vec::new();
    for _ in 0..READS_MAX {
        let after = members.last().map(|member| member.user.clone());
        let limit = MEMBERS_PAGE.min(wanted - members.len());
        let page = api.chat().workspace_members(caller.tenant(), caller.id(), workspace, after.as_deref(), limit);
        let page = page.await?;
        let is_end = page.len() < limit;
        members.extend(page);
        if is_end || members.len() >= wanted {
            break;
        }
    }
    Ok(members)
}
