//! Invites: making them, joining by them, and the page that describes one to whoever has its link.
//!
//! A link says nothing but the invite's token, so the token that is shown begins with the app's id.

use axum::Json as Answered;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue, REFERRER_POLICY};
use axum::response::{Html, IntoResponse, Response};
use natter_chat::{ChatError, Missing};
use natter_core::TenantId;
use natter_rest::{Json, Path};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::error::ChatSdkError;
use crate::shapes::value::{ChatSdkId, ChatSdkTime};
use crate::shapes::workspace::{ChatSdkInvite, ChatSdkInviteView, ChatSdkJoin, ChatSdkNewInvite, ChatSdkWorkspace};

/// The page runs nothing and loads nothing, and its address, which lets in, is told to nobody.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(create_invite)).routes(routes!(join_workspace))
}

/// What needs neither key nor token: who has the link may look.
pub(super) fn public_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(show_invite))
}

/// Makes an invite link; for admins of the workspace.
#[utoipa::path(post, path = "/api/workspaces/{workspaceId}/invite", params(("workspaceId" = ChatSdkId, Path)),
    request_body = Option<ChatSdkNewInvite>, security(("apiKey" = [], "token" = [])),
    responses((status = 201, body = ChatSdkInvite), (status = "default", body = ChatSdkError)))]
async fn create_invite(
    State(api): State<Api>,
    caller: Caller,
    Path(workspace, ..): Path<ChatSdkId, ChatSdk>,
    Json(new, ..): Json<ChatSdkNewInvite, ChatSdk>,
) -> Answer<(StatusCode, Answered<ChatSdkInvite>)> {
    let invite = api.chat().create_invite(caller.tenant(), caller.id(), workspace.0, new.into()).await?;
    let token = format!("{}.{}", caller.tenant().as_str(), invite.token);
    let invite_url = format!("{}/invite/{token}", api.public_url());
    let invite = ChatSdkInvite { token, invite_url, expires_at: ChatSdkTime(invite.expires_at) };
    Ok((StatusCode::CREATED, Answered(invite)))
}

/// Joins a workspace by an invite.
#[utoipa::path(post, path = "/api/workspaces/join", request_body = ChatSdkJoin,
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkWorkspace), (status = "default", body = ChatSdkError)))]
async fn join_workspace(
    State(api): State<Api>,
    caller: Caller,
    Json(join, ..): Json<ChatSdkJoin, ChatSdk>,
) -> Answer<Answered<ChatSdkWorkspace>> {
    let own = split(&join.token).filter(|(tenant, _)| *tenant == caller.tenant().as_str());
    let (_, token) = own.ok_or(ChatError::NotFound(Missing::Invite))?;
    Ok(Answered(api.chat().join_workspace(caller.tenant(), caller.id(), token).await?.into()))
}

/// Describes an invite by which users can still join: as a page to browsers, in JSON to programs.
#[utoipa::path(get, path = "/invite/{token}", params(("token" = String, Path)),
    responses((status = 200, body = ChatSdkInviteView), (status = "default", body = ChatSdkError)))]
async fn show_invite(
    State(api): State<Api>,
    headers: HeaderMap,
    Path(token, ..): Path<String, ChatSdk>,
) -> Answer<Response> {
    let view = view(&api, &token).await?;
    let accepts = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let mut response = match accepts.contains("text/html") {
        true => Html(page(&view, &token)).into_response(),
        false => Answered(view).into_response(),
    };
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn view(api: &Api, token: &str) -> Answer<ChatSdkInviteView> {
    let missing = ChatError::NotFound(Missing::Invite);
    let (tenant, token) = split(token).ok_or(missing.clone())?;
    let tenant = api.rest().callers().tenants().get(tenant).ok_or(missing)?;
    let tenant: &TenantId = tenant.id();
    let invite = api.chat().invite(tenant, token).await?;
    let workspace = api.chat().invited_workspace(tenant, &invite).await?;
    Ok(ChatSdkInviteView::new(&invite, workspace))
}

/// The app's id and the domain's token, in which there is no dot.
fn split(token: &str) -> Option<(&str, &str)> {
    token.rsplit_once('.')
}

fn page(view: &ChatSdkInviteView, token: &str) -> String {
    let name = html_escape::encode_text(view.workspace_name());
    let token = html_escape::encode_text(token);
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title>\
         <h1>You are invited to {name}</h1><p>Join in your app with this code:</p><p><code>{token}</code></p></html>"
    )
}
