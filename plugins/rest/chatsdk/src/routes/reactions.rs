//! Reactions.

use axum::Json as Answered;
use axum::extract::State;
use axum::http::StatusCode;
use natter_rest::{Json, Path};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::error::ChatSdkError;
use crate::shapes::reaction::{ChatSdkNewReaction, ChatSdkReaction, ChatSdkReactions};
use crate::shapes::value::{ChatSdkId, ChatSdkSuccess};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(add_reaction)).routes(routes!(remove_reaction))
}

/// Adds the caller's reaction to a message; with 200 if it was there.
#[utoipa::path(post, path = "/api/channels/{channelId}/messages/{messageId}/reactions",
    params(("channelId" = ChatSdkId, Path), ("messageId" = ChatSdkId, Path)), request_body = ChatSdkNewReaction,
    security(("apiKey" = [], "token" = [])), responses(
    (status = 201, body = ChatSdkReactions),
    (status = 200, body = ChatSdkReactions),
    (status = "default", body = ChatSdkError),
))]
async fn add_reaction(
    State(api): State<Api>,
    caller: Caller,
    Path((channel, message), ..): Path<(ChatSdkId, ChatSdkId), ChatSdk>,
    Json(new, ..): Json<ChatSdkNewReaction, ChatSdk>,
) -> Answer<(StatusCode, Answered<ChatSdkReactions>)> {
    let added = api.chat().react(caller.tenant(), caller.id(), channel.0, message.0, &new.emoji).await?;
    let (reactions, is_new) = added;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Answered(ChatSdkReactions { reactions: ChatSdkReaction::all(reactions) })))
}

/// Takes the caller's reaction back; nothing happens if there is none.
#[utoipa::path(delete, path = "/api/channels/{channelId}/messages/{messageId}/reactions/{emoji}",
    params(("channelId" = ChatSdkId, Path), ("messageId" = ChatSdkId, Path), ("emoji" = String, Path)),
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkSuccess), (status = "default", body = ChatSdkError)))]
async fn remove_reaction(
    State(api): State<Api>,
    caller: Caller,
    Path((channel, message, emoji), ..): Path<(ChatSdkId, ChatSdkId, String), ChatSdk>,
) -> Answer<Answered<ChatSdkSuccess>> {
    api.chat().unreact(caller.tenant(), caller.id(), channel.0, message.0, &emoji).await?;
    Ok(ChatSdkSuccess::json())
}
