//! `/v2/notify`.

use axum::extract::State;
use axum::response::Response;
use natter_rest::Json;

use crate::caller::Caller;
use crate::envelope::{Envelope, Failure, ok};
use crate::errors::{ApiError, OpenChatDialect};
use crate::notify::{NotifiedAll, NotifiedUser, NotifyAllBody, NotifyUserBody};
use crate::open_chat::OpenChat;

/// Emits an event to all sockets of the partner.
#[utoipa::path(
    post,
    path = "/v2/notify/all",
    request_body = NotifyAllBody,
    responses(
        (status = 200, body = Envelope<NotifiedAll>),
        (status = 400, description = "1000, 4000", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 403, description = "4003: beyond a scoped token", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn all(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Json(body, ..): Json<NotifyAllBody, OpenChatDialect>,
) -> Result<Response, ApiError> {
    Ok(ok("Event sent to all clients", open_chat.notify_all(&caller, body).await?))
}

/// Emits an event to one socket of the partner.
#[utoipa::path(
    post,
    path = "/v2/notify/user",
    request_body = NotifyUserBody,
    responses(
        (status = 200, body = Envelope<NotifiedUser>),
        (status = 400, description = "1000, 4000", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 403, description = "4003: beyond a scoped token", body = Failure),
        (status = 404, description = "1004: no such socket", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn user(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Json(body, ..): Json<NotifyUserBody, OpenChatDialect>,
) -> Result<Response, ApiError> {
    Ok(ok("Event sent to the client", open_chat.notify_user(&caller, body).await?))
}
