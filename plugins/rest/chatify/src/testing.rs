//! The API over a store in memory, for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use natter_chat::{Chat, ChatParts, NoWork, Renderer};
use natter_core::Publication;
use natter_files::FileStore;
use natter_node::Broker;
use natter_node::config::Config;
use natter_node::domain::Rendered;
use natter_node::limits::ConnectionLimits;
use natter_node::plugin::{ListenerView, Plugin};
use natter_node::tenant::Tenants;
use natter_node::worker::{self, BrokerOptions};
use natter_outbox::{Deliverer, Delivery, JobKind, Outbox, OutboxOptions, Outcome};
use natter_rest::Rest;
use natter_store::{Clock, MemoryStore, Store, system_clock};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{Chatify, ChatifyParts, ChatifyPlugin};

const CONFIG: &str = r#"
[server]
public_url = "https://chat.example"

[[tenants]]
id = "demo"
api_keys = ["demo-api-key"]
token_secret = "demo-secret-demo-secret-demo-secret"

[files]
max_file_bytes = 1000
max_files_per_message = 2

[plugins.chatify]
registrations_per_minute = 50
"#;

pub(crate) const PASSWORD: &str = "correct horse";

/// Shows events as they are.
struct Plain;

impl Renderer for Plain {
    fn render(&self, publication: &Publication) -> Rendered {
        Rendered { data: publication.data.clone(), tags: None }
    }
}

/// Remembers mails instead of sending them.
#[derive(Default)]
struct Mails(Mutex<Vec<Value>>);

#[async_trait]
impl Deliverer for Mails {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        self.0.lock().push(serde_json::from_slice(&delivery.payload).unwrap_or_default());
        Outcome::Done
    }
}

/// A running API.
pub(crate) struct Bench {
    pub(crate) plugin: ChatifyPlugin,
    pub(crate) chatify: Chatify,
    pub(crate) chat: Chat,
    pub(crate) broker: Broker,
    router: Router,
    mails: Arc<Mails>,
    /// Milliseconds that the API's clock is ahead.
    ahead: Arc<AtomicI64>,
    people: AtomicU64,
    folder: TempDir,
}

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) token: String,
    pub(crate) refresh: String,
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    /// The data of a success.
    #[track_caller]
    pub(crate) fn data(&self, status: u16) -> &Value {
        assert_eq!((self.status.as_u16(), &self.json["status"]), (status, &json!("success")), "{self:?}");
        &self.json["data"]
    }

    /// Checks an error.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16) {
        assert_eq!((self.status.as_u16(), &self.json["status"]), (status, &json!("error")), "{self:?}");
        assert!(self.json["message"].as_str().is_some_and(|message| !message.is_empty()), "{self:?}");
        assert_eq!(self.json.as_object().unwrap().len(), 2, "{self:?}");
    }

    pub(crate) fn text(&self, pointer: &str) -> String {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let config = Config::load_text(CONFIG, std::iter::empty()).unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let options = BrokerOptions {
            workers: 1,
            channels_max: 100_000,
            connection_limits: ConnectionLimits::default(),
            store: Arc::clone(&store),
        };
        let broker = worker::start(options).unwrap().0;
        let folder = tempfile::tempdir().unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let (shift, system) = (Arc::clone(&ahead), system_clock());
        let clock: Clock = Arc::new(move || system() + shift.load(Ordering::Relaxed));
        let mut files = config.files.clone();
        files.path = folder.path().to_owned();
        let files = FileStore::open(&files, &config.server.public_url, Arc::clone(&store), Arc::clone(&clock)).unwrap();
        let tenants = Arc::new(Tenants::new(config.tenants.clone()));
        let rest = Rest::new(&config, tenants, Arc::clone(&store), files, Arc::clone(&clock)).unwrap();
        let parts = ChatParts { broker: broker.clone(), renderer: Arc::new(Plain), work: Arc::new(NoWork) };
        let chat = Chat::start(parts);
        let outbox = Outbox::open(Arc::clone(&store), OutboxOptions::new(&config.webhooks)).await.unwrap();
        let mails = Arc::new(Mails::default());
        outbox.register(JobKind::Mail, Arc::<Mails>::clone(&mails));
        outbox.start();
        let parts = ChatifyParts { broker: broker.clone(), chat: chat.clone(), rest, store, outbox, clock };
        let chatify = Chatify::new(&config, parts).unwrap();
        let plugin = ChatifyPlugin::new(chatify.clone());
        let mounts = plugin.mounts(&ListenerView { plugins: vec!["chatify".to_owned()] });
        let router = mounts.into_iter().next().unwrap().router;
        Self { plugin, chatify, chat, broker, router, mails, ahead, people: AtomicU64::new(0), folder }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, ms: i64) {
        self.ahead.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body: Bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, json: serde_json::from_slice(&body).unwrap_or_default() }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, None).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("POST", path, token, Some(body)).await
    }

    /// Registers somebody with a name of one's own.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        let email = format!("{name}.{number}@Example.com");
        let body = json!({ "name": name, "email": email, "password": PASSWORD });
        let answer = self.post("/api/v1/auth/register", "", body).await;
        answer.data(201);
        Person {
            id: answer.text("/data/user/_id"),
            email,
            token: answer.text("/data/token"),
            refresh: answer.text("/data/refreshToken"),
        }
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login", "", json!({ "email": email, "password": password })).await
    }

    /// The conversation of two, made if need be.
    pub(crate) async fn conversation(&self, one: &Person, other: &Person) -> String {
        let answer = self.post("/api/v1/conversation", &one.token, json!({ "receiver_id": other.id })).await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer.text("/data/conversation/_id")
    }

    /// Sends a message, and answers with its id.
    pub(crate) async fn say(&self, person: &Person, conversation: &str, text: &str) -> String {
        let body = json!({ "convo_id": conversation, "message": text });
        let answer = self.post("/api/v1/message", &person.token, body).await;
        answer.data(201);
        answer.text("/data/message/_id")
    }

    /// Sends a form; a part with a file name is a file.
    pub(crate) async fn form(&self, path: &str, token: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Answer {
        let mut form = Vec::new();
        for (name, file_name, content) in parts {
            let file_name = file_name.map_or(String::new(), |name| format!("; filename=\"{name}\""));
            let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n");
            form.extend_from_slice(head.as_bytes());
            form.extend_from_slice(content);
            form.extend_from_slice(b"\r\n");
        }
        form.extend_from_slice(b"--b--\r\n");
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "multipart/form-data; boundary=b");
        self.send(request.body(Body::from(form)).unwrap()).await
    }

    /// Waits until so many mails have been handed over.
    pub(crate) async fn mailed(&self, count: usize) -> Vec<Value> {
        for _ in 0..1_000 {
            if self.mails.0.lock().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.mails.0.lock().clone()
    }

    /// Waits until there are so many files.
    pub(crate) async fn files(&self, expected: usize) -> usize {
        fn count(path: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
        }
        for _ in 0..1_000 {
            if count(self.folder.path()) == expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        count(self.folder.path())
    }
}
