//! `/join/{id}`: the page behind a chat's address, where people enter with an email address and a code, and chat.
//!
//! Everything on it comes from here; nothing is inline, nobody may frame it. The password is in the URL's fragment, which
//! no server sees.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use natter_core::EntityId;
use natter_rest::Path;

use crate::connect_now::ConnectNow;
use crate::errors::{ApiError, ConnectNowDialect};

/// Everything comes from the page's own origin.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src \
    data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PAGE: &str = include_str!("page.html");
const FILES: [(&str, &str, &str); 3] = [
    ("/join/join.css", "text/css; charset=utf-8", include_str!("join.css")),
    ("/join/join.js", "text/javascript; charset=utf-8", include_str!("join.js")),
    ("/join/live.js", "text/javascript; charset=utf-8", include_str!("live.js")),
];

/// The page and its files; they need nobody who is calling.
pub(crate) fn routes() -> Router<ConnectNow> {
    let files = FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { file(kind, text) }))
    });
    files.route("/join/{chat_id}", get(page))
}

/// The same page for every chat: whether there is one, it asks with the password.
async fn page(Path(chat_id, ..): Path<String, ConnectNowDialect>) -> Result<Response, ApiError> {
    EntityId::parse_hex(&chat_id).ok_or(ApiError::NotFound)?;
    Ok(file("text/html; charset=utf-8", PAGE))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, text).into_response()
}
