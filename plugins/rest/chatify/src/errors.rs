//! The one table of errors: what the domain, the accounts, the extractors and the document's own rules refuse.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use natter_accounts::AccountError;
use natter_chat::{ChatError, Missing};
use natter_rest::{Dialect, Rejected, Rejection, Unauthorized, reject};

use crate::envelope::Failure;

/// Chatify's way of saying that something is wrong: `{"status": "error", "message"}`.
#[derive(Debug)]
pub(crate) struct ChatifyDialect;

impl Dialect for ChatifyDialect {
    const NAME: &'static str = "chatify";

    fn render(rejection: &Rejection) -> Response {
        (rejection.status(), Json(Failure::new(rejection.message()))).into_response()
    }
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// Something that every API refuses.
    Rejection(Rejection),
    /// Something that only this document refuses.
    Refused(StatusCode, &'static str),
}

impl ApiError {
    /// A conversation of others.
    pub(crate) const NOT_A_PARTICIPANT: Self =
        Self::Refused(StatusCode::FORBIDDEN, "You are not a participant of this conversation");
    /// A user who is not there.
    pub(crate) const NO_USER: Self = Self::Refused(StatusCode::NOT_FOUND, "User not found");

    /// What people are told.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Rejection(rejection) => rejection.message(),
            Self::Refused(_, message) => (*message).to_owned(),
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message())
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejection(rejection)
    }
}

impl From<Rejected<ChatifyDialect>> for ApiError {
    fn from(rejected: Rejected<ChatifyDialect>) -> Self {
        Self::Rejection(rejected.0)
    }
}

impl From<ChatError> for ApiError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::NotFound(Missing::Message) => Self::Refused(StatusCode::NOT_FOUND, "Message not found"),
            ChatError::NotFound(Missing::User) => Self::NO_USER,
            ChatError::NotFound(_) => Self::Refused(StatusCode::NOT_FOUND, "Conversation not found"),
            ChatError::Forbidden(why) => Self::Refused(StatusCode::FORBIDDEN, why),
            ChatError::Conflict(why) => Self::Refused(StatusCode::CONFLICT, why),
            ChatError::Invalid { field, message } => Rejection::invalid(field_of(field), message).into(),
            ChatError::KeyReused => Rejection::IdempotencyMismatch.into(),
            ChatError::Revoked => Rejection::Unauthorized(Unauthorized::TokenInvalid("revoked")).into(),
            ChatError::Unavailable => Rejection::unavailable().into(),
            ChatError::Internal => Rejection::internal(&error).into(),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Invalid { field, message } => Rejection::invalid(field, message).into(),
            AccountError::Taken => Self::Refused(StatusCode::CONFLICT, "The email address is already registered"),
            AccountError::WrongPassword => Self::Refused(StatusCode::UNAUTHORIZED, "Invalid email or password"),
            AccountError::BadToken => Self::Refused(StatusCode::UNAUTHORIZED, "Invalid refresh token"),
            AccountError::Throttled { retry_after_seconds } => Rejection::RateLimited { retry_after_seconds }.into(),
            AccountError::Busy => Rejection::unavailable().into(),
            AccountError::Chat(error) => error.into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Rejection(rejection) => reject::<ChatifyDialect>(&rejection),
            Self::Refused(status, message) => (status, Json(Failure::new(message))).into_response(),
        }
    }
}

/// The document's name of a field of the domain.
fn field_of(field: &'static str) -> &'static str {
    match field {
        "text" => "message",
        "memberIds" => "receiver_id",
        "attachments" => "files",
        other => other,
    }
}
