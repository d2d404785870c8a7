//! Channels: the list, making, one of them, changing and deleting.

use axum::Json as Answered;
use axum::extract::State;
use axum::http::StatusCode;
use natter_chat::{ChannelType, NewChannel};
use natter_rest::{Json, Path, Query};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view;
use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk, Problem};
use crate::shapes::channel::{
    ChatSdkChannelDetail, ChatSdkChannelList, ChatSdkChannelPatch, ChatSdkChannelQuery, ChatSdkCount, ChatSdkNewChannel,
};
use crate::shapes::error::ChatSdkError;
use crate::shapes::value::{ChatSdkId, ChatSdkSuccess};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_channels, create_channel)).routes(routes!(count_unread)).routes(routes!(
        get_channel,
        change_channel,
        delete_channel
    ))
}

/// The channels that the caller is a member of.
#[utoipa::path(get, path = "/api/channels", params(ChatSdkChannelQuery), security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkChannelList), (status = "default", body = ChatSdkError)))]
async fn list_channels(
    State(api): State<Api>,
    caller: Caller,
    Query(query, ..): Query<ChatSdkChannelQuery, ChatSdk>,
) -> Answer<Answered<ChatSdkChannelList>> {
    let all = api.chat().channels(caller.tenant(), caller.id(), query.kind.map(Into::into)).await?;
    let asked_for = all.into_iter().skip(query.offset.get()).take(query.limit.get());
    Ok(Answered(ChatSdkChannelList { channels: asked_for.map(Into::into).collect() }))
}

/// Makes a channel. A conversation of two that is there already is the answer again, with 200.
#[utoipa::path(post, path = "/api/channels", request_body = ChatSdkNewChannel,
    security(("apiKey" = [], "token" = [])), responses(
    (status = 201, body = ChatSdkChannelDetail),
    (status = 200, body = ChatSdkChannelDetail),
    (status = "default", body = ChatSdkError),
))]
async fn create_channel(
    State(api): State<Api>,
    caller: Caller,
    Json(new, ..): Json<ChatSdkNewChannel, ChatSdk>,
) -> Answer<(StatusCode, Answered<ChatSdkChannelDetail>)> {
    let new = domain_channel(new)?;
    let (overview, is_new) = api.chat().create_channel(caller.tenant(), caller.id(), new).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Answered(view::channel(&api, &caller, overview).await?)))
}

fn domain_channel(new: ChatSdkNewChannel) -> Answer<NewChannel> {
    let kind = ChannelType::from(new.kind);
    if new.name.is_none() && kind != ChannelType::Messaging {
        return Err(Problem::invalid("name", "is required"));
    }
    Ok(NewChannel {
        kind,
        name: new.name.unwrap_or_default(),
        description: new.description,
        image: new.image,
        members: new.member_ids.unwrap_or_default(),
        workspace: new.workspace_id.map(|id| id.0),
        extra: serde_json::Map::new(),
    })
}

/// What the caller has not read in all channels that are not muted.
#[utoipa::path(get, path = "/api/channels/unread-count", security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkCount), (status = "default", body = ChatSdkError)))]
async fn count_unread(State(api): State<Api>, caller: Caller) -> Answer<Answered<ChatSdkCount>> {
    let count = api.chat().total_unread(caller.tenant(), caller.id()).await?;
    Ok(Answered(ChatSdkCount { count }))
}

/// One channel.
#[utoipa::path(get, path = "/api/channels/{channelId}", params(("channelId" = ChatSdkId, Path)),
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkChannelDetail), (status = "default", body = ChatSdkError)))]
async fn get_channel(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
) -> Answer<Answered<ChatSdkChannelDetail>> {
    let overview = api.chat().channel(caller.tenant(), caller.id(), channel.0).await?;
    Ok(Answered(view::channel(&api, &caller, overview).await?))
}

/// Changes a channel's name, description or picture; for its owners and admins.
#[utoipa::path(patch, path = "/api/channels/{channelId}", params(("channelId" = ChatSdkId, Path)),
    request_body = ChatSdkChannelPatch, security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkChannelDetail), (status = "default", body = ChatSdkError)))]
async fn change_channel(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
    Json(patch, ..): Json<ChatSdkChannelPatch, ChatSdk>,
) -> Answer<Answered<ChatSdkChannelDetail>> {
    let changed = api.chat().change_channel_details(caller.tenant(), caller.id(), channel.0, patch.into()).await?;
    Ok(Answered(view::channel(&api, &caller, changed).await?))
}

/// Deletes a channel with everything in it; for its owners.
#[utoipa::path(delete, path = "/api/channels/{channelId}", params(("channelId" = ChatSdkId, Path)),
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkSuccess), (status = "default", body = ChatSdkError)))]
async fn delete_channel(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
) -> Answer<Answered<ChatSdkSuccess>> {
    api.chat().delete_channel(caller.tenant(), caller.id(), channel.0).await?;
    Ok(ChatSdkSuccess::json())
}
