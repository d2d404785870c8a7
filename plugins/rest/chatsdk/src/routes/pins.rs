//! Pinned messages.

use axum::Json as Answered;
use axum::extract::State;
use natter_rest::Path;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::error::ChatSdkError;
use crate::shapes::message::{ChatSdkMessage, ChatSdkPins};
use crate::shapes::value::{ChatSdkId, ChatSdkSuccess};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(pin_message, unpin_message)).routes(routes!(list_pins))
}

/// Pins a message to its channel.
#[utoipa::path(post, path = "/api/channels/{channelId}/messages/{messageId}/pin",
    params(("channelId" = ChatSdkId, Path), ("messageId" = ChatSdkId, Path)), security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkSuccess), (status = "default", body = ChatSdkError)))]
async fn pin_message(
    State(api): State<Api>,
    caller: Caller,
    Path((channel, message), ..): Path<(ChatSdkId, ChatSdkId), ChatSdk>,
) -> Answer<Answered<ChatSdkSuccess>> {
    api.chat().set_pin(caller.tenant(), caller.id(), channel.0, message.0, true).await?;
    Ok(ChatSdkSuccess::json())
}

/// Takes a message off.
#[utoipa::path(delete, path = "/api/channels/{channelId}/messages/{messageId}/pin",
    params(("channelId" = ChatSdkId, Path), ("messageId" = ChatSdkId, Path)), security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkSuccess), (status = "default", body = ChatSdkError)))]
async fn unpin_message(
    State(api): State<Api>,
    caller: Caller,
    Path((channel, message), ..): Path<(ChatSdkId, ChatSdkId), ChatSdk>,
) -> Answer<Answered<ChatSdkSuccess>> {
    api.chat().set_pin(caller.tenant(), caller.id(), channel.0, message.0, false).await?;
    Ok(ChatSdkSuccess::json())
}

/// The pinned messages of a channel, the newest pin first.
#[utoipa::path(get, path = "/api/channels/{channelId}/pins", params(("channelId" = ChatSdkId, Path)),
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkPins), (status = "default", body = ChatSdkError)))]
async fn list_pins(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
) -> Answer<Answered<ChatSdkPins>> {
    let pinned = api.chat().pins(caller.tenant(), caller.id(), channel.0).await?;
    Ok(Answered(ChatSdkPins { messages: pinned.into_iter().map(ChatSdkMessage::new).collect() }))
}
