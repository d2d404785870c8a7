//! `POST /api/channels/{channelId}/read`.

use axum::Json as Answered;
use axum::extract::State;
use natter_rest::{Json, Path};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::error::ChatSdkError;
use crate::shapes::receipt::{ChatSdkRead, ChatSdkReadAnswer};
use crate::shapes::value::ChatSdkId;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(mark_read))
}

/// The caller has read all messages, or all up to one. The position never goes back.
#[utoipa::path(post, path = "/api/channels/{channelId}/read", params(("channelId" = ChatSdkId, Path)),
    request_body = Option<ChatSdkRead>, security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkReadAnswer), (status = "default", body = ChatSdkError)))]
async fn mark_read(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
    Json(read, ..): Json<ChatSdkRead, ChatSdk>,
) -> Answer<Answered<ChatSdkReadAnswer>> {
    let message = read.message_id.map(|id| id.0);
    let position = api.chat().mark_read(caller.tenant(), caller.id(), channel.0, message).await?;
    Ok(Answered(ChatSdkReadAnswer { success: true, last_read_seq: position.seq }))
}
