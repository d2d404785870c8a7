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
    let preferences = api.chat().preferences(caller.tenant(), caller.id()).await?;
    Ok(answered(&api, &caller, preferences).await)
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
    let preferences = api.chat().change_preferences(caller.tenant(), caller.id(), patch.into()).await?;
    Ok(answered(&api, &caller, preferences).await)
}

/// Novu is asked each time: what its subscribers choose there is known nowhere else.
async fn answered(api: &Api, caller: &Caller, preferences: Preferences) -> Answered<ChatSdkPreferencesAnswer> {
    let novu = api.push().novu_preferences(caller.id()).await;
    let novu_preferences = novu.as_ref().map(ChatSdkNovuPreferences::of).unwrap_or_default();
    Answered(ChatSdkPreferencesAnswer { preferences: preferences.into(), novu_preferences })
}
