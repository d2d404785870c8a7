//! What can go wrong with files.

use natter_store::StoreError;
use thiserror::Error;

/// Files cannot be kept or read.
#[derive(Debug, Error)]
pub enum FileError {
    /// `files.url` or `files.path` cannot be used; the text says why.
    #[error("{0}")]
    Configuration(String),
    /// As many uploads as the node takes at a time are under way.
    #[error("too many uploads at a time")]
    Busy,
    /// The folder or the object storage failed.
    #[error("the file storage failed: {0}")]
    Storage(#[from] object_store::Error),
    /// What is known of the file cannot be stored or read.
    #[error(transparent)]
    Rows(#[from] StoreError),
    /// The machine has no randomness to make an id of.
    #[error("no randomness: {0}")]
    Random(getrandom::Error),
}

/// A file was not taken. Nothing of it is left.
#[derive(Debug, Error)]
pub enum PutError<E> {
    /// It has more bytes than allowed.
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The bound in bytes.
        limit: u64,
    },
    /// Its source failed, with the source's own error.
    #[error("the upload ended early")]
    Source(E),
    /// It could not be kept.
    #[error(transparent)]
    File(#[from] FileError),
}
