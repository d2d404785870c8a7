//! Fetching a key set over HTTP, within bounds of time and size.

use std::sync::LazyLock;
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use thiserror::Error;

/// Longest fetch, from the look-up of the name to the last byte.
const TIME_MAX: Duration = Duration::from_secs(3);

/// Largest answer in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Why a key set was not read.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("no HTTP client: {0}")]
    Client(String),
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    #[error("status {0}")]
    Status(u16),
    #[error("the answer is larger than {BODY_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the answer is not a key set: {0}")]
    Form(#[from] serde_json::Error),
}

/// One client for all key sets, so that connections are shared. Redirects are not followed: the configuration names the
/// place, and another one would not be the operator's choice.
static CLIENT: LazyLock<Result<reqwest::Client, String>> = LazyLock::new(|| {
    // Refused when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().timeout(TIME_MAX).redirect(reqwest::redirect::Policy::none()).no_proxy();
    builder.build().map_err(|error| error.to_string())
});

/// A set whose keys are read one by one, so that one of a kind we do not know does not spoil the others.
#[derive(Deserialize)]
struct Answer {
    keys: Vec<serde_json::Value>,
}

/// Reads the key set at a URL.
///
/// # Errors
/// No answer in time, a status other than 200, an answer that is too large or no key set.
pub(super) async fn fetch(url: &str) -> Result<Vec<Jwk>, FetchError> {
    let client = CLIENT.as_ref().map_err(|error| FetchError::Client(error.clone()))?;
    let mut response = client.get(url).header("accept", "application/json").send().await?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let answer: Answer = serde_json::from_slice(&body)?;
    Ok(answer.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
}
