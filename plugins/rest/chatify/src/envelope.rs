//! The envelope of every answer.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// What went well.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Success<T> {
    /// Always `success`.
    #[schema(example = "success")]
    pub(crate) status: &'static str,
    /// What was asked for.
    pub(crate) data: T,
}

/// What did not go well.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Failure {
    /// Always `error`.
    #[schema(example = "error")]
    pub(crate) status: &'static str,
    /// For people; names the wrong field.
    pub(crate) message: String,
}

/// Nothing to tell but that it is done.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Done {}

impl<T> Success<T> {
    pub(crate) fn new(data: T) -> Self {
        Self { status: "success", data }
    }
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { status: "error", message: message.into() }
    }
}

/// 200 with data.
pub(crate) fn ok<T: Serialize>(data: T) -> Response {
    Json(Success::new(data)).into_response()
}

/// 200 with nothing to tell.
pub(crate) fn done() -> Response {
    ok(Done {})
}

/// 201 with what was made, or 200 when it was there already.
pub(crate) fn made<T: Serialize>(is_new: bool, data: T) -> Response {
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    (status, Json(Success::new(data))).into_response()
}
