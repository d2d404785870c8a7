//! Receipts: who has read what.

use axum::Json as Answered;
use axum::extract::State;
use natter_chat::Receipts;
use natter_rest::{Json, Path, Rejection};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view;
use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk, Problem};
use crate::shapes::error::ChatSdkError;
use crate::shapes::receipt::{
    ChatSdkReadPosition, ChatSdkReadStatus, ChatSdkReader, ChatSdkReaders, ChatSdkReceipt, ChatSdkReceiptAnswer,
    ChatSdkReceiptMap, ChatSdkReceiptQuery, ChatSdkReceipts,
};
use crate::shapes::value::ChatSdkId;

/// Messages of one query.
const MESSAGES_MAX: usize = 200;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(acknowledge))
        .routes(routes!(message_receipts))
        .routes(routes!(query_receipts))
        .routes(routes!(read_status))
}

/// The caller has read a message, and all before it.
#[utoipa::path(post, path = "/api/channels/{channelId}/receipts", params(("channelId" = ChatSdkId, Path)),
    request_body = ChatSdkReceipt, security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkReceiptAnswer), (status = "default", body = ChatSdkError)))]
async fn acknowledge(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
    Json(receipt, ..): Json<ChatSdkReceipt, ChatSdk>,
) -> Answer<Answered<ChatSdkReceiptAnswer>> {
    let message = receipt.message_id.0;
    let position = api.chat().acknowledge(caller.tenant(), caller.id(), channel.0, message).await?;
    Ok(Answered(ChatSdkReceiptAnswer { success: true, last_read_message_id: position.message.map(Into::into) }))
}

/// Who has read a message.
#[utoipa::path(get, path = "/api/channels/{channelId}/receipts/messages/{messageId}/receipts",
    params(("channelId" = ChatSdkId, Path), ("messageId" = ChatSdkId, Path)), security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkReceipts), (status = "default", body = ChatSdkError)))]
async fn message_receipts(
    State(api): State<Api>,
    caller: Caller,
    Path((channel, message), ..): Path<(ChatSdkId, ChatSdkId), ChatSdk>,
) -> Answer<Answered<ChatSdkReceipts>> {
    let receipts = api.chat().receipts(caller.tenant(), caller.id(), channel.0, message.0).await?;
    let read_by = readers(&api, &caller, &receipts).await?;
    Ok(Answered(ChatSdkReceipts { read_count: read_by.len(), read_by, total_members: receipts.members }))
}

/// Who has read each of some messages.
#[utoipa::path(post, path = "/api/channels/{channelId}/receipts/query", params(("channelId" = ChatSdkId, Path)),
    request_body = ChatSdkReceiptQuery, security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkReceiptMap), (status = "default", body = ChatSdkError)))]
async fn query_receipts(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
    Json(query, ..): Json<ChatSdkReceiptQuery, ChatSdk>,
) -> Answer<Answered<ChatSdkReceiptMap>> {
    if query.message_ids.len() > MESSAGES_MAX {
        return Err(Problem::invalid("messageIds", format!("are too many: at most {MESSAGES_MAX}")));
    }
    // The channel is asked for even when no message is.
    api.chat().channel(caller.tenant(), caller.id(), channel.0).await?;
    let ask = |id: &ChatSdkId| api.chat().receipts(caller.tenant(), caller.id(), channel.0, id.0);
    let asked = query.message_ids.iter().map(ask).collect();
    let mut receipts = serde_json::Map::new();
    for found in view::each(asked).await? {
        let readers = readers(&api, &caller, &found).await?;
        let answer = serde_json::to_value(ChatSdkReaders { read_count: readers.len(), readers });
        receipts.insert(found.message.to_uuid(), answer.map_err(|error| Rejection::internal(&error))?);
    }
    Ok(Answered(ChatSdkReceiptMap { receipts }))
}

/// The read positions of all members.
#[utoipa::path(get, path = "/api/channels/{channelId}/receipts/read-status", params(("channelId" = ChatSdkId, Path)),
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkReadStatus), (status = "default", body = ChatSdkError)))]
async fn read_status(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
) -> Answer<Answered<ChatSdkReadStatus>> {
    let members = api.chat().members(caller.tenant(), caller.id(), channel.0).await?;
    let named = view::named(&api, caller.tenant(), &members).await?.into_iter();
    let members = named.map(|(user, member)| ChatSdkReadPosition::new(user, member)).collect();
    Ok(Answered(ChatSdkReadStatus { members }))
}

async fn readers(api: &Api, caller: &Caller, receipts: &Receipts) -> Answer<Vec<ChatSdkReader>> {
    let named = view::named(api, caller.tenant(), &receipts.readers).await?.into_iter();
    Ok(named.map(|(user, member)| ChatSdkReader::new(user, member)).collect())
}
