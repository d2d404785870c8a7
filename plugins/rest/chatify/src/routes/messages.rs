//! `/api/v1/message`.

use axum::extract::{Request, State};
use axum::response::Response;
use natter_rest::{Form, IdempotencyKey, Path, Query, streamed_list};
use serde::Serialize;
use utoipa::ToSchema;

use crate::admission::Caller;
use crate::chatify::Chatify;
use crate::envelope::{Done, Failure, Success, done, made, ok};
use crate::errors::{ApiError, ChatifyDialect};
use crate::messages::{EditBody, MessageBody, MessageForm, MessagesQuery};
use crate::views::{MessageView, SentView};

/// One message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OneMessage {
    message: SentView,
}

/// Messages.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a list that is written while it is made")]
pub(super) struct AllMessages {
    messages: Vec<MessageView>,
}

/// Sends a message, with or without files.
#[utoipa::path(
    post,
    path = "/api/v1/message",
    request_body(content(
        (MessageBody = "application/json"),
        (MessageBody = "application/x-www-form-urlencoded"),
        (MessageForm = "multipart/form-data"),
    )),
    responses(
        (status = 201, body = Success<OneMessage>),
        (status = 200, description = "A repeat: the first message", body = Success<OneMessage>),
        (status = 400, body = Failure),
        (status = 401, body = Failure),
        (status = 403, description = "A conversation of others", body = Failure),
        (status = 404, description = "No such conversation", body = Failure),
        (status = 413, description = "Too many or too large files; none of them is kept", body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn send_message(
    State(chatify): State<Chatify>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    request: Request,
) -> Result<Response, ApiError> {
    let key = key.map(|key| key.as_str().to_owned());
    let (message, is_new) = chatify.send(&caller, request, key).await?;
    Ok(made(is_new, OneMessage { message }))
}

/// Messages of a conversation, the oldest first. What is answered counts as read.
#[utoipa::path(
    get,
    path = "/api/v1/message/{conversationId}",
    params(("conversationId" = String, Path), MessagesQuery),
    responses(
        (status = 200, body = Success<AllMessages>),
        (status = 400, description = "Not 24 hexadecimal digits", body = Failure),
        (status = 401, body = Failure),
        (status = 403, description = "A conversation of others", body = Failure),
        (status = 404, description = "No such conversation", body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn list_messages(
    State(chatify): State<Chatify>,
    caller: Caller,
    Path(conversation, ..): Path<String, ChatifyDialect>,
    Query(query, ..): Query<MessagesQuery, ChatifyDialect>,
) -> Result<Response, ApiError> {
    let messages = chatify.messages(&caller, &conversation, &query).await?;
    Ok(streamed_list(r#"{"status":"success","data":{"messages":"#.to_owned(), messages, "}}"))
}

/// Gives a message of the caller another text.
#[utoipa::path(
    put,
    path = "/api/v1/message/{conversationId}",
    params(("conversationId" = String, Path, description = "The message")),
    request_body = EditBody,
    responses(
        (status = 200, body = Success<OneMessage>),
        (status = 400, body = Failure),
        (status = 401, body = Failure),
        (status = 403, description = "A message of the other one", body = Failure),
        (status = 404, body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn edit_message(
    State(chatify): State<Chatify>,
    caller: Caller,
    Path(id, ..): Path<String, ChatifyDialect>,
    Form(body, ..): Form<EditBody, ChatifyDialect>,
) -> Result<Response, ApiError> {
    Ok(ok(OneMessage { message: chatify.edit(&caller, &id, body).await? }))
}

/// Deletes a message of the caller.
#[utoipa::path(
    delete,
    path = "/api/v1/message/{conversationId}",
    params(("conversationId" = String, Path, description = "The message")),
    responses(
        (status = 200, body = Success<Done>),
        (status = 400, body = Failure),
        (status = 401, body = Failure),
        (status = 403, description = "A message of the other one", body = Failure),
        (status = 404, body = Failure),
        (status = "default", description = "What is wrong everywhere", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn delete_message(
    State(chatify): State<Chatify>,
    caller: Caller,
    Path(id, ..): Path<String, ChatifyDialect>,
) -> Result<Response, ApiError> {
    chatify.delete(&caller, &id).await?;
    Ok(done())
}
