//! The API on a running broker, asked as a backend asks it.

mod admission;
mod batch;
mod channel_limit;
mod errors;
mod history;
mod legacy;
mod publish;
mod reading;
mod shared_poll;
mod subscribers;
mod visitor;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use natter_node::auth::Authenticator;
use natter_node::channel_limits::ChannelLimits;
use natter_node::config::{Config, DataFormat, Namespace, Secret, Tenant as ConfiguredTenant};
use natter_node::limits::ConnectionLimits;
use natter_node::metrics::ConnectionMetrics;
use natter_node::tenant::Tenants;
use natter_node::worker::{self, BrokerOptions};
use natter_store::MemoryStore;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::router;
use crate::codec::Codecs;
use crate::proxy::Proxies;
use crate::shared::{Settings, Shared};
use crate::shared_poll::SharedPolls;

const PREFIX: &str = "/api";

/// A node with two tenants, `demo` (key `demo-key`) and `other` (key `other-key`).
struct Api {
    shared: Arc<Shared>,
    router: Router,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} {:?} is JSON", self.status, self.text))
    }
}

impl Api {
    fn start() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config();
        change(&mut config);
        let (broker, _) = worker::start(BrokerOptions {
            workers: 1,
            channels_max: 1_000,
            connection_limits: ConnectionLimits::default(),
            store: Arc::new(MemoryStore::new()),
        })
        .unwrap();
        broker.set_channel_limits(ChannelLimits::new(&config));
        let settings = Settings::new(&config, None);
        let shared = Arc::new(Shared {
            connects: Default::default(),
            broker,
            tenants: Arc::new(Tenants::new(config.tenants.clone())),
            authenticator: ArcSwap::from_pointee(Authenticator::new(&config.tenants).unwrap()),
            proxies: ArcSwap::from_pointee(Proxies::new(&settings.centrifugo)),
            settings: ArcSwap::from_pointee(settings),
            codecs: Codecs::new(None),
            polls: Arc::new(SharedPolls::new(0)),
            connection_metrics: ConnectionMetrics::new("ws", "centrifugo"),
        });
        Self { router: router(Arc::clone(&shared), PREFIX), shared }
    }

    async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().into()).unwrap();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    /// Posts with demo's key and these further headers.
    async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
        let keyed = Request::post(format!("{PREFIX}{path}")).header("x-api-key", "demo-key");
        let request = headers.iter().fold(keyed, |request, (name, value)| request.header(*name, *value));
        self.send(request.body(body.into()).unwrap()).await
    }

    /// The whole answer of a method, which must be a 200.
    async fn call(&self, method: &str, body: Value) -> Value {
        let reply = self.post(&format!("/{method}"), &[], body.to_string()).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        assert_eq!(reply.headers["content-type"], "application/json");
        reply.json()
    }

    /// As [`Api::call`], for the other tenant.
    async fn call_as_other(&self, method: &str, body: Value) -> Value {
        let request = Request::post(format!("{PREFIX}/{method}")).header("x-api-key", "other-key");
        self.send(request.body(body.to_string().into()).unwrap()).await.json()
    }
}

fn error(code: u32, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

fn bad_request() -> Value {
    error(107, "bad request")
}

fn config() -> Config {
    let tenant = |id: &str| ConfiguredTenant {
        id: id.to_owned(),
        api_keys: vec![Secret::new(format!("{id}-key"))],
        token_secret: Secret::new("secret-secret-secret-secret-secret"),
        ..ConfiguredTenant::default()
    };
    let mut config = Config::default();
    config.tenants = vec![tenant("demo"), tenant("other")];
    config.plugins.centrifugo.tenant = "demo".to_owned();
    config.plugins.centrifugo.namespaces = namespaces();
    config
}

fn namespaces() -> Vec<Namespace> {
    let plain = |name: &str| Namespace { name: name.to_owned(), ..Namespace::default() };
    let kept = |name: &str| Namespace { history_size: 5, history_ttl: Duration::from_secs(300), ..plain(name) };
    vec![
        Namespace { presence: true, ..kept("") },
        plain("fast"),
        Namespace { durable: true, ..kept("durable") },
        Namespace { publication_data_format: DataFormat::Json, ..kept("json") },
        Namespace { publication_data_format: DataFormat::Binary, ..kept("binary") },
    ]
}
