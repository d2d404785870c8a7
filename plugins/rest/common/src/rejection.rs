//! Everything that can go wrong before or around a handler.

use axum::http::StatusCode;
use natter_node::auth::TokenError;
use natter_store::StoreError;

/// When a caller may come again if nothing better is known, in seconds.
const RETRY_SECONDS: u64 = 1;

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's path as the client wrote it: `limit`, `members[2].id`; empty is the whole body.
    pub field: String,
    /// What is wrong, as the end of a sentence that begins with the field's name.
    pub message: String,
}

/// Why nobody is known to be calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unauthorized {
    /// No API key.
    ApiKeyMissing,
    /// A key of no tenant.
    ApiKeyUnknown,
    /// No token.
    TokenMissing,
    /// A good signature, but its time is over or has not come.
    TokenExpired,
    /// Forged, malformed, for nobody, or signed in a way that is not configured; the reason is for metrics only.
    TokenInvalid(&'static str),
    /// A token of another tenant than the API key's, or of none.
    TokenOfOtherTenant,
}

impl Unauthorized {
    /// Label of metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::ApiKeyMissing => "api_key_missing",
            Self::ApiKeyUnknown => "api_key_unknown",
            Self::TokenMissing => "missing",
            Self::TokenExpired => "expired",
            Self::TokenInvalid(reason) => reason,
            Self::TokenOfOtherTenant => "tenant",
        }
    }
}

/// A request that never reached its handler's work, or an answer that has none.
///
/// A dialect gives it a shape with [`Dialect::render`](crate::Dialect::render); [`Rejection::status`] and
/// [`Rejection::message`] are what most dialects need of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// 400: the body is no JSON.
    InvalidJson {
        /// What the parser says.
        message: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// 400: the body is not what its content type says, or ends early.
    InvalidBody(String),
    /// 400: fields that are missing, unknown, or hold what they cannot; never empty.
    Invalid(Vec<FieldError>),
    /// 401.
    Unauthorized(Unauthorized),
    /// 404: no such route.
    UnknownRoute,
    /// 404: a part of the path is not of the form that the route needs, so there is nothing there.
    MalformedPath,
    /// 405; the header `Allow` says what there is.
    MethodNotAllowed,
    /// 408: the body came too slowly.
    BodyTimeout,
    /// 413: the body, a file or their number.
    TooLarge {
        /// The bound, in bytes, or a number where `what` counts.
        limit: u64,
        /// What is bounded, such as "the body".
        what: &'static str,
    },
    /// 415: the content type, or a content encoding.
    UnsupportedMediaType {
        /// What would be taken.
        expected: &'static str,
    },
    /// 422: the `Idempotency-Key` was used with another body.
    IdempotencyMismatch,
    /// 429.
    RateLimited {
        /// Seconds until there is room again, at least 1.
        retry_after_seconds: u64,
    },
    /// 500. What happened is in the log under the id, and nowhere else.
    Internal {
        /// Names the entry of the log; sent as `X-Request-Id`.
        request_id: String,
    },
    /// 503: the store cannot be reached, or the node has too much to do.
    Unavailable {
        /// Seconds after which another try makes sense, at least 1.
        retry_after_seconds: u64,
    },
}

impl Rejection {
    /// One field is wrong; `message` ends a sentence that begins with the field's name.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// Something failed on our side: it is logged here, and the caller learns an id only.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        let request_id = request_id();
        tracing::error!(%request_id, %error, "a request failed");
        Self::Internal { request_id }
    }

    /// The node or its store cannot do it now.
    pub fn unavailable() -> Self {
        Self::Unavailable { retry_after_seconds: RETRY_SECONDS }
    }

    /// The status that the contract gives it everywhere; a dialect may differ where its document does.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::InvalidJson { .. } | Self::InvalidBody(_) | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::UnknownRoute | Self::MalformedPath => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::IdempotencyMismatch => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What a person is told; it names the wrong field and holds nothing internal.
    pub fn message(&self) -> String {
        match self {
            Self::InvalidJson { message, line, column } => {
                format!("The body is not valid JSON: {message} at line {line}, column {column}")
            }
            Self::InvalidBody(message) => format!("The body cannot be read: {message}"),
            Self::Invalid(fields) => fields.iter().map(sentence).collect::<Vec<_>>().join("; "),
            Self::Unauthorized(reason) => unauthorized_message(*reason).to_owned(),
            Self::UnknownRoute | Self::MalformedPath => "Not found".to_owned(),
            Self::MethodNotAllowed => "Method not allowed".to_owned(),
            Self::BodyTimeout => "The body came too slowly".to_owned(),
            Self::TooLarge { limit, what } => format!("Too large: {what}, at most {limit}"),
            Self::UnsupportedMediaType { expected } => format!("Unsupported media type; send {expected}"),
            Self::IdempotencyMismatch => "The Idempotency-Key was used with another body".to_owned(),
            Self::RateLimited { retry_after_seconds } => {
                format!("Too many requests; try again in {retry_after_seconds} s")
            }
            Self::Internal { .. } => "Internal server error".to_owned(),
            Self::Unavailable { .. } => "Service unavailable; try again".to_owned(),
        }
    }

    /// What `Retry-After` says, in seconds.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after_seconds } | Self::Unavailable { retry_after_seconds } => {
                Some((*retry_after_seconds).max(1))
            }
            _ => None,
        }
    }
}

fn sentence(error: &FieldError) -> String {
    if error.field.is_empty() { error.message.clone() } else { format!("{} {}", error.field, error.message) }
}

fn unauthorized_message(reason: Unauthorized) -> &'static str {
    match reason {
        Unauthorized::ApiKeyMissing => "An API key is required",
        Unauthorized::ApiKeyUnknown => "Invalid API key",
        Unauthorized::TokenMissing => "A token is required",
        Unauthorized::TokenExpired => "The token has expired",
        Unauthorized::TokenInvalid(_) | Unauthorized::TokenOfOtherTenant => "Invalid token",
    }
}

fn request_id() -> String {
    let mut bytes = [0; 8];
    // Without randomness the id is zero: the log entry is still there, and the answer too.
    let _ = getrandom::fill(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

impl From<TokenError> for Rejection {
    fn from(error: TokenError) -> Self {
        use natter_node::auth::InvalidReason;
        match error {
            TokenError::Expired => Self::Unauthorized(Unauthorized::TokenExpired),
            TokenError::Invalid(InvalidReason::Tenant) => Self::Unauthorized(Unauthorized::TokenOfOtherTenant),
            TokenError::Invalid(reason) => Self::Unauthorized(Unauthorized::TokenInvalid(reason.label())),
            TokenError::KeysUnavailable => Self::unavailable(),
        }
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid(_) | StoreError::Corrupt(_) => Self::internal(&error),
            StoreError::Unavailable(_) | StoreError::Poisoned(_) => {
                tracing::warn!(%error, "a request needs the store");
                Self::unavailable()
            }
        }
    }
}
