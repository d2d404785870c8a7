//! What did not go well.

use serde::Serialize;
use utoipa::ToSchema;

/// Why something was not done.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct CampusError {
    /// Always `false`.
    pub(crate) status: bool,
    /// For people; names the wrong field.
    pub(crate) message: String,
}
