//! The one table of errors: what the domain, the extractors and the document's own rules refuse, in the document's words.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use natter_chat::ChatError;
use natter_outbox::EnqueueError;
use natter_rest::{Dialect, FieldError, Rejected, Rejection, Unauthorized, reject};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// Connect Now's way of saying that something is wrong: `{"message"}`, and `errors` where fields are.
#[derive(Debug)]
pub struct ConnectNowDialect;

/// What an error looks like.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Failure {
    /// For people.
    message: String,
    /// What is wrong with which field; with 422 only.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Option<Object>)]
    errors: Map<String, Value>,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// Something that every API refuses.
    Rejection(Rejection),
    /// Not for this caller.
    Forbidden,
    /// There is no such thing for this caller.
    NotFound,
}

impl ApiError {
    /// Nobody is known to be calling.
    pub(crate) const UNAUTHENTICATED: Self = Self::Rejection(Rejection::Unauthorized(Unauthorized::TokenMissing));

    /// One field is wrong.
    pub(crate) fn invalid(field: &str, message: &str) -> Self {
        Self::Rejection(Rejection::invalid(field, message))
    }
}

impl Dialect for ConnectNowDialect {
    const NAME: &'static str = "connectnow";

    fn render(rejection: &Rejection) -> Response {
        match rejection {
            Rejection::Invalid(fields) => unprocessable(fields),
            Rejection::IdempotencyMismatch => {
                let message = "was used with another body".to_owned();
                unprocessable(&[FieldError { field: "Idempotency-Key".to_owned(), message }])
            }
            Rejection::Unauthorized(_) => failure(rejection.status(), "Unauthenticated."),
            Rejection::UnknownRoute | Rejection::MalformedPath => failure(rejection.status(), "Not found."),
            Rejection::RateLimited { .. } => failure(rejection.status(), "Too Many Attempts."),
            other => failure(other.status(), &format!("{}.", other.message())),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Rejection(rejection) => reject::<ConnectNowDialect>(&rejection),
            Self::Forbidden => failure(StatusCode::FORBIDDEN, "This action is unauthorized."),
            Self::NotFound => failure(StatusCode::NOT_FOUND, "Not found."),
        }
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejection(rejection)
    }
}

impl From<Rejected<ConnectNowDialect>> for ApiError {
    fn from(rejected: Rejected<ConnectNowDialect>) -> Self {
        Self::Rejection(rejected.0)
    }
}

impl From<ChatError> for ApiError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::NotFound(_) => Self::NotFound,
            ChatError::Forbidden(_) => Self::Forbidden,
            ChatError::Conflict(why) => Rejection::invalid("", why).into(),
            ChatError::Invalid { field, message } => {
                let field = if field == "text" { "message" } else { field };
                Rejection::invalid(field, format!("must be: {message}")).into()
            }
            ChatError::KeyReused => Rejection::IdempotencyMismatch.into(),
            ChatError::Revoked => Self::UNAUTHENTICATED,
            ChatError::Unavailable => Rejection::unavailable().into(),
            ChatError::Internal => Rejection::internal(&error).into(),
        }
    }
}

/// A failure of rows, where nothing but rejections is known.
pub(crate) fn rows_failed(error: &ChatError) -> Rejection {
    match error {
        ChatError::Internal => Rejection::internal(error),
        _ => Rejection::unavailable(),
    }
}

impl From<EnqueueError> for ApiError {
    fn from(error: EnqueueError) -> Self {
        match error {
            EnqueueError::TooLarge(_) => Rejection::internal(&error).into(),
            EnqueueError::Full => Rejection::unavailable().into(),
            EnqueueError::Store(error) => Rejection::from(error).into(),
        }
    }
}

/// 422: every field with its sentences; the first one is the message.
fn unprocessable(fields: &[FieldError]) -> Response {
    let mut errors: Map<String, Value> = Map::new();
    for error in fields {
        if let Some(list) = errors.entry(error.field.clone()).or_insert_with(|| json!([])).as_array_mut() {
            list.push(json!(sentence(error)));
        }
    }
    let message = fields.first().map(sentence).unwrap_or_default();
    (StatusCode::UNPROCESSABLE_ENTITY, Json(Failure { message, errors })).into_response()
}

fn sentence(error: &FieldError) -> String {
    let message = error.message.trim_end_matches('.');
    if error.field.is_empty() {
        return format!("{message}.");
    }
    format!("The {} {message}.", error.field.replace(['_', '-'], " "))
}

fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(Failure { message: message.to_owned(), errors: Map::new() })).into_response()
}
