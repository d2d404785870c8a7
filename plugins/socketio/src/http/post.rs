//! A post: packets of the client, handled in order before it is answered.

use std::error::Error;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Request, Response, StatusCode};
use bytes::Bytes;
use http_body_util::LengthLimitError;
use natter_node::realtime::DisconnectReason;
use natter_protocol::engineio::jsonp;
use natter_protocol::engineio::payload::PayloadReader;

use super::answer::{self, Fault};
use crate::endpoint::Endpoint;
use crate::link::{Link, Posted};

/// Takes a body. A second one at the same time is refused and ends the session, and so does one that is cut off.
pub(super) async fn post(
    endpoint: &Arc<Endpoint>,
    link: Arc<Link>,
    request: Request<Body>,
) -> Result<Response<Body>, Fault> {
    if link.begin_post().is_err() {
        return Ok(answer::empty(StatusCode::BAD_REQUEST));
    }
    let mut posting = Posting { link: &link, is_whole: false };
    let bytes_max = endpoint.options.load().payload_bytes_max;
    let is_binary = has_type(&request, "application/octet-stream");
    let is_too_long = declared_length(&request).is_some_and(|length| length > bytes_max);
    let body = match is_too_long {
        true => None,
        false => read(request, bytes_max).await?,
    };
    let Some(body) = body else {
        // The session goes on, as the protocol's own server lets it; the client gives it up.
        posting.is_whole = true;
        return Ok(answer::empty(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let body = if link.jsonp.is_some() { jsonp::body_of_form(&body).unwrap_or_default() } else { body };
    let posted = link.post(PayloadReader::new(link.revision, is_binary, body)).await;
    posting.is_whole = true;
    match posted {
        Ok(Posted::Handled) => Ok(answer::ok()),
        Ok(Posted::Malformed) => Ok(answer::empty(StatusCode::BAD_REQUEST)),
        // One of its packets has ended the session; the rest of them are not looked at.
        Err(_) => Ok(answer::ok()),
    }
}

fn has_type(request: &Request<Body>, name: &str) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().is_some_and(|value| value.trim().eq_ignore_ascii_case(name))
}

fn declared_length(request: &Request<Body>) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The whole body; `None` when it is too long.
async fn read(request: Request<Body>, bytes_max: usize) -> Result<Option<Bytes>, Fault> {
    match to_bytes(request.into_body(), bytes_max).await {
        Ok(body) => Ok(Some(body)),
        Err(error) if error.source().is_some_and(|source| source.is::<LengthLimitError>()) => Ok(None),
        Err(_) => Err(Fault::BadRequest),
    }
}

/// Ends the session when the request is dropped before it is whole.
struct Posting<'a> {
    link: &'a Link,
    is_whole: bool,
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.link.end_post();
        if !self.is_whole {
            self.link.fail(DisconnectReason::TransportError);
        }
    }
}
