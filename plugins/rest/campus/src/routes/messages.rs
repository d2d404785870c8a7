//! Messages of a chat, and having read them.

use axum::Json as Answered;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use natter_rest::{IdempotencyKey, Path, Query};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, CampusDialect};
use crate::shapes::error::CampusError;
use crate::shapes::message::{
    CampusMessageForm, CampusMessages, CampusMessagesQuery, CampusNewMessage, CampusOneMessage,
};
use crate::shapes::participant::CampusLastRead;
use crate::shapes::value::CampusId;

pub(super) fn routes() -> OpenApiRouter<Campus> {
    OpenApiRouter::new().routes(routes!(list_messages, send_message)).routes(routes!(mark_read))
}

/// Messages of one of the caller's chats, the oldest first.
#[utoipa::path(get, path = "/chats/{id}/messages", params(("id" = CampusId, Path), CampusMessagesQuery),
    security(("token" = [])),
    responses((status = 200, body = CampusMessages), (status = "default", body = CampusError)))]
async fn list_messages(
    State(campus): State<Campus>,
    caller: Caller,
    Path(id, ..): Path<String, CampusDialect>,
    Query(query, ..): Query<CampusMessagesQuery, CampusDialect>,
) -> Answer<Answered<CampusMessages>> {
    Ok(Answered(campus.messages(&caller, &id, query).await?))
}

/// Sends a message, with files that are somewhere already or that come in a form.
#[utoipa::path(post, path = "/chats/{id}/messages", params(("id" = CampusId, Path)),
    request_body(content((CampusNewMessage = "application/json"), (CampusMessageForm = "multipart/form-data"))),
    security(("token" = [])), responses(
    (status = 201, body = CampusOneMessage),
    (status = "default", body = CampusError),
))]
async fn send_message(
    State(campus): State<Campus>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    Path(id, ..): Path<String, CampusDialect>,
    request: Request,
) -> Answer<(StatusCode, Answered<CampusOneMessage>)> {
    let message = campus.send(&caller, &id, key, request).await?;
    Ok((StatusCode::CREATED, Answered(CampusOneMessage { message })))
}

/// Marks all messages of a chat as read.
#[utoipa::path(post, path = "/chats/{id}/read", params(("id" = CampusId, Path)), security(("token" = [])),
    responses((status = 200, body = CampusLastRead), (status = "default", body = CampusError)))]
async fn mark_read(
    State(campus): State<Campus>,
    caller: Caller,
    Path(id, ..): Path<String, CampusDialect>,
) -> Answer<Answered<CampusLastRead>> {
    Ok(Answered(campus.read(&caller, &id).await?))
}
