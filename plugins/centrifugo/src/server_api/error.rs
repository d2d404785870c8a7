//! The errors of the server API: their numbers, and what HTTP calls them.

use axum::http::StatusCode;
use natter_core::Refusal;
use natter_protocol::centrifuge::codes::ClientError;
use serde::Serialize;

/// Why a method was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ApiError {
    code: u32,
    message: &'static str,
    /// Whether the same request may succeed in a moment.
    #[serde(skip)]
    is_passing: bool,
}

impl ApiError {
    /// Something failed on our side.
    pub(super) const INTERNAL: Self = Self::new(100, "internal server error");
    /// As [`ApiError::INTERNAL`], but the node is only too busy, or its store away.
    pub(super) const UNAVAILABLE: Self = Self { is_passing: true, ..Self::INTERNAL };
    /// The namespace of the channel is not configured.
    pub(super) const UNKNOWN_CHANNEL: Self = Self::new(102, "unknown channel");
    /// No such method.
    pub(super) const NOT_FOUND: Self = Self::new(104, "not found");
    /// A bound of the node.
    pub(super) const LIMIT_EXCEEDED: Self = Self::new(106, "limit exceeded");
    /// The request makes no sense.
    pub(super) const BAD_REQUEST: Self = Self::new(107, "bad request");
    /// The feature is off for the channel.
    pub(super) const NOT_AVAILABLE: Self = Self::new(108, "not available");
    /// The position is not of this stream or no longer kept.
    pub(super) const UNRECOVERABLE_POSITION: Self = Self::new(112, "unrecoverable position");

    const fn new(code: u32, message: &'static str) -> Self {
        Self { code, message, is_passing: false }
    }

    /// Its status in transport error mode.
    pub(super) fn status(self) -> StatusCode {
        match self.code {
            _ if self.is_passing => StatusCode::SERVICE_UNAVAILABLE,
            102 | 104 => StatusCode::NOT_FOUND,
            106..=108 => StatusCode::BAD_REQUEST,
            112 => StatusCode::RANGE_NOT_SATISFIABLE,
            113 => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What `natter_publish_total` calls a publication that failed with it.
    pub(super) fn publish_result(self) -> &'static str {
        match self.code {
            100 => "store_error",
            106 => "limited",
            _ => "invalid",
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy | Refusal::StoreUnavailable { .. } => Self::UNAVAILABLE,
            Refusal::NotAvailable => Self::NOT_AVAILABLE,
            Refusal::UnrecoverablePosition => Self::UNRECOVERABLE_POSITION,
            Refusal::BadRequest => Self::BAD_REQUEST,
            Refusal::TooManyChannels | Refusal::TooManySubscribers | Refusal::TooManyKeys => Self::LIMIT_EXCEEDED,
        }
    }
}

impl From<ClientError> for ApiError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::UNKNOWN_CHANNEL => Self::UNKNOWN_CHANNEL,
            ClientError::BAD_REQUEST => Self::BAD_REQUEST,
            _ => Self::INTERNAL,
        }
    }
}
