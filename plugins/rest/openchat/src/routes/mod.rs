//! The routes: each reads its request, calls [`OpenChat`] once, and writes the answer.

mod auth;
mod chats;
mod notify;

use axum::Router;
use axum::middleware::from_fn_with_state;
use natter_rest::{ApiDocument, Dialect, also_at, idempotent};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::admit;
use crate::errors::OpenChatDialect;
use crate::open_chat::OpenChat;

const TITLE: &str = "Open Chat API v2";
const DESCRIPTION: &str = "Real-time chat between shops and their customers. Every answer is an envelope `{status, code, \
    message, data}`. Requests carry the access token of `POST /v2/auth/register` in `Authorization`. The same routes \
    are at `/v1`, deprecated.";

/// The routes with their description.
pub(crate) fn described(open_chat: &OpenChat) -> (Router<OpenChat>, ApiDocument) {
    ApiDocument::describe(OpenChatDialect::NAME, TITLE, DESCRIPTION, all(open_chat))
}

fn all(open_chat: &OpenChat) -> OpenApiRouter<OpenChat> {
    let public = OpenApiRouter::with_openapi(base()).routes(routes!(auth::register));
    public.merge(protected(open_chat))
}

/// What needs a token. What creates may carry an `Idempotency-Key`, unless it hands out a secret.
fn protected(open_chat: &OpenChat) -> OpenApiRouter<OpenChat> {
    let creating = OpenApiRouter::new()
        .routes(routes!(chats::open_room))
        .routes(also_at(routes!(chats::send), "/v2/chats/reply", "reply"))
        .routes(routes!(chats::broadcast))
        .routes(routes!(chats::upload))
        .route_layer(from_fn_with_state(open_chat.rest().clone(), idempotent::<OpenChatDialect>));
    OpenApiRouter::new()
        .routes(routes!(auth::set_webhook))
        .routes(routes!(auth::test_webhook))
        .routes(routes!(auth::me))
        .routes(routes!(auth::rotate))
        .routes(routes!(auth::socket_token))
        .routes(routes!(chats::rooms))
        .routes(routes!(chats::room))
        .routes(routes!(chats::messages))
        .routes(routes!(chats::mark_read))
        .routes(routes!(notify::all))
        .routes(routes!(notify::user))
        .merge(creating)
        .route_layer(from_fn_with_state(open_chat.clone(), admit))
}

/// The document before there is a route in it.
fn base() -> OpenApi {
    let token = ApiKeyValue::with_description("Authorization", "The access token, bare or behind `Bearer`");
    let mut components = Components::new();
    components.add_security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(token)));
    let mut document = OpenApi::default();
    document.components = Some(components);
    document
}
