//! A tenant's backend: it notes what it is asked and answers what it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;

/// A question as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Question {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// What the backend answers.
#[derive(Clone)]
struct Script {
    status: StatusCode,
    body: Vec<u8>,
    delay: Duration,
}

struct Shared {
    script: Script,
    questions: Mutex<Vec<Question>>,
}

pub(super) struct Backend {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Backend {
    pub(super) async fn answering(body: impl Into<Vec<u8>>) -> Self {
        Self::start(StatusCode::OK, body, Duration::ZERO).await
    }

    pub(super) async fn start(status: StatusCode, body: impl Into<Vec<u8>>, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Script { status, body: body.into(), delay };
        let shared = Arc::new(Shared { script, questions: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The only question so far.
    pub(super) fn question(&self) -> Question {
        let questions = self.shared.questions.lock().unwrap();
        assert_eq!(questions.len(), 1);
        questions[0].clone()
    }

    pub(super) fn questions(&self) -> usize {
        self.shared.questions.lock().unwrap().len()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    text: String,
) -> (StatusCode, [(&'static str, &'static str); 1], Vec<u8>) {
    shared.questions.lock().unwrap().push(Question { path: uri.path().to_owned(), headers, text });
    let Script { status, body, delay } = shared.script.clone();
    tokio::time::sleep(delay).await;
    (status, [("location", "/elsewhere")], body)
}
