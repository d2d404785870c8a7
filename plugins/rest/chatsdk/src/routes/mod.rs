//! The routes, one file for each group of the document.

mod channels;
mod devices;
mod files;
mod invites;
mod members;
mod messages;
mod pins;
mod preferences;
mod reactions;
mod read;
mod receipts;
mod search;
mod settings;
mod tokens;
mod typing;
mod users;
mod view;
mod webhooks;
mod workspaces;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::middleware::from_fn_with_state;
use natter_rest::{ApiDocument, Dialect, idempotent};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::admission::{admit_backend, admit_token_call, admit_user};
use crate::api::Api;
use crate::errors::ChatSdk;

/// Bytes of a body of a tenant's backend, which may bring a thousand users.
const BACKEND_BODY_BYTES: usize = 10 * 1024 * 1024;

/// All routes with what is around them, and their description.
pub(crate) fn described(api: &Api) -> (Router<Api>, ApiDocument) {
    let routes = OpenApiRouter::with_openapi(foundation())
        .merge(tokens::routes().route_layer(from_fn_with_state(api.clone(), admit_token_call)))
        .merge(backend(api))
        .merge(user(api))
        .merge(invites::public_routes());
    ApiDocument::describe(
        ChatSdk::NAME,
        "ChatSDK",
        "Channels, messages, users and devices; the events come over Centrifugo's protocol.",
        routes,
    )
}

/// What a tenant's backend calls with the API key alone.
fn backend(api: &Api) -> OpenApiRouter<Api> {
    let once = from_fn_with_state(api.rest().clone(), idempotent::<ChatSdk>);
    users::routes()
        .route_layer(once)
        .merge(webhooks::routes())
        .route_layer(from_fn_with_state(api.clone(), admit_backend))
        .layer(natter_rest::body_limit(BACKEND_BODY_BYTES))
}

/// What users call with the API key and their token.
fn user(api: &Api) -> OpenApiRouter<Api> {
    let creating = channels::routes()
        .merge(members::routes())
        .merge(messages::routes())
        .merge(reactions::routes())
        .merge(pins::routes())
        .merge(devices::routes())
        .merge(workspaces::routes())
        .merge(invites::routes())
        .merge(files::routes())
        .route_layer(from_fn_with_state(api.rest().clone(), idempotent::<ChatSdk>));
    creating
        .merge(read::routes())
        .merge(receipts::routes())
        .merge(settings::routes())
        .merge(typing::routes())
        .merge(search::routes())
        .merge(preferences::routes())
        .route_layer(from_fn_with_state(api.clone(), admit_user))
}

/// The description that the routes are added to: how callers show who they are.
fn foundation() -> OpenApi {
    let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")));
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = ComponentsBuilder::new()
        .security_scheme("apiKey", key)
        .security_scheme("token", SecurityScheme::Http(token))
        .build();
    OpenApiBuilder::new().components(Some(components)).build()
}
