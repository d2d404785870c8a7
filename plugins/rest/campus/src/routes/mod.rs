//! The routes: each reads its request, calls [`Campus`] once, and writes the answer.

mod chats;
mod explore;
mod messages;
mod participants;
mod requests;
mod sync;

use axum::Router;
use axum::middleware::from_fn_with_state;
use natter_rest::{ApiDocument, Dialect, body_limit, idempotent};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::admission::{admit_backend, admit_user};
use crate::campus::Campus;
use crate::errors::CampusDialect;

const TITLE: &str = "Campus communities";
const DESCRIPTION: &str = "Chats of two and group chats of campus communities. Users call with a token that the tenant's \
    backend has signed; the backend tells with its API key who follows whom, what is connected, and what goes on.";
/// Bytes of a body of a tenant's backend, which may bring ten thousand entries.
const SYNC_BODY_BYTES: usize = 32 * 1024 * 1024;

/// All routes with what is around them, and their description.
pub(crate) fn described(campus: &Campus) -> (Router<Campus>, ApiDocument) {
    let routes = OpenApiRouter::with_openapi(foundation()).merge(backend(campus)).merge(user(campus));
    ApiDocument::describe(CampusDialect::NAME, TITLE, DESCRIPTION, routes)
}

/// What a tenant's backend calls with its API key.
fn backend(campus: &Campus) -> OpenApiRouter<Campus> {
    sync::routes().route_layer(from_fn_with_state(campus.clone(), admit_backend)).layer(body_limit(SYNC_BODY_BYTES))
}

/// What users call with their token. What creates may carry an `Idempotency-Key`.
fn user(campus: &Campus) -> OpenApiRouter<Campus> {
    explore::routes()
        .merge(chats::routes())
        .merge(messages::routes())
        .merge(participants::routes())
        .merge(requests::routes())
        .route_layer(from_fn_with_state(campus.rest().clone(), idempotent::<CampusDialect>))
        .route_layer(from_fn_with_state(campus.clone(), admit_user))
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
