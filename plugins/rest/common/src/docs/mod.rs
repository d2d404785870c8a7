//! `/openapi.json`, `/openapi/{plugin}.json`, the same of `asyncapi` for events, and `/docs`: a page to read them and to try the routes.
//!
//! The page is three small files of our own, since the usual ones load their script from somebody else's server: it works
//! without a network, and a strict content policy lets it run nothing but itself and call nothing but this node.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use natter_node::plugin::Mount;

use crate::asyncapi::EventsDocument;
use crate::openapi::ApiDocument;

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

struct Documents {
    all: Bytes,
    plugins: Vec<(&'static str, Bytes)>,
    all_events: Bytes,
    events: Vec<(&'static str, Bytes)>,
}

/// Where the documents and the page are mounted: the ones of the plugins that a listener serves. `server` is the base of
/// all paths, `server.public_url`.
pub fn docs_mounts(documents: &[ApiDocument], events: &[EventsDocument], server: &str) -> Vec<Mount> {
    let router = router(documents, events, server);
    let prefixes = ["/openapi.json", "/openapi", "/asyncapi.json", "/asyncapi", "/docs"];
    prefixes.map(|prefix| Mount { prefix, router: router.clone() }).into()
}

fn router(documents: &[ApiDocument], events: &[EventsDocument], server: &str) -> Router {
    let one = |document: &ApiDocument| {
        let mut json = document.json().clone();
        json["servers"] = serde_json::json!([{ "url": server }]);
        (document.plugin(), Bytes::from(json.to_string()))
    };
    let all = Bytes::from(ApiDocument::merged(documents, server).to_string());
    let documents = Documents {
        all,
        plugins: documents.iter().map(one).collect(),
        all_events: Bytes::from(EventsDocument::merged(events).to_string()),
        events: events.iter().map(|events| (events.plugin(), Bytes::from(events.json().to_string()))).collect(),
    };
    Router::new()
        .route("/openapi.json", get(async |State(documents): State<Arc<Documents>>| json(documents.all.clone())))
        .route("/openapi/{file}", get(plugin_document))
        .route(
            "/asyncapi.json",
            get(async |State(documents): State<Arc<Documents>>| json(documents.all_events.clone())),
        )
        .route("/asyncapi/{file}", get(plugin_events))
        .route("/docs", get(async || asset("text/html; charset=utf-8", PAGE)))
        .route("/docs/page.js", get(async || asset("text/javascript; charset=utf-8", SCRIPT)))
        .route("/docs/page.css", get(async || asset("text/css; charset=utf-8", STYLE)))
        .fallback(async || error(StatusCode::NOT_FOUND, "not found"))
        .method_not_allowed_fallback(async || error(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"))
        .with_state(Arc::new(documents))
}

async fn plugin_document(State(documents): State<Arc<Documents>>, Path(file): Path<String>) -> Response {
    one_of(&documents.plugins, &file)
}

async fn plugin_events(State(documents): State<Arc<Documents>>, Path(file): Path<String>) -> Response {
    one_of(&documents.events, &file)
}

fn one_of(documents: &[(&'static str, Bytes)], file: &str) -> Response {
    let plugin = file.strip_suffix(".json");
    let found = documents.iter().find(|(name, _)| plugin == Some(*name));
    found.map_or_else(|| error(StatusCode::NOT_FOUND, "not found"), |(_, document)| json(document.clone()))
}

/// Descriptions are public, so every page may read them.
fn json(document: Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    (headers, document).into_response()
}

fn asset(content_type: &'static str, content: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, content).into_response()
}

fn error(status: StatusCode, error: &'static str) -> Response {
    (status, axum::Json(serde_json::json!({ "error": error }))).into_response()
}

#[cfg(test)]
mod tests;
