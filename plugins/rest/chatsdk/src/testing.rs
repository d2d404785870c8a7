//! The API over a store in memory, for tests.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use natter_chat::{Chat, ChatParts, NoWork};
use natter_files::FileStore;
use natter_node::clock::NodeClock;
use natter_node::config::Config;
use natter_node::limits::ConnectionLimits;
use natter_node::plugin::{ListenerView, Plugin};
use natter_node::tenant::Tenants;
use natter_node::worker::{self, BrokerOptions};
use natter_outbox::guard::{GuardedClient, GuardedClientOptions};
use natter_outbox::push::PushSender;
use natter_rest::Rest;
use natter_store::{MemoryStore, Store, system_clock};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{ChatSdkParts, ChatSdkPlugin, ChatSdkRenderer};

const CONFIG: &str = r#"
[server]
public_url = "http://chat.example"

[[tenants]]
id = "demo"
api_keys = ["demo-api-key"]
token_secret = "demo-secret-demo-secret-demo-secret"

[[tenants]]
id = "other"
api_keys = ["other-api-key"]
token_secret = "other-secret-other-secret-other-secret"
limits = { tokens_per_minute = 2, messages_per_minute = 1, requests_per_minute = 3 }

[[tenants]]
id = "foreign"
api_keys = ["foreign-api-key"]
jwks_url = "http://127.0.0.1:9/keys"
"#;

/// A running API.
pub(crate) struct Bench {
    pub(crate) plugin: ChatSdkPlugin,
    router: Router,
    _folder: TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answered {
    /// Status and code of an error.
    pub(crate) fn error(&self) -> (u16, &str) {
        (self.status.as_u16(), self.json["error"]["code"].as_str().unwrap_or_default())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Bench {
    pub(crate) fn start() -> Self {
        Self::over(Arc::new(MemoryStore::new()), 0)
    }

    /// Over a store that is there already, with a clock that is ahead.
    pub(crate) fn over(store: Arc<MemoryStore>, ahead_ms: i64) -> Self {
        let config = Config::load_text(CONFIG, std::iter::empty()).unwrap();
        let store: Arc<dyn Store> = store;
        let clock = NodeClock::starting_at(NodeClock::start().now_ms() + ahead_ms);
        let options = BrokerOptions {
            workers: 1,
            channels_max: 1_000,
            connection_limits: ConnectionLimits::default(),
            store: Arc::clone(&store),
        };
        let (broker, _threads) = worker::start_at(options, clock).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut files = config.files.clone();
        files.path = folder.path().to_owned();
        let files = FileStore::open(&files, "http://chat.example", Arc::clone(&store), system_clock()).unwrap();
        let tenants = Arc::new(Tenants::new(config.tenants.clone()));
        let rest = Rest::new(&config, tenants, store, files, system_clock()).unwrap();
        let chat = Chat::start(ChatParts { broker, renderer: Arc::new(ChatSdkRenderer), work: Arc::new(NoWork) });
        let push = Arc::new(PushSender::from_config(&config.push, &[], &system_clock()).unwrap());
        let client = GuardedClient::new(&GuardedClientOptions::default()).unwrap();
        let plugin = ChatSdkPlugin::new(&config, ChatSdkParts { chat, rest, push, client });
        let mounts = plugin.mounts(&ListenerView { plugins: vec!["chatsdk".to_owned()] });
        let router = mounts.into_iter().next().unwrap().router;
        Self { plugin, router, _folder: folder }
    }

    /// Calls with headers and, if there is one, a JSON body.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let (parts, body) = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Answered { status: parts.status, headers: parts.headers, json }
    }

    /// A user's token for calls.
    pub(crate) async fn token(&self, key: &str, user: &str) -> String {
        let body = serde_json::json!({ "userId": user });
        let answer = self.call("POST", "/tokens", &[("x-api-key", key)], Some(&body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json["token"].as_str().unwrap().to_owned()
    }
}
