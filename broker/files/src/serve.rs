//! `GET /files/{id}/{name}`: files for browsers.
//!
//! Whoever knows the id may read the file; the name is only for show. Every answer forbids guessing of types and runs in
//! a sandbox without script, whatever the file is.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE, REFERRER_POLICY,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::disposition::{disposition, served_type};
use crate::error::FileError;
use crate::id::FileId;
use crate::meta::StoredFile;
use crate::range::{Wanted, wanted};
use crate::store::FileStore;

/// No script, no plug-in, no form, no frame around it; a picture or a film may still show itself.
const POLICY: HeaderValue = HeaderValue::from_static(
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; object-src 'self'",
);
/// What an id leads to never changes.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Answers everything under `/files`.
pub fn routes(store: FileStore) -> Router {
    Router::new()
        .route("/files/{id}/{name}", get(serve))
        .fallback(async || plain(StatusCode::NOT_FOUND, "not found"))
        .method_not_allowed_fallback(async || plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"))
        .with_state(store)
}

async fn serve(
    State(store): State<FileStore>,
    Path((id, _name)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response<Body> {
    let Some(id) = FileId::parse(&id) else { return plain(StatusCode::NOT_FOUND, "not found") };
    match answer(&store, id, &method, &headers).await {
        Ok(Some(response)) => response,
        Ok(None) => plain(StatusCode::NOT_FOUND, "not found"),
        Err(error) => unavailable(id, &error),
    }
}

async fn answer(
    store: &FileStore,
    id: FileId,
    method: &Method,
    request: &HeaderMap,
) -> Result<Option<Response<Body>>, FileError> {
    let Some(file) = store.get(id).await? else { return Ok(None) };
    let etag = format!("\"{id}\"");
    let mut response = match part_of(&file, &etag, request) {
        _ if matches_etag(request.get(IF_NONE_MATCH), &etag) => status(StatusCode::NOT_MODIFIED),
        Wanted::Unsatisfiable => {
            let mut response = status(StatusCode::RANGE_NOT_SATISFIABLE);
            insert(response.headers_mut(), CONTENT_RANGE, format!("bytes */{}", file.size));
            response
        }
        Wanted::Part(part) => {
            let mut response = status(StatusCode::PARTIAL_CONTENT);
            let headers = response.headers_mut();
            headers.insert(CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
            insert(headers, CONTENT_RANGE, format!("bytes {}-{}/{}", part.start, part.end - 1, file.size));
            *response.body_mut() = body(store, &file, method, Some(part)).await?;
            response
        }
        Wanted::Whole => {
            let mut response = status(StatusCode::OK);
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(file.size));
            *response.body_mut() = body(store, &file, method, None).await?;
            response
        }
    };
    describe(&file, &etag, response.headers_mut());
    Ok(Some(response))
}

async fn body(
    store: &FileStore,
    file: &StoredFile,
    method: &Method,
    part: Option<std::ops::Range<u64>>,
) -> Result<Body, FileError> {
    if method == Method::HEAD || file.size == 0 {
        return Ok(Body::empty());
    }
    Ok(Body::from_stream(store.read(file, part).await?))
}

/// What `Range` asks for, unless `If-Range` says that it was meant for another file (RFC 9110 section 13.1.5).
fn part_of(file: &StoredFile, etag: &str, request: &HeaderMap) -> Wanted {
    let is_meant = request.get(IF_RANGE).is_none_or(|condition| condition == etag);
    let range = request.get(RANGE).filter(|_| is_meant).and_then(|range| range.to_str().ok());
    range.map_or(Wanted::Whole, |range| wanted(range, file.size))
}

/// Whether `If-None-Match` names the file; weak and strong are the same here (RFC 9110 section 13.1.2).
fn matches_etag(header: Option<&HeaderValue>, etag: &str) -> bool {
    let Some(Ok(header)) = header.map(HeaderValue::to_str) else { return false };
    header.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn describe(file: &StoredFile, etag: &str, headers: &mut HeaderMap) {
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, CACHED);
    insert(headers, ETAG, etag.to_owned());
    insert(headers, CONTENT_TYPE, served_type(&file.mime).to_owned());
    insert(headers, CONTENT_DISPOSITION, disposition(&file.mime, &file.name));
    protect(headers);
    // A page of another origin may show it: who has the URL has the file.
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
}

fn protect(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// Inserts a value that is made of visible characters only.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn plain(status: StatusCode, error: &'static str) -> Response<Body> {
    let mut response = (status, axum::Json(serde_json::json!({ "error": error }))).into_response();
    protect(response.headers_mut());
    response
}

fn unavailable(id: FileId, error: &FileError) -> Response<Body> {
    tracing::warn!(%id, %error, "a file could not be read");
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "the file cannot be read now");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

#[cfg(test)]
mod tests;
