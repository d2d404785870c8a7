//! Open Chat on a node of its own, without sockets on the wire.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use natter_chat::{Chat, ChatError, ChatParts, Happened, Renderer, Work};
use natter_core::{Publication, TenantId};
use natter_files::FileStore;
use natter_node::config::Config;
use natter_node::domain::Rendered;
use natter_node::limits::ConnectionLimits;
use natter_node::plugin::{ListenerView, Plugin};
use natter_node::tenant::Tenants;
use natter_node::worker::{self, BrokerOptions};
use natter_openchat::{OpenChat, OpenChatParts, OpenChatPlugin, Sockets, UnknownSocket};
use natter_outbox::guard::{GuardedClient, GuardedClientOptions};
use natter_outbox::{Deliverer, Delivery, JobKind, Outbox, OutboxOptions, Outcome};
use natter_rest::{Rest, RestPlugin};
use natter_store::{Clock, MemoryStore, Store};
use parking_lot::{Mutex, RwLock};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

const CONFIG: &str = r#"
[server]
public_url = "http://chat.example"

[[tenants]]
id = "demo"
api_keys = ["demo-api-key"]
token_secret = "demo-secret-demo-secret-demo-secret"

[files]
max_file_bytes = 1000

[webhooks]
allow_hosts = ["127.0.0.1"]

[plugins.openchat]
registrations_per_minute = 100000
"#;

/// Shows events as they are.
struct Plain;

impl Renderer for Plain {
    fn render(&self, publication: &Publication) -> Rendered {
        Rendered { data: publication.data.clone(), tags: None }
    }
}

/// Hands what happens to Open Chat, once there is one.
#[derive(Default)]
struct Forward(RwLock<Option<OpenChat>>);

#[async_trait]
impl Work for Forward {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        let open_chat = self.0.read().clone();
        match open_chat {
            Some(open_chat) => open_chat.happened(happened).await,
            None => Ok(()),
        }
    }
}

/// Remembers webhooks instead of sending them.
#[derive(Default)]
pub(crate) struct Deliveries(pub(crate) Mutex<Vec<Value>>);

#[async_trait]
impl Deliverer for Deliveries {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        self.0.lock().push(serde_json::from_slice(&delivery.payload).unwrap_or_default());
        Outcome::Done
    }
}

