//! Errors.

use serde::Serialize;
use utoipa::ToSchema;

/// Why a call was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkError {
    pub(crate) error: ChatSdkErrorBody,
}

/// For people and for programs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkErrorBody {
    /// For people; names the wrong field.
    pub(crate) message: String,
    /// For programs.
    #[schema(value_type = String, example = "VALIDATION_ERROR")]
    pub(crate) code: &'static str,
}
