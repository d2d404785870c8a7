//! ChatSDK's REST API for a blocking thread: to set a run up, to read back what it left, and where cost does not matter.
//!
//! One [`ChatSdk`] keeps one connection alive; clones share it. A refusal keeps its status, so that who asks can tell
//! what was answered from what was not answered at all.

mod calls;
mod shapes;

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;
use ureq::http::Method;

pub use shapes::{Channel, Message, Page, Reaction, ReadMark, Token, User};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Characters of a refusal that are kept.
const REASON_MAX: usize = 200;

/// Why a call has no result.
#[derive(Debug, Error)]
pub enum CallError {
    /// The server answered with a status that is no success.
    #[error("status {0}: {1}")]
    Refused(u16, String),
    /// Nothing came, or not all of it, so the call may have been done or not.
    #[error("no answer: {0}")]
    Unanswered(String),
}

/// The API as one caller sees it.
#[derive(Debug, Clone)]
pub struct ChatSdk {
    agent: ureq::Agent,
    base: String,
    api_key: String,
    token: Option<String>,
}

impl ChatSdk {
    /// The API at `base` (without a slash at its end) for calls that need only the key.
    #[must_use]
    pub fn new(base: &str, api_key: &str) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
        Self { agent: config.into(), base: base.to_owned(), api_key: api_key.to_owned(), token: None }
    }

    /// The same API, over a connection of its own, as the user that `token` names.
    #[must_use]
    pub fn of_user(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::new(&self.base, &self.api_key) }
    }

    /// One call; an answer that is not of the shape `T` counts as none.
    fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&Value>) -> Result<T, CallError> {
        let unanswered = |error: String| CallError::Unanswered(error);
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("X-API-Key", &self.api_key);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let response = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_string());
                self.agent.run(request.map_err(|error| unanswered(error.to_string()))?)
            }
            None => self.agent.run(request.body(()).map_err(|error| unanswered(error.to_string()))?),
        };
        let mut response = response.map_err(|error| unanswered(error.to_string()))?;
        let text = response.body_mut().read_to_string().map_err(|error| unanswered(error.to_string()))?;
        let status = response.status().as_u16();
        if !(200..300).contains(&status) {
            return Err(CallError::Refused(status, text.chars().take(REASON_MAX).collect()));
        }
        serde_json::from_str(&text).map_err(|error| unanswered(format!("{error} in an answer with {status}")))
    }
}