/// One tenant has one socket, with the id `socket-1`.
pub(crate) struct OneSocket(pub(crate) &'static str);

#[async_trait]
impl Sockets for OneSocket {
    async fn notify_all(&self, tenant: &TenantId, _: &str, _: &Map<String, Value>) -> u64 {
        u64::from(tenant.as_str() == self.0)
    }

    async fn notify_one(
        &self,
        tenant: &TenantId,
        socket_id: &str,
        _: &str,
        _: &Map<String, Value>,
    ) -> Result<(), UnknownSocket> {
        if tenant.as_str() == self.0 && socket_id == "socket-1" { Ok(()) } else { Err(UnknownSocket) }
    }
}

/// A node's parts.
pub(crate) struct Bench {
    pub(crate) v2: Router,
    pub(crate) v1: Router,
    pub(crate) document: Value,
    pub(crate) chat: Chat,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) deliveries: Arc<Deliveries>,
    /// Milliseconds that the partners' clock is ahead.
    ahead: Arc<AtomicI64>,
    _folder: TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(CONFIG).await
    }

    pub(crate) async fn with(text: &str) -> Self {
        let config = Config::load_text(text, std::iter::empty()).unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let folder = tempfile::tempdir().unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let shift = Arc::clone(&ahead);
        let system = natter_store::system_clock();
        let clock: Clock = Arc::new(move || system() + shift.load(Ordering::Relaxed));
        let work = Arc::new(Forward::default());
        let chat = Chat::start(ChatParts {
            broker: worker::start(broker_options(&store)).unwrap().0,
            renderer: Arc::new(Plain),
            work: Arc::<Forward>::clone(&work),
        });
        let tenants = Arc::new(Tenants::new(config.tenants.clone()));
        let rest = rest(&config, &tenants, &store, &folder, &clock);
        let (outbox, deliveries) = outbox(&config, &store).await;
        let client = GuardedClient::new(&GuardedClientOptions {
            allow_hosts: config.webhooks.allow_hosts.clone(),
            ..GuardedClientOptions::default()
        });
        let parts = OpenChatParts {
            chat: chat.clone(),
            rest,
            store: Arc::clone(&store),
            outbox,
            client: client.unwrap(),
            sockets: Arc::new(OneSocket("openchat.partner")),
            clock,
        };
        let open_chat = OpenChat::new(&config, parts);
        *work.0.write() = Some(open_chat.clone());
        let plugin = OpenChatPlugin::new(open_chat);
        let mounts = plugin.mounts(&ListenerView { plugins: vec!["openchat".to_owned()] });
        let router = |prefix| mounts.iter().find(|mount| mount.prefix == prefix).unwrap().router.clone();
        let document = plugin.document().json().clone();
        let (v2, v1) = (router("/v2"), router("/v1"));
        Self { v2, v1, document, chat, tenants, store, deliveries, ahead, _folder: folder }
    }

    /// Lets time pass for tokens and claims.
    pub(crate) fn pass(&self, ms: i64) {
        self.ahead.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let is_old = request.uri().path().starts_with("/v1");
        let router = if is_old { &self.v1 } else { &self.v2 };
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Answer { status: parts.status, headers: parts.headers, json }
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send(post(path, token).body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(Request::get(path).header("authorization", token).body(Body::empty()).unwrap()).await
    }

    /// Registers a partner, and answers with its access token.
    pub(crate) async fn partner(&self, username: &str) -> String {
        let body = json!({ "username": username, "email": format!("{username}@example.com") });
        let answer = self.post("/v2/auth/register", "", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        answer.text("/data/access_token")
    }

    /// Makes a room, and answers with its id.
    pub(crate) async fn room(&self, token: &str, shop: &str, user: &str) -> String {
        let answer = self.post("/v2/chats/rooms", token, json!({ "shop_id": shop, "user_id": user })).await;
        assert!(answer.status.is_success(), "{}", answer.json);
        answer.text("/data/_id")
    }

    /// Sends a message, and answers with its id.
    pub(crate) async fn say(&self, token: &str, room: &str, (by, id): (&str, &str), text: &str) -> String {
        let answer = self.post("/v2/chats/send", token, message(room, (by, id), text)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        answer.text("/data/message_id")
    }

    /// Waits until so many webhooks have been delivered.
    pub(crate) async fn delivered(&self, count: usize) -> Vec<Value> {
        for _ in 0..1_000 {
            if self.deliveries.0.lock().len() >= count {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        self.deliveries.0.lock().clone()
    }
}

pub(crate) fn post(path: &str, token: &str) -> axum::http::request::Builder {
    let request = Request::post(path).header("content-type", "application/json");
    if token.is_empty() { request } else { request.header("authorization", token) }
}

/// The body of a message.
pub(crate) fn message(room: &str, (by, id): (&str, &str), text: &str) -> Value {
    json!({ "room_id": room, "sender_by": by, "sender_id": id, "sender_name": "Someone", "message": text })
}

fn broker_options(store: &Arc<dyn Store>) -> BrokerOptions {
    BrokerOptions {
        workers: 1,
        channels_max: 100_000,
        connection_limits: ConnectionLimits::default(),
        store: Arc::clone(store),
    }
}

fn rest(config: &Config, tenants: &Arc<Tenants>, store: &Arc<dyn Store>, folder: &TempDir, clock: &Clock) -> Arc<Rest> {
    let mut files = config.files.clone();
    files.path = folder.path().to_owned();
    let files = FileStore::open(&files, &config.server.public_url, Arc::clone(store), Arc::clone(clock)).unwrap();
    Rest::new(config, Arc::clone(tenants), Arc::clone(store), files, Arc::clone(clock)).unwrap()
}

async fn outbox(config: &Config, store: &Arc<dyn Store>) -> (Outbox, Arc<Deliveries>) {
    let outbox = Outbox::open(Arc::clone(store), OutboxOptions::new(&config.webhooks)).await.unwrap();
    let deliveries = Arc::new(Deliveries::default());
    outbox.register(JobKind::Webhook, Arc::<Deliveries>::clone(&deliveries));
    outbox.start();
    (outbox, deliveries)
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub(crate) fn data(&self) -> &Value {
        &self.json["data"]
    }

    /// Status and code, as the document's table has them.
    pub(crate) fn code(&self) -> (u16, String) {
        (self.status.as_u16(), self.text("/code"))
    }

    /// Checks an error by its status and code.
    pub(crate) fn fails(&self, status: u16, code: &str) {
        assert_eq!(self.code(), (status, code.to_owned()), "{}", self.json);
        assert_eq!(self.json["status"], false);
        assert!(self.json.get("data").is_none() && !self.text("/message").is_empty(), "{}", self.json);
    }
}
