//! What natter asks a tenant's backend about its clients, over HTTP (Centrifugo's proxies).
//!
//! A session describes itself with an [`Asker`] and asks through [`Proxies`]; a [`Call`] borrows nothing, so that it can
//! be waited for as a session's work. `backend` is one endpoint; `question` and `answer` are the two directions of a
//! call; `results` says what an answer means for each event, and `wire` reads it. Every call is bounded by its proxy's
//! timeout and by [`ANSWER_BYTES_MAX`]; redirects are not followed.

mod answer;
mod backend;
mod error;
mod headers;
mod keys;
mod map_results;
mod question;
mod results;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use natter_node::config::{Centrifugo, DEFAULT_PROXY, Proxy, RpcSection};
use natter_protocol::centrifuge::codes::ClientError;

use self::answer::Outcome;
pub use self::answer::{ANSWER_BYTES_MAX, Answer};
use self::backend::Backend;
pub use self::error::ProxyError;
pub use self::keys::{KEYS_ANSWER_BYTES_MAX, KeyState, KeysQuestion, KeysResult, KnownKey};
pub use self::map_results::{MapPublishResult, MapRemoveResult};
pub use self::question::{Asker, ConnectQuestion, MapQuestion, PublishQuestion, RpcQuestion, SubscribeQuestion};
use self::question::{Body, Event};
pub use self::results::{ConnectResult, PublishResult, RefreshResult, RpcResult, SubscribeResult};

/// Separates the namespace of a remote method from the rest of its name.
const RPC_NAMESPACE_BOUNDARY: char = ':';

/// How much longer a connection or a subscription lives whose refresh could not be asked about, in seconds: a backend
/// that is down for a moment must not end everybody's connections.
pub const REFRESH_RETRY_SECONDS: i64 = 60;

/// A question on its way. Dropping it gives it up.
pub type Call<T> = Pin<Box<dyn Future<Output = Result<Answer<T>, ProxyError>> + Send>>;

/// All backends that the configuration names.
#[derive(Debug)]
pub struct Proxies {
    connect: Option<Arc<Backend>>,
    refresh: Option<Arc<Backend>>,
    subscribe: ByName,
    publish: ByName,
    sub_refresh: ByName,
    map_publish: ByName,
    map_remove: ByName,
    keys: ByName,
    rpc: ByName,
    rpc_routes: RpcSection,
}

type ByName = HashMap<String, Arc<Backend>>;

impl Proxies {
    /// Makes the proxies that are configured; their backends share one pool of connections.
    pub fn new(config: &Centrifugo) -> Self {
        let client = backend::client();
        let backend = |proxy: &Proxy| Arc::new(Backend::new(proxy, client.clone()));
        let further: ByName = config.proxies.iter().map(|proxy| (proxy.name.clone(), backend(proxy))).collect();
        let named = |default: &Proxy| {
            let mut named = further.clone();
            if !default.endpoint.is_empty() {
                named.insert(DEFAULT_PROXY.to_owned(), backend(default));
            }
            named
        };
        Self {
            connect: Some(&config.client.proxy.connect).filter(|proxy| proxy.enabled).map(backend),
            refresh: Some(&config.client.proxy.refresh).filter(|proxy| proxy.enabled).map(backend),
            subscribe: named(&config.channel.proxy.subscribe),
            publish: named(&config.channel.proxy.publish),
            sub_refresh: named(&config.channel.proxy.sub_refresh),
            map_publish: named(&config.channel.proxy.map_publish),
            map_remove: named(&config.channel.proxy.map_remove),
            keys: named(&config.channel.proxy.shared_poll_refresh),
            rpc: named(&config.rpc.proxy),
            rpc_routes: config.rpc.clone(),
        }
    }

    /// Whether connections without a token are asked about.
    pub fn has_connect(&self) -> bool {
        self.connect.is_some()
    }

    /// Whether it is the backend, not the client, that refreshes connections.
    pub fn has_refresh(&self) -> bool {
        self.refresh.is_some()
    }

    /// The name of the proxy that answers a remote method.
    ///
    /// # Errors
    /// 108 when no proxy is on for it, 104 when others are but its namespace is not configured.
    pub fn rpc_route(&self, method: &str) -> Result<&str, ClientError> {
        let routes = &self.rpc_routes;
        let own = &routes.without_namespace;
        let (is_enabled, name) = match method.split_once(RPC_NAMESPACE_BOUNDARY) {
            None => (own.proxy_enabled, &own.proxy_name),
            Some((namespace, _)) => match routes.namespaces.iter().find(|known| known.name == namespace) {
                Some(known) => (known.proxy_enabled, &known.proxy_name),
                None if own.proxy_enabled || !routes.namespaces.is_empty() => {
                    return Err(ClientError::METHOD_NOT_FOUND);
                }
                None => return Err(ClientError::NOT_AVAILABLE),
            },
        };
        if is_enabled { Ok(name) } else { Err(ClientError::NOT_AVAILABLE) }
    }

