//! The API over a store in memory, for tests.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use natter_chat::{Chat, ChatParts, FollowUps, NoWork, Renderer};
use natter_core::Publication;
use natter_files::FileStore;
use natter_node::auth::sign_hs256;
use natter_node::config::Config;
use natter_node::domain::Rendered;
use natter_node::limits::ConnectionLimits;
use natter_node::plugin::{ListenerView, Plugin};
use natter_node::realtime::UserTokens;
use natter_node::tenant::Tenants;
use natter_node::worker::{self, BrokerOptions};
use natter_outbox::push::PushSender;
use natter_outbox::{Outbox, OutboxOptions};
use natter_rest::Rest;
use natter_store::{MemoryStore, Store, system_clock};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{Campus, CampusParts, CampusPlugin};

const SECRET: &str = "demo-secret-demo-secret-demo-secret";
const CONFIG: &str = r#"
[server]
public_url = "http://chat.example"

[[tenants]]
id = "demo"
api_keys = ["demo-api-key"]
token_secret = "demo-secret-demo-secret-demo-secret"

[[tenants]]
id = "small"
api_keys = ["small-api-key"]
token_secret = "demo-secret-demo-secret-demo-secret"
limits = { messages_per_minute = 1, requests_per_minute = 2 }

[plugins.campus]
categories = ["Study", "Courses", "Cooking"]
"#;

/// Shows nothing.
struct Blind;

impl Renderer for Blind {
    fn render(&self, _publication: &Publication) -> Rendered {
        Rendered::default()
    }
}

/// A running API.
pub(crate) struct Bench {
    pub(crate) plugin: CampusPlugin,
    pub(crate) campus: Campus,
    router: Router,
    _folder: TempDir,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let config = Config::load_text(CONFIG, std::iter::empty()).unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let options = BrokerOptions {
            workers: 1,
            channels_max: 1_000,
            connection_limits: ConnectionLimits::default(),
            store: Arc::clone(&store),
        };
        let (broker, _threads) = worker::start(options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut files = config.files.clone();
        files.path = folder.path().to_owned();
        let files = FileStore::open(&files, "http://chat.example", Arc::clone(&store), system_clock()).unwrap();
        let tenants = Arc::new(Tenants::new(config.tenants.clone()));
        let rest = Rest::new(&config, Arc::clone(&tenants), Arc::clone(&store), files, system_clock()).unwrap();
        let parts = ChatParts { broker: broker.clone(), renderer: Arc::new(Blind), work: Arc::new(NoWork) };
        let chat = Chat::start(parts);
        let outbox = Outbox::open(Arc::clone(&store), OutboxOptions::new(&config.webhooks)).await.unwrap();
        let sender = PushSender::from_config(&config.push, &config.webhooks.extra_ca, &system_clock()).unwrap();
        let follow_ups = Arc::new(FollowUps::new(&chat, outbox, None, Arc::new(sender)));
        let tokens = UserTokens::new(&config, broker, tenants).unwrap();
        let parts = CampusParts { chat, rest, store, follow_ups, clock: system_clock() };
        let campus = Campus::new(&config, parts);
        let plugin = CampusPlugin::new(campus.clone(), tokens);
        let mounts = plugin.mounts(&ListenerView { plugins: vec!["campus".to_owned()] });
        let router = mounts.into_iter().next().unwrap().router;
        Self { plugin, campus, router, _folder: folder }
    }

    /// Calls as a user of a tenant.
    pub(crate) async fn call(
        &self,
        aud: &str,
        user: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> (StatusCode, Value) {
        let token = sign_hs256(&json!({ "sub": user, "aud": aud }), SECRET).unwrap();
        self.send(method, path, ("authorization", &format!("Bearer {token}")), body).await
    }

    /// Calls with a header.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        (name, value): (&str, &str),
        body: &Value,
    ) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header(name, value);
        let request = request.header("content-type", "application/json");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let answer = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Tells what a backend tells.
    pub(crate) async fn sync(&self, lists: &Value) -> Value {
        let (status, answer) = self.send("PUT", "/chats-sync", ("x-api-key", "demo-api-key"), lists).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }
}

/// An id that is told from others by its last digits.
pub(crate) fn id(number: u32) -> String {
    format!("{number:024x}")
}
