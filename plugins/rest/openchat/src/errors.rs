//! The one table of errors: what the domain, the extractors and the document's own rules refuse, as codes and statuses.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use natter_chat::ChatError;
use natter_rest::{Dialect, Rejected, Rejection, Unauthorized, reject};
use natter_store::StoreError;

use crate::envelope::Failure;

/// Open Chat's way of saying that something is wrong: `{"status": false, "code", "message"}`.
#[derive(Debug)]
pub struct OpenChatDialect;

impl Dialect for OpenChatDialect {
    const NAME: &'static str = "openchat";

    fn render(rejection: &Rejection) -> Response {
        failure(rejection.status(), code_of(rejection).as_str(), rejection.message())
    }
}

/// A code of the document's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Parameters are missing or wrong.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// Nothing matches.
    NoRecords,
    /// It is there already.
    Exists,
    /// The named partner is not the caller.
    WrongPartner,
    /// No token, or one that is not good.
    Unauthorized,
    /// Not for the caller.
    Forbidden,
    /// Our fault.
    Internal,
}

impl Code {
    /// Its four digits.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "1000",
            Self::NotFound => "1004",
            Self::NoRecords => "1005",
            Self::Exists => "1006",
            Self::WrongPartner => "4000",
            Self::Unauthorized => "4001",
            Self::Forbidden => "4003",
            Self::Internal => "5000",
        }
    }

    /// Its status.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Invalid | Self::WrongPartner => StatusCode::BAD_REQUEST,
            Self::NotFound | Self::NoRecords => StatusCode::NOT_FOUND,
            Self::Exists => StatusCode::CONFLICT,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// Something that every API refuses.
    Rejection(Rejection),
    /// Something that only this document refuses.
    Refused(Code, &'static str),
}

impl ApiError {
    /// A room that is not there.
    pub(crate) const NO_ROOM: Self = Self::Refused(Code::NotFound, "Chatroom not found");
    /// A room of another partner, or beyond a scoped token.
    pub(crate) const FORBIDDEN_ROOM: Self = Self::Refused(Code::Forbidden, "Chatroom does not belong to you");
    /// Beyond a scoped token.
    pub(crate) const FORBIDDEN: Self = Self::Refused(Code::Forbidden, "The token does not allow this");

    /// The envelope of the error, for sockets.
    pub fn failure(&self) -> Failure {
        let (code, message) = match self {
            Self::Rejection(rejection) => (code_of(rejection), rejection.message()),
            Self::Refused(code, message) => (*code, (*message).to_owned()),
        };
        Failure { status: false, code: code.as_str(), message }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.failure().message)
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejection(rejection)
    }
}

impl From<Rejected<OpenChatDialect>> for ApiError {
    fn from(rejected: Rejected<OpenChatDialect>) -> Self {
        Self::Rejection(rejected.0)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Rejection(error.into())
    }
}

impl From<ChatError> for ApiError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::NotFound(natter_chat::Missing::Message) => Self::Refused(Code::NotFound, "Message not found"),
            ChatError::NotFound(_) => Self::NO_ROOM,
            ChatError::Forbidden(why) => Self::Refused(Code::Forbidden, why),
            ChatError::Conflict(why) => Self::Refused(Code::Exists, why),
            ChatError::Invalid { field, message } => Rejection::invalid(field, message).into(),
            ChatError::KeyReused => Rejection::IdempotencyMismatch.into(),
            ChatError::Revoked => Rejection::Unauthorized(Unauthorized::TokenInvalid("revoked")).into(),
            ChatError::Unavailable => Rejection::unavailable().into(),
            ChatError::Internal => Rejection::internal(&error).into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Rejection(rejection) => reject::<OpenChatDialect>(&rejection),
            Self::Refused(code, message) => failure(code.status(), code.as_str(), message.to_owned()),
        }
    }
}

/// The codes of what every API refuses: what is wrong with a request is 1000, also where it has a status of its own.
fn code_of(rejection: &Rejection) -> Code {
    match rejection {
        Rejection::Unauthorized(_) => Code::Unauthorized,
        Rejection::UnknownRoute | Rejection::MalformedPath => Code::NotFound,
        Rejection::Internal { .. } | Rejection::Unavailable { .. } => Code::Internal,
        _ => Code::Invalid,
    }
}

fn failure(status: StatusCode, code: &'static str, message: String) -> Response {
    (status, Json(Failure { status: false, code, message })).into_response()
}
