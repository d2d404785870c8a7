//! `PUT /api/webhooks`: where the tenant's server is told what happens.

use axum::Json as Answered;
use axum::extract::State;
use natter_chat::ChatError;
use natter_outbox::webhook::check_endpoint;
use natter_rest::Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::Backend;
use crate::api::Api;
use crate::errors::{Answer, ChatSdk, Problem};
use crate::shapes::error::ChatSdkError;
use crate::shapes::webhook::{ChatSdkNewWebhook, ChatSdkWebhook};
use crate::webhooks::is_partner;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(set_webhook))
}

/// Sets the app's webhook, or removes it with an empty URL. An Open Chat partner has its webhook there (409).
#[utoipa::path(put, path = "/api/webhooks", request_body = ChatSdkNewWebhook, security(("apiKey" = [])),
    responses((status = 200, body = ChatSdkWebhook), (status = "default", body = ChatSdkError)))]
async fn set_webhook(
    State(api): State<Api>,
    backend: Backend,
    Json(new, ..): Json<ChatSdkNewWebhook, ChatSdk>,
) -> Answer<Answered<ChatSdkWebhook>> {
    if is_partner(backend.tenant()) {
        return Err(ChatError::Conflict("an Open Chat partner sets its webhook through Open Chat").into());
    }
    let url = Some(new.url).filter(|url| !url.is_empty());
    if let Some(url) = &url {
        let checked = check_endpoint(api.client(), url).await;
        checked.map_err(|refusal| Problem::invalid("url", refusal.message()))?;
    }
    let set = api.chat().set_webhook(backend.tenant(), url, new.secret).await?;
    Ok(Answered(ChatSdkWebhook::new(set.as_deref())))
}
