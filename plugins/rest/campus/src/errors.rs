//! The one table of errors: what the domain, the extractors and the document's own rules refuse, as statuses and messages.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use natter_chat::ChatError;
use natter_rest::{Dialect, Rejected, Rejection, Unauthorized, reject};

use crate::shapes::error::CampusError;

/// The document's way of saying that something is wrong: `{"status": false, "message"}`.
#[derive(Debug)]
pub(crate) struct CampusDialect;

impl Dialect for CampusDialect {
    const NAME: &'static str = "campus";

    fn render(rejection: &Rejection) -> Response {
        failure(rejection.status(), rejection.message())
    }
}

/// Why a handler has no answer.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Something around the domain.
    Rejection(Rejection),
    /// A rule of the document.
    Refused(StatusCode, &'static str),
}

/// A handler's answer.
pub(crate) type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A chat that is not there.
    pub(crate) const NO_CHAT: Self = Self::Refused(StatusCode::NOT_FOUND, "Chat not found");
    /// A participant that is not there.
    pub(crate) const NO_PARTICIPANT: Self = Self::Refused(StatusCode::NOT_FOUND, "Participant not found");
    /// A request that is not there.
    pub(crate) const NO_REQUEST: Self = Self::Refused(StatusCode::NOT_FOUND, "Request not found");
    /// A user that is not there.
    pub(crate) const NO_USER: Self = Self::Refused(StatusCode::NOT_FOUND, "User not found");
    /// The chat is none of the caller's.
    pub(crate) const NOT_PARTICIPANT: Self =
        Self::Refused(StatusCode::FORBIDDEN, "You are not a participant of this chat");
    /// The chat is between two.
    pub(crate) const NOT_GROUP: Self = Self::Refused(StatusCode::BAD_REQUEST, "Chat is not a group chat");
    /// The caller is no admin.
    pub(crate) const NOT_ADMIN: Self = Self::Refused(StatusCode::FORBIDDEN, "You are not an admin of this chat");
    /// One of two has blocked the other.
    pub(crate) const BLOCKED: Self = Self::Refused(StatusCode::FORBIDDEN, "You cannot chat with this user");

    /// A field of the request holds what it cannot.
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Rejection(Rejection::invalid(field, message))
    }

    /// It contradicts what is there.
    pub(crate) fn conflict(message: &'static str) -> Self {
        Self::Refused(StatusCode::CONFLICT, message)
    }

    /// The caller may not.
    pub(crate) fn forbidden(message: &'static str) -> Self {
        Self::Refused(StatusCode::FORBIDDEN, message)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::Rejection(rejection)
    }
}

impl From<Rejected<CampusDialect>> for Problem {
    fn from(rejected: Rejected<CampusDialect>) -> Self {
        Self::Rejection(rejected.0)
    }
}

impl From<ChatError> for Problem {
    fn from(error: ChatError) -> Self {
        use natter_chat::Missing;
        match error {
            ChatError::NotFound(Missing::User) => Self::NO_USER,
            ChatError::NotFound(Missing::Member) => Self::NO_PARTICIPANT,
            ChatError::NotFound(Missing::Message) => Self::Refused(StatusCode::NOT_FOUND, "Message not found"),
            ChatError::NotFound(_) => Self::NO_CHAT,
            ChatError::Forbidden(why) => Self::forbidden(why),
            ChatError::Conflict(why) => Self::conflict(why),
            ChatError::Invalid { field, message } => Self::invalid(field, message),
            ChatError::KeyReused => Rejection::IdempotencyMismatch.into(),
            ChatError::Revoked => Rejection::Unauthorized(Unauthorized::TokenInvalid("revoked")).into(),
            ChatError::Unavailable => Rejection::unavailable().into(),
            ChatError::Internal => Rejection::internal(&error).into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Rejection(rejection) => reject::<CampusDialect>(&rejection),
            Self::Refused(status, message) => failure(status, message.to_owned()),
        }
    }
}

fn failure(status: StatusCode, message: String) -> Response {
    (status, Json(CampusError { status: false, message })).into_response()
}
