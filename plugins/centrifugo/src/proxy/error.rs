//! Why a question to a backend has no answer.

use natter_protocol::centrifuge::codes::ClientError;
use thiserror::Error;

/// A call that failed. Its text may name the backend's address: it is for logs, not for clients.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// No such proxy is configured, or it is not enabled.
    #[error("the proxy is not configured")]
    NotConfigured,
    /// The HTTP client could not be made.
    #[error("no HTTP client: {0}")]
    Client(String),
    /// The backend could not be reached, or the connection broke.
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    /// The backend took longer than the proxy's timeout.
    #[error("no answer in time")]
    Timeout,
    /// The backend answered with another status than 200, and no transform is configured for it.
    #[error("status {0}")]
    Status(u16),
    /// The answer is larger than [`ANSWER_BYTES_MAX`](super::ANSWER_BYTES_MAX).
    #[error("the answer is too large")]
    TooLarge,
    /// The answer is not what the event's answer looks like.
    #[error("malformed answer: {0}")]
    Malformed(String),
    /// The client's data is no JSON, and the proxy does not use `binary_encoding`.
    #[error("the data is no JSON; set binary_encoding for this proxy")]
    NotJson,
}

impl ProxyError {
    /// What the client is told: nothing but that something failed.
    pub fn client_error(&self) -> ClientError {
        ClientError::INTERNAL
    }
}

impl From<serde_json::Error> for ProxyError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}
