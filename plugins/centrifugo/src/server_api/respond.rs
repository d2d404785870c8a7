//! How answers look over HTTP.

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use natter_node::config::ErrorMode;
use serde::Serialize;

use super::error::ApiError;
use super::methods::{Outcome, Rejected, Wrapping};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// When a caller may come again, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

#[derive(Serialize)]
struct ErrorBody {
    error: ApiError,
}

/// A method's answer in the error mode that the caller wants.
pub(super) fn outcome(outcome: Outcome, wrapping: Wrapping, error_mode: ErrorMode) -> Response {
    match (outcome, error_mode) {
        (Ok(result), _) => json(match wrapping {
            Wrapping::Result => format!(r#"{{"result":{}}}"#, result.get()),
            Wrapping::None => Box::<str>::from(result).into_string(),
        }),
        (Err(error), ErrorMode::Body) => serialized(&ErrorBody { error }),
        (Err(error), ErrorMode::Transport) => {
            let mut response = serialized(&error);
            *response.status_mut() = error.status();
            if error.status() == StatusCode::SERVICE_UNAVAILABLE {
                response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
            }
            response
        }
    }
}

fn serialized(body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(body) => json(body),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Status 200 with a body that is JSON already.
pub(super) fn json(body: String) -> Response {
    ([(CONTENT_TYPE, JSON)], body).into_response()
}

/// A status and its name.
pub(super) fn text(status: StatusCode) -> Response {
    (status, status.canonical_reason().unwrap_or_default()).into_response()
}

/// A body that no method can start with.
pub(super) fn rejected(rejected: Rejected) -> Response {
    text(match rejected {
        Rejected::Undecodable => StatusCode::BAD_REQUEST,
        Rejected::TooMany => StatusCode::PAYLOAD_TOO_LARGE,
    })
}

/// No such method, or no API at all.
pub(super) fn not_found() -> Response {
    text(StatusCode::NOT_FOUND)
}

/// No key, or an unknown one. Centrifugo's body is empty.
pub(super) fn unauthorized() -> Response {
    (StatusCode::UNAUTHORIZED, Body::empty()).into_response()
}

/// Everything is a POST.
pub(super) fn method_not_allowed() -> Response {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}
