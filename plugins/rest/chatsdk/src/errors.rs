//! The one table of errors: what the domain and the extractors refuse, as the document's codes and statuses.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use natter_chat::ChatError;
use natter_rest::{Dialect, Rejected, Rejection, Unauthorized, reject};

use crate::shapes::error::{ChatSdkError, ChatSdkErrorBody};

/// ChatSDK's way of saying that something is wrong: `{"error": {"message", "code"}}`.
#[derive(Debug)]
pub(crate) struct ChatSdk;

impl Dialect for ChatSdk {
    const NAME: &'static str = "chatsdk";

    fn render(rejection: &Rejection) -> Response {
        error(rejection.status(), code(rejection), rejection.message())
    }
}

/// Why a handler has no answer.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Something around the domain.
    Rejection(Rejection),
    /// The domain refuses.
    Chat(ChatError),
}

/// A handler's answer.
pub(crate) type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A field of the request holds what it cannot.
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Rejection(Rejection::invalid(field, message))
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::Rejection(rejection)
    }
}

impl From<Rejected<ChatSdk>> for Problem {
    fn from(rejected: Rejected<ChatSdk>) -> Self {
        Self::Rejection(rejected.0)
    }
}

impl From<ChatError> for Problem {
    fn from(error: ChatError) -> Self {
        Self::Chat(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Rejection(rejection) => reject::<ChatSdk>(&rejection),
            Self::Chat(refusal) => refused(&refusal),
        }
    }
}

/// The codes of what never reaches the domain.
fn code(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::InvalidJson { .. } | Rejection::InvalidBody(_) | Rejection::Invalid(_) => "VALIDATION_ERROR",
        Rejection::Unauthorized(Unauthorized::ApiKeyMissing | Unauthorized::ApiKeyUnknown) => "UNAUTHORIZED",
        Rejection::Unauthorized(_) => "INVALID_TOKEN",
        Rejection::UnknownRoute | Rejection::MalformedPath => "NOT_FOUND",
        Rejection::MethodNotAllowed => "METHOD_NOT_ALLOWED",
        Rejection::BodyTimeout => "REQUEST_TIMEOUT",
        Rejection::TooLarge { .. } => "PAYLOAD_TOO_LARGE",
        Rejection::UnsupportedMediaType { .. } => "UNSUPPORTED_MEDIA_TYPE",
        Rejection::IdempotencyMismatch => "IDEMPOTENCY_MISMATCH",
        Rejection::RateLimited { .. } => "RATE_LIMITED",
        Rejection::Internal { .. } => "INTERNAL_ERROR",
        Rejection::Unavailable { .. } => "UNAVAILABLE",
    }
}

/// The codes of what the domain refuses.
fn refused(refusal: &ChatError) -> Response {
    match refusal {
        ChatError::NotFound(missing) => {
            error(StatusCode::NOT_FOUND, "NOT_FOUND", capitalized(&format!("{} not found", missing.noun())))
        }
        ChatError::Forbidden(why) => error(StatusCode::FORBIDDEN, "FORBIDDEN", capitalized(why)),
        ChatError::Conflict(why) => error(StatusCode::CONFLICT, "CONFLICT", capitalized(why)),
        ChatError::Invalid { .. } => error(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", refusal.to_string()),
        ChatError::Revoked => reject::<ChatSdk>(&Rejection::Unauthorized(Unauthorized::TokenInvalid("revoked"))),
        ChatError::KeyReused => reject::<ChatSdk>(&Rejection::IdempotencyMismatch),
        ChatError::Unavailable => reject::<ChatSdk>(&Rejection::unavailable()),
        ChatError::Internal => reject::<ChatSdk>(&Rejection::internal(refusal)),
    }
}

fn error(status: StatusCode, code: &'static str, message: String) -> Response {
    (status, Json(ChatSdkError { error: ChatSdkErrorBody { message, code } })).into_response()
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests;
