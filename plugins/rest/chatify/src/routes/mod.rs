//! The routes: each reads its request, calls [`Chatify`] once, and writes the answer.

mod auth;
mod conversations;
mod messages;
mod passwords;
#[cfg(test)]
mod tests;
mod users;

use axum::Router;
use axum::middleware::from_fn_with_state;
use natter_rest::{ApiDocument, Dialect, idempotent};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::admit;
use crate::chatify::Chatify;
use crate::errors::ChatifyDialect;

const TITLE: &str = "ChatifyAPI";
const DESCRIPTION: &str = "Conversations of two between people who sign in with email and password. Every answer is an \
    envelope: `{status: \"success\", data}` or `{status: \"error\", message}`. What happens comes over Socket.IO as \
    `message`, `conversation` and `typing`.";

/// The routes with their description.
pub(crate) fn described(chatify: &Chatify) -> (Router<Chatify>, ApiDocument) {
    let public = OpenApiRouter::with_openapi(foundation())
        .routes(routes!(auth::login))
        .routes(routes!(auth::register))
        .routes(routes!(auth::refresh_token))
        .routes(routes!(passwords::forgot_password))
        .routes(routes!(passwords::reset_password));
    ApiDocument::describe(ChatifyDialect::NAME, TITLE, DESCRIPTION, public.merge(protected(chatify)))
}

/// What needs a token. What creates may carry an `Idempotency-Key`.
fn protected(chatify: &Chatify) -> OpenApiRouter<Chatify> {
    let once = from_fn_with_state(chatify.rest().clone(), idempotent::<ChatifyDialect>);
    let creating = OpenApiRouter::new()
        .routes(routes!(conversations::open_conversation))
        .routes(routes!(messages::send_message))
        .route_layer(once);
    OpenApiRouter::new()
        .routes(routes!(auth::logout))
        .routes(routes!(passwords::change_password))
        .routes(routes!(conversations::list_conversations))
        .routes(routes!(messages::list_messages))
        .routes(routes!(messages::edit_message, messages::delete_message))
        .routes(routes!(users::get_me))
        .routes(routes!(users::find_users))
        .merge(creating)
        .route_layer(from_fn_with_state(chatify.clone(), admit))
}

/// The description that the routes are added to: how callers show who they are.
fn foundation() -> OpenApi {
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = ComponentsBuilder::new().security_scheme("token", SecurityScheme::Http(token)).build();
    OpenApiBuilder::new().components(Some(components)).build()
}
