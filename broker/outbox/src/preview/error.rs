//! Why a link has no preview.

use thiserror::Error;

use crate::guard::FetchError;

/// Why a link has no preview.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PreviewError {
    /// The page could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The answer was no success.
    #[error("the status is {0}")]
    Status(u16),
    /// It is no HTML.
    #[error("it is no HTML page")]
    Form,
    /// The page says nothing of itself.
    #[error("the page has neither a title nor a description")]
    Empty,
}

impl PreviewError {
    /// Whether it may work in a while.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Fetch(error) => matches!(error, FetchError::Time | FetchError::Connection | FetchError::Answer),
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::Form | Self::Empty => false,
        }
    }
}
