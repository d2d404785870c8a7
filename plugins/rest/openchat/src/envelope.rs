//! The envelope of every answer.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// What went well.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Envelope<T> {
    /// Always `true`.
    pub status: bool,
    /// Always `0000`.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// What was asked for.
    pub data: T,
}

/// The code of what went well.
pub(crate) const SUCCESS: &str = "0000";

impl<T> Envelope<T> {
    /// Wraps data.
    pub fn new(message: impl Into<String>, data: T) -> Self {
        Self { status: true, code: SUCCESS, message: message.into(), data }
    }
}

/// What did not go well.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Failure {
    /// Always `false`.
    pub status: bool,
    /// Four digits of the document's table.
    #[schema(example = "1000")]
    pub code: &'static str,
    /// For people; names the wrong field.
    pub message: String,
}

/// 200 with data.
pub(crate) fn ok<T: Serialize>(message: &str, data: T) -> Response {
    Json(Envelope::new(message, data)).into_response()
}

/// 201 with what was made, or 200 when it was there already.
pub(crate) fn made<T: Serialize>(is_new: bool, message: &str, data: T) -> Response {
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    (status, Json(Envelope::new(message, data))).into_response()
}
