//! One backend over HTTP: where it is, what it is sent, and the bounds of a call.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::HeaderMap;
use natter_node::config::Proxy;
use reqwest::redirect::Policy;

use super::answer::Answered;
use super::headers::HeaderRules;
use super::question::Asker;
use super::{ProxyError, timeout_of};

/// Idle connections that are kept to each backend.
const IDLE_CONNECTIONS_MAX: usize = 256;

/// How long an idle connection is kept: shorter than the 5 seconds after which a Node.js backend closes it, so that no call
/// begins on a connection that is just being closed.
const IDLE_TIME: Duration = Duration::from_secs(4);

/// A client, or why there is none.
pub(super) type Client = Result<reqwest::Client, String>;

/// Makes the client that all backends share. It follows no redirect: the configuration names the place, and another one
/// would not be the operator's choice.
pub(super) fn client() -> Client {
    // Refused when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_TIME);
    builder.build().map_err(|error| error.to_string())
}

/// A configured proxy.
#[derive(Debug)]
pub(super) struct Backend {
    settings: Proxy,
    headers: HeaderRules,
    client: Client,
}

impl Backend {
    pub(super) fn new(settings: &Proxy, client: Client) -> Self {
        Self { settings: settings.clone(), headers: HeaderRules::new(settings), client }
    }

    pub(super) fn settings(&self) -> &Proxy {
        &self.settings
    }

    /// The headers of a call about a client.
    pub(super) fn headers(&self, asker: &Asker) -> HeaderMap {
        self.headers.select(asker.headers.as_deref(), &asker.emulated_headers)
    }

    /// The headers of a call about no client in particular.
    pub(super) fn own_headers(&self) -> HeaderMap {
        self.headers.select(None, &BTreeMap::new())
    }

    /// Sends a question and reads whatever comes back, within the proxy's timeout.
    pub(super) async fn call(
        &self,
        headers: HeaderMap,
        question: Vec<u8>,
        answer_bytes_max: usize,
    ) -> Result<Answered, ProxyError> {
        let exchange = self.exchange(headers, question, answer_bytes_max);
        tokio::time::timeout(timeout_of(&self.settings), exchange).await.map_err(|_| ProxyError::Timeout)?
    }

    async fn exchange(
        &self,
        headers: HeaderMap,
        question: Vec<u8>,
        answer_bytes_max: usize,
    ) -> Result<Answered, ProxyError> {
        let client = self.client.as_ref().map_err(|error| ProxyError::Client(error.clone()))?;
        let mut response = client.post(&self.settings.endpoint).headers(headers).body(question).send().await?;
        let status = response.status().as_u16();
        if status != 200 {
            return Ok(Answered::Status(status));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > answer_bytes_max {
                return Err(ProxyError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answered::Body(body))
    }
}
