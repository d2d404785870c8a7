//! The demo page at `/`, for trying a development node in a browser.
//!
//! It exists only where it gives nothing away: on loopback listeners that serve Centrifugo's protocol, while the tenant
//! `demo` has the secret that is published with natter. Its client is the official one, unchanged; `build.rs` puts it into
//! the binary.

mod banner;

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use natter_node::auth::sign_hs256;
use natter_node::config::{Config, Listener};
use natter_node::plugin::Mount;
use serde::Deserialize;
use serde_json::json;

use crate::routes::not_found;

pub(crate) use banner::banner;

/// The tenant of the page, and its secret, as they stand in the default configuration.
const TENANT: &str = "demo";
const SECRET: &str = "demo-secret-demo-secret-demo-secret";
/// Seconds that a token of the page is good for.
const TOKEN_SECONDS: u64 = 3_600;
/// Letters of a user's name on the page.
const USER_LETTERS_MAX: usize = 32;
/// Everything comes from the page's own origin; nothing is inline, and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:; img-src 'self' \
    data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FILES: [(&str, &str, &str); 4] = [
    ("/", "text/html; charset=utf-8", include_str!("index.html")),
    ("/demo/demo.css", "text/css; charset=utf-8", include_str!("demo.css")),
    ("/demo/demo.js", "text/javascript; charset=utf-8", include_str!("demo.js")),
    ("/demo/centrifuge.js", "text/javascript; charset=utf-8", include_str!(concat!(env!("OUT_DIR"), "/centrifuge.js"))),
];

/// Whether a listener has the page.
pub(crate) fn is_served(listener: &Listener, config: &Config) -> bool {
    let is_public_secret = config.tenant(TENANT).is_some_and(|tenant| tenant.token_secret.reveal() == SECRET);
    listener.serves("centrifugo") && listener.address.ip().is_loopback() && is_public_secret
}

/// The page, where there is one.
pub(crate) fn mounts(listener: &Listener, config: &Config) -> Option<Mount> {
    if !is_served(listener, config) {
        return None;
    }
    let files = FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { file(kind, text) }))
    });
    let router = files.route("/demo/token", get(token)).fallback(|| async { not_found() });
    Some(Mount { prefix: "", router: router.with_state(SECRET) })
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, text).into_response()
}

#[derive(Deserialize)]
struct TokenQuery {
    user: String,
}

/// A connection token for a user of the demo tenant.
async fn token(State(secret): State<&'static str>, Query(query): Query<TokenQuery>) -> Response {
    let user = query.user.trim();
    if user.is_empty() || user.chars().count() > USER_LETTERS_MAX {
        let body = Json(json!({ "error": format!("user: 1 to {USER_LETTERS_MAX} letters") }));
        return (StatusCode::BAD_REQUEST, body).into_response();
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = json!({ "sub": user, "aud": TENANT, "exp": now + TOKEN_SECONDS, "info": { "name": user } });
    match sign_hs256(&claims, secret) {
        Ok(token) => ([(CACHE_CONTROL, "no-store")], Json(json!({ "token": token }))).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": error.to_string() }))).into_response(),
    }
}

#[cfg(test)]
mod tests;
