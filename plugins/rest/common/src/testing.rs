//! A dialect, a node's parts and a clock for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use natter_files::FileStore;
use natter_node::auth::sign_hs256;
use natter_node::config::Config;
use natter_node::tenant::Tenants;
use natter_store::{Clock, MemoryStore, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::dialect::Dialect;
use crate::rejection::{Rejection, Unauthorized};
use crate::rest::Rest;

const CONFIG: &str = r#"
[server]
public_url = "http://chat.example"
allowed_origins = ["https://app.example", "https://*.example.org"]
trusted_proxies = ["10.0.0.0/8"]

[[tenants]]
id = "demo"
api_keys = ["demo-api-key"]
token_secret = "demo-secret-demo-secret-demo-secret"

[[tenants]]
id = "other"
api_keys = ["other-api-key"]
token_secret = "other-secret-other-secret-other-secret"
"#;

/// The time at which a test begins: in the middle of a minute and of a day.
pub(crate) const START_MS: i64 = 1_700_000_010_000;

/// Shows errors as `{"error": …, "kind": …}`.
pub(crate) struct Plain;

impl Dialect for Plain {
    const NAME: &'static str = "plain";

    fn render(rejection: &Rejection) -> Response {
        let kind = match rejection {
            Rejection::Unauthorized(Unauthorized::TokenExpired) => "expired",
            Rejection::Invalid(fields) => &fields[0].field,
            _ => "",
        };
        (rejection.status(), axum::Json(json!({ "error": rejection.message(), "kind": kind }))).into_response()
    }
}

/// A clock that a test moves.
#[derive(Clone)]
pub(crate) struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START_MS)))
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) fn clock(&self) -> Clock {
        let time = Arc::clone(&self.0);
        Arc::new(move || time.load(Ordering::Relaxed))
    }
}

/// The parts of a node.
pub(crate) struct Bench {
    pub(crate) rest: Arc<Rest>,
    pub(crate) clock: HandClock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), HandClock::new())
    }

    /// A node on a store that there is already.
    pub(crate) fn on(store: Arc<dyn Store>, clock: HandClock) -> Self {
        let config = Config::load_text(CONFIG, std::iter::empty()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut files = config.files.clone();
        files.path = folder.path().to_owned();
        let files = FileStore::open(&files, &config.server.public_url, Arc::clone(&store), clock.clock()).unwrap();
        let tenants = Arc::new(Tenants::new(config.tenants.clone()));
        let rest = Rest::new(&config, tenants, Arc::clone(&store), files, clock.clock()).unwrap();
        Self { rest, clock, store, folder }
    }

    /// The objects in the folder of files, whole or not.
    pub(crate) fn objects(&self) -> usize {
        fn count(path: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
        }
        count(self.folder.path())
    }
}

/// A token of the tenant `demo`, or whatever else its claims say.
pub(crate) fn token(claims: &Value) -> String {
    sign_hs256(claims, "demo-secret-demo-secret-demo-secret").unwrap()
}

/// An answer, read whole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

pub(crate) fn post(path: &str, json: &str) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(Body::from(json.to_owned())).unwrap()
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}
