//! Answers to requests, errors included.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, StatusCode};
use natter_protocol::engineio::jsonp;
use natter_protocol::engineio::payload::Payload;

use crate::link::Link;

/// What is wrong with a request, in the protocol's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    UnknownTransport,
    UnknownSession,
    BadHandshakeMethod,
    BadRequest,
    Forbidden,
    UnsupportedVersion,
    /// Ours: no place for another connection.
    Full,
}

impl Fault {
    fn parts(self) -> (StatusCode, u8, &'static str) {
        match self {
            Self::UnknownTransport => (StatusCode::BAD_REQUEST, 0, "Transport unknown"),
            Self::UnknownSession => (StatusCode::BAD_REQUEST, 1, "Session ID unknown"),
            Self::BadHandshakeMethod => (StatusCode::BAD_REQUEST, 2, "Bad handshake method"),
            Self::BadRequest => (StatusCode::BAD_REQUEST, 3, "Bad request"),
            Self::Forbidden => (StatusCode::FORBIDDEN, 4, "Forbidden"),
            Self::UnsupportedVersion => (StatusCode::BAD_REQUEST, 5, "Unsupported protocol version"),
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, 4, "No place left"),
        }
    }

    /// The answer; to a refused upgrade it is the bare message, and the connection ends.
    pub(super) fn answer(self, is_websocket: bool) -> Response<Body> {
        let (status, code, message) = self.parts();
        if is_websocket {
            let status = if self == Self::Full { status } else { StatusCode::BAD_REQUEST };
            let mut response = with_type(status, "text/html", message);
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return response;
        }
        with_type(status, "application/json", format!("{{\"code\":{code},\"message\":\"{message}\"}}"))
    }
}

/// A status and nothing else.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The answer to a post that was taken.
pub(super) fn ok() -> Response<Body> {
    with_type(StatusCode::OK, "text/html", "ok")
}

/// The answer to a poll.
pub(super) fn payload(link: &Link, payload: Payload) -> Response<Body> {
    let mut response = match (&link.jsonp, payload.is_binary) {
        (Some(index), _) => {
            let script = jsonp::script(index, &String::from_utf8_lossy(&payload.body));
            with_type(StatusCode::OK, "text/javascript; charset=UTF-8", script)
        }
        (None, true) => with_type(StatusCode::OK, "application/octet-stream", payload.body),
        (None, false) => with_type(StatusCode::OK, "text/plain; charset=UTF-8", payload.body),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn with_type(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
