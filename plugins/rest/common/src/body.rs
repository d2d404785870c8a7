//! Reading a request's body whole, within a bound and a time.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::rejection::Rejection;

/// Largest body in bytes where a route says nothing: 1 MiB.
pub const BODY_BYTES_DEFAULT: usize = 1024 * 1024;

/// How long a body may take; a client that needs longer for so little is no client.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// How much of a body that is too large is let pass by, and for how long, so that its client hears why.
const DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;
const DISCARD_TIME_MAX: Duration = Duration::from_secs(5);

/// The largest body of a route in bytes. The one nearest to the route counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimit(pub usize);

/// A layer that sets the largest body of the routes under it, in bytes.
///
/// It bounds what is read whole: [`Json`](crate::Json), [`Form`](crate::Form), [`read_body`], and what
/// [`idempotent`](crate::idempotent) reads where it stands inside of this layer. Uploads have rules of their own.
pub fn body_limit(bytes: usize) -> Extension<BodyLimit> {
    Extension(BodyLimit(bytes))
}

/// Reads the body of a request within its [`BodyLimit`].
///
/// # Errors
/// `TooLarge` before more than the limit is held, `BodyTimeout` after 30 s, `InvalidBody` when it ends early,
/// `UnsupportedMediaType` when it is compressed.
pub async fn read_body(request: Request) -> Result<Bytes, Rejection> {
    let limit = request.extensions().get::<BodyLimit>().map_or(BODY_BYTES_DEFAULT, |limit| limit.0);
    check_encoding(request.headers())?;
    let is_short_enough = check_length(request.headers(), limit as u64);
    let mut body = request.into_body();
    let read = match is_short_enough {
        Ok(()) => read_limited(&mut body, limit).await,
        Err(rejection) => Err(rejection),
    };
    if matches!(read, Err(Rejection::TooLarge { .. })) {
        // Whatever keeps coming is not worth more than this.
        let _ = tokio::time::timeout(DISCARD_TIME_MAX, discard(body)).await;
    }
    read
}

/// Lets the rest of a body pass by: many clients look for the answer only when they have sent everything, and would
/// find a closed connection instead.
async fn discard(mut body: Body) {
    let mut left = DISCARDED_BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

async fn read_limited(body: &mut Body, limit: usize) -> Result<Bytes, Rejection> {
    let reading = Limited::new(body, limit).collect();
    match tokio::time::timeout(BODY_TIME_MAX, reading).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large(limit as u64)),
        Ok(Err(_)) => Err(Rejection::InvalidBody("it ended early".to_owned())),
        Err(_) => Err(Rejection::BodyTimeout),
    }
}

/// Bodies are taken as they are: nothing is unpacked, so nothing can unpack to more than its bound.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Rejection> {
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Rejection::UnsupportedMediaType { expected: "a body without Content-Encoding" })
        }
        _ => Ok(()),
    }
}

/// Refuses a body by the length that it announces.
pub(crate) fn check_length(headers: &HeaderMap, limit: u64) -> Result<(), Rejection> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) { Err(too_large(limit)) } else { Ok(()) }
}

fn too_large(limit: u64) -> Rejection {
    Rejection::TooLarge { limit, what: "bytes of the body" }
}

/// What a body says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// No header.
    None,
    Json,
    UrlEncoded,
    Multipart,
    Other,
}

/// Reads the content type without its parameters: JSON is UTF-8 whatever a `charset` says (RFC 8259 section 8.1).
pub(crate) fn content_type(headers: &HeaderMap) -> ContentType {
    let Some(value) = headers.get(CONTENT_TYPE) else { return ContentType::None };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => ContentType::Json,
        "application/x-www-form-urlencoded" => ContentType::UrlEncoded,
        "multipart/form-data" => ContentType::Multipart,
        other if other.starts_with("application/") && other.ends_with("+json") => ContentType::Json,
        _ => ContentType::Other,
    }
}
