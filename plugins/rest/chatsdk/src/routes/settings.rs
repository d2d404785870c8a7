//! `PATCH /api/channels/{channelId}/settings`.

use axum::Json as Answered;
use axum::extract::State;
use natter_chat::SettingsPatch;
use natter_rest::{Json, Path};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::channel::{ChatSdkSettings, ChatSdkSettingsAnswer};
use crate::shapes::error::ChatSdkError;
use crate::shapes::value::ChatSdkId;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(change_settings))
}

/// Changes the caller's own settings of a channel.
#[utoipa::path(patch, path = "/api/channels/{channelId}/settings", params(("channelId" = ChatSdkId, Path)),
    request_body = ChatSdkSettings, security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkSettingsAnswer), (status = "default", body = ChatSdkError)))]
async fn change_settings(
    State(api): State<Api>,
    caller: Caller,
    Path(channel, ..): Path<ChatSdkId, ChatSdk>,
    Json(settings, ..): Json<ChatSdkSettings, ChatSdk>,
) -> Answer<Answered<ChatSdkSettingsAnswer>> {
    let patch = SettingsPatch { starred: settings.starred, muted: settings.muted };
    let member = api.chat().change_settings(caller.tenant(), caller.id(), channel.0, patch).await?;
    Ok(Answered(ChatSdkSettingsAnswer { success: true, starred: member.starred, muted: member.muted }))
}
