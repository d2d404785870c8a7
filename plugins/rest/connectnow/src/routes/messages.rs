//! `/api/chats/{chat_id}/messages`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use natter_rest::{IdempotencyKey, Path};

use super::{Asked, Here, gone, made, ok};
use crate::admission::Sent;
use crate::bodies::MessageBody;
use crate::caller::Caller;
use crate::connect_now::ConnectNow;
use crate::errors::{ApiError, ConnectNowDialect, Failure};
use crate::messages::BesideQuery;
use crate::paging::{ListOf, PageQuery};
use crate::shapes::{MessageView, One};

/// The chat's messages, newest last.
#[utoipa::path(
    get,
    path = "/api/chats/{chat_id}/messages",
    operation_id = "list_messages",
    params(("chat_id" = String, Path), PageQuery, BesideQuery),
    responses(
        (status = 200, body = ListOf<MessageView>),
        (status = 401, body = Failure),
        (status = 403, description = "Of another chat", body = Failure),
        (status = 404, body = Failure),
        (status = 422, description = "No such page number or cursor", body = Failure),
    ),
    security(("api_token" = []), ("chat_user_token" = [])),
)]
pub(super) async fn list(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
    Here(url): Here,
    page: Asked<PageQuery>,
    beside: Asked<BesideQuery>,
) -> Result<Response, ApiError> {
    let chat = connect_now.visible_chat(&caller, &id).await?;
    let list = connect_now.messages(&chat, &page?.0, &beside?.0, &url).await?;
    Ok(axum::Json(list).into_response())
}

/// A message.
#[utoipa::path(
    get,
    path = "/api/chats/{chat_id}/messages/{message_id}",
    operation_id = "show_message",
    params(("chat_id" = String, Path), ("message_id" = String, Path)),
    responses(
        (status = 200, body = One<MessageView>),
        (status = 401, body = Failure),
        (status = 403, description = "Of another chat", body = Failure),
        (status = 404, body = Failure),
    ),
    security(("api_token" = []), ("chat_user_token" = [])),
)]
pub(super) async fn show(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path((id, message), ..): Path<(String, String), ConnectNowDialect>,
) -> Result<Response, ApiError> {
    let chat = connect_now.visible_chat(&caller, &id).await?;
    Ok(ok(MessageView::of(&connect_now.message(&chat, &message).await?)))
}

/// Sends a message as the chat user of the token.
#[utoipa::path(
    post,
    path = "/api/chats/{chat_id}/messages",
    operation_id = "create_message",
    params(("chat_id" = String, Path)),
    request_body = MessageBody,
    responses(
        (status = 201, body = One<MessageView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 401, body = Failure),
        (status = 403, description = "With an API token, to another chat, or to a closed one", body = Failure),
        (status = 404, body = Failure),
        (status = 422, body = Failure),
    ),
    security(("chat_user_token" = [])),
)]
pub(super) async fn create(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path(id, ..): Path<String, ConnectNowDialect>,
    key: Option<IdempotencyKey>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let chat = connect_now.chat_to_send_to(&caller, &id).await?;
    let body = MessageBody::read(sent.fields()?)?;
    let key = key.map(|key| key.as_str().to_owned());
    Ok(made(connect_now.send(&chat, body.message, key).await?))
}

/// Gives a message another text: its sender, or the API user.
#[utoipa::path(
    put,
    path = "/api/chats/{chat_id}/messages/{message_id}",
    operation_id = "edit_message",
    params(("chat_id" = String, Path), ("message_id" = String, Path)),
    request_body = MessageBody,
    responses(
        (status = 200, body = One<MessageView>),
        (status = 400, description = "The body cannot be read", body = Failure),
        (status = 401, body = Failure),
        (status = 403, description = "Of another sender or chat", body = Failure),
        (status = 404, body = Failure),
        (status = 422, body = Failure),
    ),
    security(("api_token" = []), ("chat_user_token" = [])),
)]
pub(super) async fn edit(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path((id, message), ..): Path<(String, String), ConnectNowDialect>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let chat = connect_now.visible_chat(&caller, &id).await?;
    connect_now.message(&chat, &message).await?;
    let body = MessageBody::read(sent.fields()?)?;
    Ok(ok(connect_now.edit(&chat, &message, body.message).await?))
}

/// Deletes a message: its sender, or the API user.
#[utoipa::path(
    delete,
    path = "/api/chats/{chat_id}/messages/{message_id}",
    operation_id = "delete_message",
    params(("chat_id" = String, Path), ("message_id" = String, Path)),
    responses(
        (status = 204),
        (status = 401, body = Failure),
        (status = 403, description = "Of another sender or chat", body = Failure),
        (status = 404, body = Failure),
    ),
    security(("api_token" = []), ("chat_user_token" = [])),
)]
pub(super) async fn delete(
    State(connect_now): State<ConnectNow>,
    caller: Caller,
    Path((id, message), ..): Path<(String, String), ConnectNowDialect>,
) -> Result<Response, ApiError> {
    let chat = connect_now.visible_chat(&caller, &id).await?;
    connect_now.delete_message(&chat, &message).await?;
    Ok(gone())
}
