//! `POST /api/channels/{channelId}/typing`.

use axum::Json as Answered;
use axum::extract::State;
use natter_rest::{Json, Path};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::channel::ChatSdkTyping;
use crate::shapes::error::ChatSdkError;
use crate::shapes::value::{ChatSdkId, ChatSdkSuccess};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(set_typing))
}

/// Tells a channel that the caller types, or has stopped; after 6 s without another call it has.
#[utoipa::path(post, path = "/api/channels/{channelId}/typing", params(("channelId" = ChatSdkId, Path)),
    request_body = Option<ChatSdkTyping>, security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkSuccess), (status = "default", body = ChatSdkError)))]
async fn set_typing(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
    Json(typing, ..): Json<ChatSdkTyping, ChatSdk>,
) -> Answer<Answered<ChatSdkSuccess>> {
    let is_typing = typing.typing.unwrap_or(true);
    api.chat().set_typing(caller.tenant(), caller.id(), channel.0, is_typing).await?;
    Ok(ChatSdkSuccess::json())
}
