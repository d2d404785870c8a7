//! Messages: pages, sending, one of them, editing and deleting.

use std::time::Duration;

use axum::Json as Answered;
use axum::extract::State;
use axum::http::StatusCode;
use natter_chat::{ChatError, Cursor, DeleteRule, Missing, NewMessage, Page};
use natter_core::EntityId;
use natter_rest::{IdempotencyKey, Json, Path, Query};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk, Problem};
use crate::shapes::error::ChatSdkError;
use crate::shapes::message::{
    ChatSdkMessage, ChatSdkMessageEdit, ChatSdkMessagePage, ChatSdkMessageQuery, ChatSdkNewMessage,
};
use crate::shapes::value::{ChatSdkId, ChatSdkSuccess};

/// How long after sending it a message can be deleted.
const DELETABLE: Duration = Duration::from_secs(15 * 60);

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_messages, send_message)).routes(routes!(
        get_message,
        edit_message,
        delete_message
    ))
}

/// A page of messages, in ascending order of `seq`.
#[utoipa::path(get, path = "/api/channels/{channelId}/messages",
    params(("channelId" = ChatSdkId, Path), ChatSdkMessageQuery), security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkMessagePage), (status = "default", body = ChatSdkError)))]
async fn list_messages(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
    Query(query, ..): Query<ChatSdkMessageQuery, ChatSdk>,
) -> Answer<Answered<ChatSdkMessagePage>> {
    let Page { entries, has_more, max_seq } = page(&api, &caller, channel.0, &query).await?;
    Ok(Answered(ChatSdkMessagePage { messages: entries.into_iter().map(Into::into).collect(), max_seq, has_more }))
}

/// What a query asks for. Its parts exclude each other: two of them would not say which page is meant.
async fn page(api: &Api, caller: &Caller, channel: EntityId, query: &ChatSdkMessageQuery) -> Answer<Page> {
    let limit = query.limit.get();
    let (cursor, field) = match (&query.before, &query.after, query.since_seq, &query.parent_id) {
        (None, None, None, None) => (Cursor::Newest, ""),
        (Some(id), None, None, None) => (Cursor::Before(cursor_id("before", id)?), "before"),
        (None, Some(id), None, None) => (Cursor::After(cursor_id("after", id)?), "after"),
        (None, None, Some(seq), None) => (Cursor::Since(seq.saturating_add(1)), "since_seq"),
        (None, None, None, Some(id)) => {
            let parent = cursor_id("parentId", id)?;
            return Ok(api.chat().thread(caller.tenant(), caller.id(), channel, parent, limit).await?);
        }
        _ => return Err(Problem::invalid("", "Only one of before, after, since_seq and parentId can be given")),
    };
    let page = api.chat().messages(caller.tenant(), caller.id(), channel, cursor, limit).await;
    page.map_err(|error| match error {
        ChatError::NotFound(Missing::Message) => Problem::invalid(field, "names no message of the channel"),
        other => other.into(),
    })
}

fn cursor_id(field: &'static str, text: &str) -> Answer<EntityId> {
    EntityId::parse_uuid(text).ok_or_else(|| Problem::invalid(field, "is no message's id"))
}

/// Sends a message. The answer means that it is durable and has its number.
#[utoipa::path(post, path = "/api/channels/{channelId}/messages", params(("channelId" = ChatSdkId, Path)),
    request_body = ChatSdkNewMessage, security(("apiKey" = [], "token" = [])), responses(
    (status = 201, body = ChatSdkMessage),
    (status = 200, description = "It was sent before with the same `clientId`", body = ChatSdkMessage),
    (status = "default", body = ChatSdkError),
))]
async fn send_message(
    State(api): State<Api>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
    Json(new, ..): Json<ChatSdkNewMessage, ChatSdk>,
) -> Answer<(StatusCode, Answered<ChatSdkMessage>)> {
    let new = NewMessage {
        text: new.text,
        attachments: new.attachments.into_iter().map(Into::into).collect(),
        parent: new.parent_id.map(|id| id.0),
        client_id: new.client_id,
        key: key.map(|key| key.as_str().to_owned()),
        extra: serde_json::Map::new(),
    };
    let sent = api.chat().send(caller.tenant(), caller.id(), channel.0, new).await?;
    let status = if sent.is_repeat { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Answered(ChatSdkMessage::new(sent.message))))
}

/// One message.
#[utoipa::path(get, path = "/api/channels/{channelId}/messages/{messageId}",
    params(("channelId" = ChatSdkId, Path), ("messageId" = ChatSdkId, Path)), security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkMessage), (status = "default", body = ChatSdkError)))]
async fn get_message(
    State(api): State<Api>,
    caller: Caller,
    Path((channel, message), ..): Path<(ChatSdkId, ChatSdkId), ChatSdk>,
) -> Answer<Answered<ChatSdkMessage>> {
    let message = api.chat().message(caller.tenant(), caller.id(), channel.0, message.0).await?;
    Ok(Answered(ChatSdkMessage::new(message)))
}

/// Gives one of the caller's messages another text.
#[utoipa::path(patch, path = "/api/channels/{channelId}/messages/{messageId}",
    params(("channelId" = ChatSdkId, Path), ("messageId" = ChatSdkId, Path)), request_body = ChatSdkMessageEdit,
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkMessage), (status = "default", body = ChatSdkError)))]
async fn edit_message(
    State(api): State<Api>,
    caller: Caller,
    Path((channel, message), ..): Path<(ChatSdkId, ChatSdkId), ChatSdk>,
    Json(edit, ..): Json<ChatSdkMessageEdit, ChatSdk>,
) -> Answer<Answered<ChatSdkMessage>> {
    let message = api.chat().edit(caller.tenant(), caller.id(), channel.0, message.0, edit.text).await?;
    Ok(Answered(ChatSdkMessage::new(message)))
}

/// Deletes one of the caller's messages, within 15 minutes of its sending.
#[utoipa::path(delete, path = "/api/channels/{channelId}/messages/{messageId}",
    params(("channelId" = ChatSdkId, Path), ("messageId" = ChatSdkId, Path)), security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkSuccess), (status = "default", body = ChatSdkError)))]
async fn delete_message(
    State(api): State<Api>,
    caller: Caller,
    Path((channel, message), ..): Path<(ChatSdkId, ChatSdkId), ChatSdk>,
) -> Answer<Answered<ChatSdkSuccess>> {
    let rule = DeleteRule::SenderWithin(DELETABLE);
    api.chat().delete_message(caller.tenant(), caller.id(), channel.0, message.0, rule).await?;
    Ok(ChatSdkSuccess::json())
}