    /// Asks who a connection without a token is. `None` as the result: it is not authenticated.
    pub fn connect(&self, asker: &Asker, question: &ConnectQuestion) -> Call<Option<ConnectResult>> {
        ask(self.connect.as_ref(), Event::Connect, asker, |body| body.connect(question))
    }

    /// Asks whether a connection that has expired may go on.
    pub fn refresh(&self, asker: &Asker) -> Call<RefreshResult> {
        ask(self.refresh.as_ref(), Event::Refresh, asker, |_| ())
    }

    /// Asks the proxy called `name` whether a subscription is allowed.
    pub fn subscribe(&self, name: &str, asker: &Asker, question: &SubscribeQuestion) -> Call<SubscribeResult> {
        ask(self.subscribe.get(name), Event::Subscribe, asker, |body| body.subscribe(question))
    }

    /// Asks the proxy called `name` whether a publication is allowed. The one who asks publishes afterwards.
    pub fn publish(&self, name: &str, asker: &Asker, question: &PublishQuestion) -> Call<PublishResult> {
        ask(self.publish.get(name), Event::Publish, asker, |body| body.publish(question))
    }

    /// Asks the proxy called `name` whether a subscription that has expired may go on.
    pub fn sub_refresh(&self, name: &str, asker: &Asker, channel: &str) -> Call<RefreshResult> {
        ask(self.sub_refresh.get(name), Event::SubRefresh, asker, |body| body.channel(channel))
    }

    /// Asks the proxy called `name` whether a key may be set. The one who asks sets it afterwards.
    pub fn map_publish(&self, name: &str, asker: &Asker, question: &MapQuestion) -> Call<MapPublishResult> {
        ask(self.map_publish.get(name), Event::MapPublish, asker, |body| body.map(question))
    }

    /// Asks the proxy called `name` whether a key may be removed. The one who asks removes it afterwards.
    pub fn map_remove(&self, name: &str, asker: &Asker, question: &MapQuestion) -> Call<MapRemoveResult> {
        ask(self.map_remove.get(name), Event::MapRemove, asker, |body| body.map(question))
    }

    /// Asks the proxy called `name` for the values of keys. Its answer may have [`KEYS_ANSWER_BYTES_MAX`] bytes.
    pub fn keys(&self, name: &str, question: &KeysQuestion) -> Call<KeysResult> {
        let Some(backend) = self.keys.get(name).cloned() else {
            return Box::pin(async { Err(ProxyError::NotConfigured) });
        };
        let (headers, question) = (backend.own_headers(), serde_json::to_vec(question).map_err(ProxyError::from));
        exchange(backend, Event::Keys, headers, question, KEYS_ANSWER_BYTES_MAX)
    }

    /// Has the proxy called `name`, which [`Proxies::rpc_route`] told, carry out a remote method.
    pub fn rpc(&self, name: &str, asker: &Asker, question: &RpcQuestion) -> Call<RpcResult> {
        ask(self.rpc.get(name), Event::Rpc, asker, |body| body.rpc(question))
    }
}

/// Writes the question at once and sends it when the call is waited for.
fn ask<'a, T: Outcome>(
    backend: Option<&Arc<Backend>>,
    event: Event,
    asker: &'a Asker,
    fill: impl FnOnce(&mut Body<'a>),
) -> Call<T> {
    let Some(backend) = backend.cloned() else {
        return Box::pin(async { Err(ProxyError::NotConfigured) });
    };
    let mut body = Body::new(event, asker);
    fill(&mut body);
    let question = body.encode(backend.settings());
    let headers = backend.headers(asker);
    exchange(backend, event, headers, question, ANSWER_BYTES_MAX)
}

fn exchange<T: Outcome>(
    backend: Arc<Backend>,
    event: Event,
    headers: HeaderMap,
    question: Result<Vec<u8>, ProxyError>,
    answer_bytes_max: usize,
) -> Call<T> {
    Box::pin(async move {
        let called = async {
            let answered = backend.call(headers, question?, answer_bytes_max).await?;
            answer::read(answered, backend.settings())
        };
        let answer = called.await;
        crate::metrics::proxy_call(event.label(), result_label(&answer));
        if let Err(error) = &answer {
            tracing::debug!(event = event.label(), endpoint = backend.settings().endpoint, %error, "proxy call failed");
        }
        answer
    })
}

fn result_label<T>(answer: &Result<Answer<T>, ProxyError>) -> &'static str {
    match answer {
        Ok(Answer::Result(_)) => "ok",
        Ok(Answer::Error(_)) => "error",
        Ok(Answer::Disconnect(_)) => "disconnect",
        Err(ProxyError::Timeout) => "timeout",
        Err(_) => "failed",
    }
}

/// A timeout of 0 would fail every call; the configuration means "the default" by it.
fn timeout_of(proxy: &Proxy) -> Duration {
    match proxy.timeout.is_zero() {
        true => Proxy::default().timeout,
        false => proxy.timeout,
    }
}
