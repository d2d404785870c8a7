//! Asking a provider: bounds of time and size, and which answers mean "later".

use std::time::Duration;

use reqwest::{Client, ClientBuilder, RequestBuilder, StatusCode, redirect};
use serde_json::Value;

use super::message::PushResult;
use crate::retry_after::retry_after;

const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Most characters of a provider's text in a reason.
const REASON_CHARS_MAX: usize = 120;

/// An answer with its JSON; null when it is none.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Value,
}

/// A client of a provider, whose address the operator has configured: it is not guarded, but follows no redirects.
pub(super) fn builder() -> ClientBuilder {
    crate::install_crypto();
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(ANSWER_TIME_MAX)
        .connect_timeout(CONNECT_TIME_MAX)
        .user_agent(concat!("natter/", env!("CARGO_PKG_VERSION")))
}

/// Sends a request; what has no answer is to be sent again.
pub(super) async fn send(request: RequestBuilder) -> Result<Answer, PushResult> {
    let mut response = request.send().await.map_err(no_answer)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        let room = ANSWER_BYTES_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            break;
        }
    }
    Ok(Answer {
        status: response.status(),
        retry_after: retry_after(response.headers()),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

fn no_answer(error: reqwest::Error) -> PushResult {
    // The URL may hold a token.
    PushResult::retry(error.without_url())
}

impl Answer {
    /// The result of an answer that means "later" whoever gives it: too much, or a failure of theirs.
    pub(super) fn later(&self) -> Option<PushResult> {
        let is_later = self.status == StatusCode::TOO_MANY_REQUESTS || self.status.is_server_error();
        is_later
            .then(|| PushResult::Retry { reason: format!("status {}", self.status.as_u16()), after: self.retry_after })
    }

    /// The result of an answer that nothing else is known about.
    pub(super) fn rejected(&self, said: &str) -> PushResult {
        let said: String = said.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
        PushResult::rejected(format_args!("status {}: {said}", self.status.as_u16()))
    }

    /// A text in the answer.
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}
