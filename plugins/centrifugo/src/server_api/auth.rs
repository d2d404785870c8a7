//! Whose request it is: an API key, in any of the places where Centrifugo's SDKs put it.

use std::sync::Arc;

use axum::extract::Query;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use natter_node::config::Centrifugo;
use natter_node::tenant::{Tenant, Tenants};
use serde::Deserialize;

const KEY_HEADER: &str = "x-api-key";
const SCHEME: &str = "apikey";

#[derive(Deserialize)]
struct KeyQuery {
    #[serde(default)]
    api_key: String,
}

/// The tenant of a request: of the first of its keys that is one, else, in insecure mode, the plugin's.
pub(super) fn tenant(tenants: &Tenants, config: &Centrifugo, request: &Parts) -> Option<Arc<Tenant>> {
    let headers = &request.headers;
    let in_header = headers.get(KEY_HEADER).and_then(|value| value.to_str().ok());
    let in_authorization = headers.get(AUTHORIZATION).and_then(|value| from_authorization(value.to_str().ok()?));
    let query = Query::<KeyQuery>::try_from_uri(&request.uri).ok();
    let in_query = query.as_ref().map(|Query(query)| query.api_key.as_str());
    let offered = [in_header, in_authorization, in_query].into_iter().flatten().filter(|key| !key.is_empty());
    let own = || config.http_api.insecure.then(|| tenants.get(&config.tenant)).flatten();
    offered.map(|key| tenants.by_api_key(key)).find(Option::is_some).flatten().or_else(own)
}

/// `apikey KEY`, the scheme in any case (RFC 9110 section 11.1).
fn from_authorization(value: &str) -> Option<&str> {
    let (scheme, key) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| key.trim())
}
