//! `/v2/chats`.

use axum::extract::{Request, State};
use axum::response::Response;
use natter_rest::{IdempotencyKey, Json, Path, Query, Rejection};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::envelope::{Envelope, Failure, made, ok};
use crate::errors::{ApiError, OpenChatDialect};
use crate::files::{FileForm, FileView};
use crate::list;
use crate::message::MessageView;
use crate::messages::{BroadcastBody, MarkRead, MarkReadBody, MessagesQuery, SendBody, Sent, broadcast_message};
use crate::open_chat::OpenChat;
use crate::room::RoomView;
use crate::rooms::{NewRoom, RoomsQuery};
use crate::side::Side;

/// What a broadcast has sent.
#[derive(Serialize, ToSchema)]
pub(super) struct Broadcast {
    /// How many messages.
    broadcast_count: usize,
    /// Each of them.
    messages: Vec<Sent>,
}

/// Finds or makes the room of a shop and a user.
#[utoipa::path(
    post,
    path = "/v2/chats/rooms",
    request_body = NewRoom,
    responses(
        (status = 201, body = Envelope<RoomView>),
        (status = 200, description = "It was there already", body = Envelope<RoomView>),
        (status = 400, description = "1000, 4000", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 403, description = "4003: beyond a scoped token", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn open_room(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Json(body, ..): Json<NewRoom, OpenChatDialect>,
) -> Result<Response, ApiError> {
    let (room, is_new) = open_chat.open_room(&caller, body).await?;
    Ok(made(is_new, if is_new { "Chatroom created" } else { "Chatroom exists" }, room))
}

/// Rooms of a shop or a user, the one with the newest message first.
#[utoipa::path(
    get,
    path = "/v2/chats/rooms/{type}/{id}",
    params(("type" = Side, Path), ("id" = String, Path), RoomsQuery),
    responses(
        (status = 200, body = Envelope<Vec<RoomView>>),
        (status = 400, description = "1000", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 404, description = "1005: there is none", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn rooms(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Path((side, id), ..): Path<(String, String), OpenChatDialect>,
    Query(query, ..): Query<RoomsQuery, OpenChatDialect>,
) -> Result<Response, ApiError> {
    let side = Side::parse(&side).ok_or_else(|| Rejection::invalid("type", "must be shop or user"))?;
    Ok(list::list("Chatrooms", open_chat.rooms(&caller, side, &id, query).await?))
}

/// A room.
#[utoipa::path(
    get,
    path = "/v2/chats/room/{room_id}",
    params(("room_id" = String, Path)),
    responses(
        (status = 200, body = Envelope<RoomView>),
        (status = 400, description = "1000: not 24 hexadecimal digits", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 403, description = "4003: another partner's", body = Failure),
        (status = 404, description = "1004", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn room(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Path(room_id, ..): Path<String, OpenChatDialect>,
) -> Result<Response, ApiError> {
    Ok(ok("Chatroom details", open_chat.room_view(&caller, &room_id).await?))
}

/// Messages of a room, the oldest first.
#[utoipa::path(
    get,
    path = "/v2/chats/messages/{room_id}",
    params(("room_id" = String, Path), MessagesQuery),
    responses(
        (status = 200, body = Envelope<Vec<MessageView>>),
        (status = 400, description = "1000", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 403, description = "4003: another partner's", body = Failure),
        (status = 404, description = "1004", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn messages(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Path(room_id, ..): Path<String, OpenChatDialect>,
    Query(query, ..): Query<MessagesQuery, OpenChatDialect>,
) -> Result<Response, ApiError> {
    Ok(list::list("Messages", open_chat.messages(&caller, &room_id, query).await?))
}

/// Sends a message to a room.
#[utoipa::path(
    post,
    path = "/v2/chats/send",
    request_body = SendBody,
    responses(
        (status = 201, body = Envelope<Sent>),
        (status = 200, description = "A repeat of a client_id: the first message", body = Envelope<Sent>),
        (status = 400, description = "1000, 4000", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 403, description = "4003: another partner's room, or not the sender's", body = Failure),
        (status = 404, description = "1004", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn send(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    Json(body, ..): Json<SendBody, OpenChatDialect>,
) -> Result<Response, ApiError> {
    let (sent, is_new) = open_chat.send(&caller, body, text_of(key)).await?;
    Ok(made(is_new, "Message sent successfully", sent))
}

/// Marks a room as read by one side.
#[utoipa::path(
    post,
    path = "/v2/chats/mark-read",
    request_body = MarkReadBody,
    responses(
        (status = 200, body = Envelope<MarkRead>),
        (status = 400, description = "1000, 4000", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 403, description = "4003: another partner's room", body = Failure),
        (status = 404, description = "1004", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn mark_read(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    Json(body, ..): Json<MarkReadBody, OpenChatDialect>,
) -> Result<Response, ApiError> {
    Ok(ok("Room marked as read", open_chat.mark_read(&caller, body).await?))
}

/// Sends a message to all customers of a shop.
#[utoipa::path(
    post,
    path = "/v2/chats/broadcast",
    request_body = BroadcastBody,
    responses(
        (status = 200, body = Envelope<Broadcast>),
        (status = 400, description = "1000, 4000", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 403, description = "4003: beyond a scoped token", body = Failure),
        (status = 404, description = "1005: the shop has no rooms", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn broadcast(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    Json(body, ..): Json<BroadcastBody, OpenChatDialect>,
) -> Result<Response, ApiError> {
    let sent = open_chat.broadcast(&caller, body, text_of(key)).await?;
    let message = broadcast_message(sent.count);
    Ok(list::counted(&message, ("broadcast_count", sent.count), "messages", sent.messages))
}

/// Takes a file for a message of type image, file or audio.
#[utoipa::path(
    post,
    path = "/v2/chats/files",
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, body = Envelope<FileView>),
        (status = 400, description = "1000: no file; 4000", body = Failure),
        (status = 401, description = "4001", body = Failure),
        (status = 413, description = "1000: too large", body = Failure),
        (status = 415, description = "1000: no form", body = Failure),
    ),
    security(("token" = [])),
)]
pub(super) async fn upload(
    State(open_chat): State<OpenChat>,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    Ok(made(true, "File uploaded", open_chat.take_file(&caller, request).await?))
}

fn text_of(key: Option<IdempotencyKey>) -> Option<String> {
    key.map(|key| key.as_str().to_owned())
}
