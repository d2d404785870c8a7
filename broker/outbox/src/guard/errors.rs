//! Why nothing was fetched.

use std::error::Error;

use thiserror::Error;

/// Why there is no client.
#[derive(Debug, Error)]
pub enum ClientError {
    /// A file of authorities cannot be used.
    #[error("the authorities in {file} cannot be used: {reason}")]
    Authorities {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("no HTTP client: {0}")]
    Tls(#[source] reqwest::Error),
}

/// Why a request has no answer. The texts say nothing of the other side's content.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    /// The URL is none, or has no host.
    #[error("the URL cannot be read")]
    Url,
    /// Neither `http` nor `https`.
    #[error("the URL's scheme is neither http nor https")]
    Scheme,
    /// The host is not on the public internet.
    #[error("the address is not public")]
    BlockedAddress,
    /// Too many redirects.
    #[error("too many redirects")]
    Redirects,
    /// No whole answer in time.
    #[error("no answer in time")]
    Time,
    /// The name does not resolve, nobody listens, or TLS failed.
    #[error("no connection")]
    Connection,
    /// The connection ended early, or the answer is not HTTP.
    #[error("no sound answer")]
    Answer,
}

/// The resolver refused a name.
#[derive(Debug, Error)]
#[error("the address is not public")]
pub(super) struct BlockedAddress;

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        // A chain of causes is short; the bound is for one that is a ring.
        for _ in 0..16 {
            match cause {
                Some(found) if found.is::<BlockedAddress>() => return Self::BlockedAddress,
                Some(found) => cause = found.source(),
                None => break,
            }
        }
        match () {
            () if error.is_timeout() => Self::Time,
            () if error.is_connect() => Self::Connection,
            () if error.is_builder() => Self::Url,
            () => Self::Answer,
        }
    }
}
