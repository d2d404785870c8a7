//! What the caller wants to be notified of.

use axum::Json as Answered;
use axum::extract::State;
use natter_chat::Preferences;
use natter_rest::Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Caller;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk};
use crate::shapes::error::ChatSdkError;
use crate::shapes::preferences::{ChatSdkNovuPreferences, ChatSdkPreferencesAnswer, ChatSdkPreferencesPatch};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get_preferences, change_preferences))
}

/// The caller's preferences.
#[utoipa::path(get, path = "/api/devices/preferences", security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkPreferencesAnswer), (status = "default", body = ChatSdkError)))]
async fn get_preferences(State(api): State<Api>, caller: Caller) -> Answer<Answered<ChatSdkPreferencesAnswer>> {
    Ok(answered(api.chat().preferences(caller.tenant(), caller.id()).await?))
}

/// Changes some of them.
#[utoipa::path(patch, path = "/api/devices/preferences", request_body = ChatSdkPreferencesPatch,
    security(("apiKey" = [], "token" = [])),
    responses((status = 200, body = ChatSdkPreferencesAnswer), (status = "default", body = ChatSdkError)))]
async fn change_preferences(
    State(api): State<Api>,
    caller: Caller,
    Json(patch, ..): Json<ChatSdkPreferencesPatch, ChatSdk>,
) -> Answer<Answered<ChatSdkPreferencesAnswer>> {
    Ok(answered(api.chat().change_preferences(caller.tenant(), caller.id(), patch.into()).await?))
}

fn answered(preferences: Preferences) -> Answered<ChatSdkPreferencesAnswer> {
    let novu_preferences = ChatSdkNovuPreferences::default();
    Answered(ChatSdkPreferencesAnswer { preferences: preferences.into(), novu_preferences })
}
