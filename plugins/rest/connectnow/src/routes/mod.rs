//! The routes: each reads its request, calls [`ConnectNow`], and writes the answer.

mod chat_users;
mod chats;
mod codes;
mod companies;
mod messages;
mod users;

use axum::Router;
use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use natter_rest::{ApiDocument, Dialect, Query, Rejected, also_at, idempotent};
use serde::Serialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::admission::admit;
use crate::connect_now::ConnectNow;
use crate::errors::ConnectNowDialect;
use crate::join;
use crate::shapes::One;

const TITLE: &str = "Connect Now Chat API";
const DESCRIPTION: &str = "Chats of companies that people join with an email address and a code. An API token \
    (`api_token`) acts for its user; a chat-user token (`chat_user_token`) for one user in one chat. Both stand in \
    `Authorization: Bearer`, in the query or in the body. Bodies are JSON, URL-encoded or multipart forms.";

/// The routes with their description.
pub(crate) fn described(connect_now: &ConnectNow) -> (Router<ConnectNow>, ApiDocument) {
    let (routes, document) = ApiDocument::describe(ConnectNowDialect::NAME, TITLE, DESCRIPTION, all(connect_now));
    (routes.merge(join::routes()), document)
}

fn all(connect_now: &ConnectNow) -> OpenApiRouter<ConnectNow> {
    OpenApiRouter::with_openapi(base())
        .merge(reading())
        .merge(joining())
        .merge(creating().route_layer(from_fn_with_state(connect_now.rest().clone(), idempotent::<ConnectNowDialect>)))
        .route_layer(from_fn_with_state(connect_now.clone(), admit))
}

/// What creates may carry an `Idempotency-Key`, unless it hands out a secret.
fn creating() -> OpenApiRouter<ConnectNow> {
    OpenApiRouter::new()
        .routes(routes!(companies::create))
        .routes(routes!(chats::create))
        .routes(routes!(chat_users::create))
        .routes(routes!(messages::create))
}

fn reading() -> OpenApiRouter<ConnectNow> {
    OpenApiRouter::new()
        .routes(routes!(users::user))
        .routes(routes!(users::chat_user))
        .routes(routes!(companies::list))
        .routes(routes!(companies::show, companies::edit, companies::delete))
        .routes(routes!(chats::list))
        .routes(routes!(chats::show, chats::edit, chats::delete))
        .routes(routes!(chats::read))
        .routes(routes!(chat_users::list))
        .routes(routes!(chat_users::show, chat_users::edit, chat_users::delete))
        .routes(routes!(messages::list))
        .routes(routes!(messages::show, messages::edit, messages::delete))
}

/// What is served without `/api` as well.
fn joining() -> OpenApiRouter<ConnectNow> {
    let share = (routes!(chats::share), "/chats/{chat_id}/share", "share_without_prefix");
    let get_token = (routes!(codes::get_token), "/chats/{chat_id}/users/get-token", "get_token_without_prefix");
    let send_code = (routes!(codes::send_code), "/chats/{chat_id}/users/send-code", "send_code_without_prefix");
    let both = [share, get_token, send_code].map(|(routes, path, operation)| also_at(routes, path, operation));
    both.into_iter().fold(OpenApiRouter::new(), OpenApiRouter::routes)
}

/// The document before there is a route in it.
fn base() -> OpenApi {
    let bearer = |text: &str| {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text));
        SecurityScheme::Http(scheme.build())
    };
    let mut components = Components::new();
    components.add_security_scheme("api_token", bearer("An API token"));
    components.add_security_scheme("chat_user_token", bearer("A chat-user token"));
    let mut document = OpenApi::default();
    document.components = Some(components);
    document
}

/// The query of a list, which is looked at once it is known who is calling.
pub(super) type Asked<T> = Result<Query<T, ConnectNowDialect>, Rejected<ConnectNowDialect>>;

/// The URL of the request without its query, for links.
pub(super) struct Here(pub(super) String);

impl FromRequestParts<ConnectNow> for Here {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, connect_now: &ConnectNow) -> Result<Self, Self::Rejection> {
        let original = parts.extensions.get::<OriginalUri>().map(|OriginalUri(uri)| uri);
        let path = original.unwrap_or(&parts.uri).path();
        Ok(Self(format!("{}{path}", connect_now.public_url())))
    }
}

pub(super) fn ok<T: Serialize>(data: T) -> Response {
    axum::Json(One { data }).into_response()
}

pub(super) fn made<T: Serialize>(data: T) -> Response {
    (StatusCode::CREATED, axum::Json(One { data })).into_response()
}

pub(super) fn gone() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
