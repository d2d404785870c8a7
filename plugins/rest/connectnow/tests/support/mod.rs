//! Connect Now on a node of its own, without connections, with mails that are remembered and a clock that can be moved.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use natter_chat::{Chat, ChatError, ChatParts, Happened, Renderer, Work};
use natter_connectnow::{ConnectNow, ConnectNowParts, ConnectNowPlugin};
use natter_core::Publication;
use natter_files::FileStore;
use natter_node::config::Config;
use natter_node::domain::Rendered;
use natter_node::limits::ConnectionLimits;
use natter_node::plugin::{ListenerView, Plugin};
use natter_node::realtime::Sockets;
use natter_node::tenant::Tenants;
use natter_node::worker::{self, BrokerOptions};
use natter_outbox::mail::Mail;
use natter_outbox::{Deliverer, Delivery, JobKind, Outbox, OutboxOptions, Outcome};
use natter_rest::{Rest, RestPlugin};
use natter_store::{Clock, MemoryStore, Store};
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const ADA: &str = "ada-api-token";
pub(crate) const BOB: &str = "bob-api-token";
const CONFIG: &str = r#"
[server]
public_url = "http://chat.example/"

[[tenants]]
id = "demo"
api_keys = ["demo-api-key"]
token_secret = "demo-secret-demo-secret-demo-secret"

[[plugins.connectnow.users]]
name = "Ada"
email = "ada@example.com"
api_token = "ada-api-token"

[[plugins.connectnow.users]]
name = "Bob"
email = "bob@example.com"
api_token = "bob-api-token"
"#;

struct Plain;

impl Renderer for Plain {
    fn render(&self, publication: &Publication) -> Rendered {
        Rendered { data: publication.data.clone(), tags: None }
    }
}

/// Hands what happens to Connect Now, once there is one.
#[derive(Default)]
struct Forward(RwLock<Option<ConnectNow>>);

#[async_trait]
impl Work for Forward {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        let connect_now = self.0.read().clone();
        match connect_now {
            Some(connect_now) => connect_now.happened(happened).await,
            None => Ok(()),
        }
    }
}

/// Remembers mails instead of sending them.
#[derive(Default)]
struct Mails(Mutex<Vec<Mail>>);

#[async_trait]
impl Deliverer for Mails {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        self.0.lock().push(serde_json::from_slice(&delivery.payload).unwrap());
        Outcome::Done
    }
}

pub(crate) struct Bench {
    pub(crate) router: Router,
    pub(crate) prefixes: Vec<&'static str>,
    pub(crate) document: Value,
    pub(crate) dangling: Vec<String>,
    pub(crate) chat: Chat,
    mails: Arc<Mails>,
    /// Milliseconds that the plugin's clock is ahead.
    ahead: Arc<AtomicI64>,
    _folder: TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let config = Config::load_text(CONFIG, std::iter::empty()).unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let folder = tempfile::tempdir().unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let (shift, system) = (Arc::clone(&ahead), natter_store::system_clock());
        let clock: Clock = Arc::new(move || system() + shift.load(Ordering::Relaxed));
        let work = Arc::new(Forward::default());
        let options = BrokerOptions {
            workers: 1,
            channels_max: 100_000,
            connection_limits: ConnectionLimits::default(),
            store: Arc::clone(&store),
        };
        let broker = worker::start(options).unwrap().0;
        let renderer = Arc::new(Plain);
        let chat = Chat::start(ChatParts { broker: broker.clone(), renderer, work: Arc::<Forward>::clone(&work) });
        let outbox = Outbox::open(Arc::clone(&store), OutboxOptions::default()).await.unwrap();
        let mails = Arc::new(Mails::default());
        outbox.register(JobKind::Mail, Arc::<Mails>::clone(&mails));
        outbox.start();
        let parts = ConnectNowParts {
            chat: chat.clone(),
            rest: rest(&config, &store, &folder, &clock),
            store,
            outbox,
            sockets: Sockets::new(broker.clone()),
            broker,
            clock,
        };
        let connect_now = ConnectNow::new(&config, parts);
        *work.0.write() = Some(connect_now.clone());
        let plugin = ConnectNowPlugin::new(connect_now);
        let mounts = plugin.mounts(&ListenerView { plugins: vec!["connectnow".to_owned()] });
        Self {
            router: mounts[0].router.clone(),
            prefixes: mounts.iter().map(|mount| mount.prefix).collect(),
            document: plugin.document().json().clone(),
            dangling: plugin.document().dangling_references(),
            chat,
            mails,
            ahead,
            _folder: folder,
        }
    }

    /// Lets time pass for codes and tokens.
    pub(crate) fn pass(&self, time: Duration) {
        self.ahead.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, json: serde_json::from_slice(&body).unwrap_or_default() }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.send(request.body(body).unwrap()).await
    }

    /// Makes a chat of Ada's, and answers with its id.
    pub(crate) async fn new_chat(&self) -> String {
        let company = self.call("POST", "/api/companies", ADA, json!({ "name": "Acme" })).await.text("/data/id");
        let body = json!({ "company_id": company, "name": "Support" });
        let answer = self.call("POST", "/api/chats", ADA, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        answer.text("/data/id")
    }

    /// Makes a chat user, and answers with the id.
    pub(crate) async fn new_user(&self, chat: &str, email: &str) -> String {
        let answer = self.call("POST", &format!("/api/chats/{chat}/users"), ADA, json!({ "email": email })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        answer.text("/data/id")
    }

    /// Waits for the mail of this number, and answers with its code.
    pub(crate) async fn code(&self, number: usize) -> String {
        for _ in 0..1_000 {
            if let Some(mail) = self.mails.0.lock().get(number - 1) {
                return mail.subject.split(' ').next().unwrap().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no mail of number {number}");
    }

    pub(crate) async fn get_token(&self, chat: &str, email: &str, code: &str) -> Answer {
        let body = json!({ "email": email, "auth-code": code });
        self.call("POST", &format!("/chats/{chat}/users/get-token"), "", body).await
    }
}

fn rest(config: &Config, store: &Arc<dyn Store>, folder: &TempDir, clock: &Clock) -> Arc<Rest> {
    let mut files = config.files.clone();
    files.path = folder.path().to_owned();
    let files = FileStore::open(&files, &config.server.public_url, Arc::clone(store), Arc::clone(clock)).unwrap();
    let tenants = Arc::new(Tenants::new(config.tenants.clone()));
    Rest::new(config, tenants, Arc::clone(store), files, Arc::clone(clock)).unwrap()
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
}
