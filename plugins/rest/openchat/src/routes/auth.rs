//! `/v2/auth`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use natter_rest::{ClientAddress, Json, address_key};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::{
    Me, NewAccessToken, RegisterBody, Registered, Scoped, SocketTokenBody, WebhookBody, WebhookView,
};
use crate::caller::Caller;
use crate::envelope::{Envelope, Failure, made, ok};
use crate::errors::{ApiError, OpenChatDialect};
use crate::open_chat::OpenChat;
use crate::time::iso;

/// A body that has nothing of its own.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct PartnerBody {
    /// Has to be the caller's, if given.
    username: Option<String>,
}

/// What a test event is called.
#[derive(Serialize, ToSchema)]
pub(super) struct TestEvent {
    /// Always `ping`.
    event: &'static str,
}

/// Makes an account and its access token, which is shown here only.
#[utoipa::path(
    post,
    path = "/v2/auth/register",
    request_body = RegisterBody,
    responses(
        (status = 201, body = Envelope<Registered>),
        (status = 400, description = "1000", body = Failure),
        (status = 409, description = "1006: the name or the address is taken", body = Failure),
        (status = 429, description = "1000: too many registrations from one address", body = Failure),
    ),
)]
pub(super) async fn register(
    State(open_chat): State<OpenChat>,
    ClientAddress(address): ClientAddress,
    Json(body, ..): Json<RegisterBody, OpenChatDialect>,
) -> Result<Response, ApiError> {
    let per_minute = open_chat.settings().registrations_per_minute;
    let key = address_key(address);
    open_chat.rest().limits().take("openchat.register", "", &key, per_minute).check()?;
    let registered = open_chat.accounts().register(body).await?;
    Ok(made(true, "User registered successfully", registered))
}

/// Sets the webhook, or removes it with an empty URL.
#[utoipa::path(
    post,
    path = "/v2/auth/webhook",
    request_body = WebhookBody,
    responses(
        (status = 200, body = Envelope<WebhookView>),
        (status = 400, description = "1000: not https, or not a public address; 4000", body = Failure),
        (status = 401, description = "4001", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn set_webhook(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Json(body, ..): Json<WebhookBody, OpenChatDialect>,
) -> Result<Response, ApiError> {
    caller.check_username(body.username.as_deref())?;
    let view = open_chat.set_webhook(&caller, &body.webhook_url).await?;
    let message = if view.webhook_url.is_some() { "Webhook registered successfully" } else { "Webhook removed" };
    Ok(ok(message, view))
}

/// Sends a `ping` event to the webhook.
#[utoipa::path(
    post,
    path = "/v2/auth/webhook/test",
    responses(
        (status = 200, body = Envelope<TestEvent>),
        (status = 401, description = "4001", body = Failure),
        (status = 404, description = "1004: there is no webhook", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn test_webhook(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Json(body, ..): Json<PartnerBody, OpenChatDialect>,
) -> Result<Response, ApiError> {
    caller.check_username(body.username.as_deref())?;
    open_chat.test_webhook(&caller).await?;
    Ok(ok("Test event queued", TestEvent { event: "ping" }))
}

/// The caller's account.
#[utoipa::path(
    get,
    path = "/v2/auth/me",
    responses((status = 200, body = Envelope<Me>), (status = 401, description = "4001", body = Failure)),
    security(("token" = [])),
)]
pub(super) async fn me(caller: Caller) -> Result<Response, ApiError> {
    caller.require_partner()?;
    let account = caller.account();
    let me = Me {
        username: account.username.clone(),
        email: account.email.clone(),
        webhook_url: account.webhook.as_ref().map(|webhook| webhook.url.clone()),
        created_at: iso(account.created_at),
    };
    Ok(ok("Current user info", me))
}

/// Makes a new access token; the one before stays good for 60 s.
#[utoipa::path(
    post,
    path = "/v2/auth/rotate",
    responses((status = 200, body = Envelope<NewAccessToken>), (status = 401, description = "4001", body = Failure)),
    security(("token" = [])),
)]
pub(super) async fn rotate(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Json(body, ..): Json<PartnerBody, OpenChatDialect>,
) -> Result<Response, ApiError> {
    caller.check_username(body.username.as_deref())?;
    let token = open_chat.accounts().rotate(&caller).await?;
    Ok(ok("Access token rotated", token))
}

/// Makes a token that may act as one shop or user only; what a browser gets.
#[utoipa::path(
    post,
    path = "/v2/auth/socket-token",
    request_body = SocketTokenBody,
    responses(
        (status = 201, body = Envelope<Scoped>),
        (status = 400, description = "1000, 4000", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 403, description = "4003: a scoped token makes none", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn socket_token(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Json(body, ..): Json<SocketTokenBody, OpenChatDialect>,
) -> Result<Response, ApiError> {
    let token = open_chat.accounts().make_scoped(&caller, body).await?;
    Ok((StatusCode::CREATED, axum::Json(Envelope::new("Socket token created", token))).into_response())
}
