//! One execution, one answer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use bytes::Bytes;
use natter_store::{MemoryStore, RowWriteOutcome, StoreError};
use tokio::sync::Semaphore;

use super::claim::{ANSWERS, DAY_MS, DAYS, LEASE_MS};
use super::*;
use crate::rejection::Rejection;
use crate::testing::{Answer, Bench, HandClock, Plain, post as post_json, send};
use crate::{Rejected, idempotent};

mod forms;
mod rows;

/// Counts what it makes, when it is let.
struct Maker {
    made: AtomicU32,
    gate: Semaphore,
    keys: Mutex<Vec<Option<IdempotencyKey>>>,
}

impl Maker {
    fn open() -> Arc<Self> {
        Self::with_permits(Semaphore::MAX_PERMITS)
    }

    fn closed() -> Arc<Self> {
        Self::with_permits(0)
    }

    fn with_permits(permits: usize) -> Arc<Self> {
        Arc::new(Self { made: AtomicU32::new(0), gate: Semaphore::new(permits), keys: Mutex::default() })
    }

    fn made(&self) -> u32 {
        self.made.load(Ordering::SeqCst)
    }

    async fn make(
        &self,
        key: Option<IdempotencyKey>,
        body: Bytes,
    ) -> Result<(StatusCode, HeaderMap, String), Rejected<Plain>> {
        self.gate.acquire().await.unwrap().forget();
        self.keys.lock().push(key);
        let number = self.made.fetch_add(1, Ordering::SeqCst) + 1;
        match body.as_ref() {
            b"panic" => panic!("as told"),
            b"busy" => Err(Rejection::unavailable().into()),
            b"limited" => Err(Rejection::RateLimited { retry_after_seconds: 7 }.into()),
            b"refused" => Err(Rejection::invalid("text", "is not liked").into()),
            _ => {
                let headers = [
                    ("location", format!("/things/{number}")),
                    ("x-own", "kept".to_owned()),
                    ("x-ratelimit-limit", "60".to_owned()),
                ];
                let headers = headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
                Ok((StatusCode::CREATED, headers.collect(), format!("thing {number}")))
            }
        }
    }
}

fn app(bench: &Bench, maker: &Arc<Maker>, caller: &str) -> Router {
    let scope = CallerScope { tenant: TenantId::new("demo"), caller: caller.to_owned() };
    let maker = Arc::clone(maker);
    let create = move |key: Option<IdempotencyKey>, body: Bytes| {
        let maker = Arc::clone(&maker);
        async move { maker.make(key, body).await }
    };
    let routes = Router::new()
        .route("/things", post(create.clone()).put(create.clone()))
        .route("/others", post(create))
        .layer(from_fn_with_state(Arc::clone(&bench.rest), idempotent::<Plain>))
        .layer(Extension(scope));
    bench.rest.serve::<Plain>(routes)
}

fn keyed(path: &str, key: &str, body: &str) -> Request<Body> {
    let mut request = post_json(path, body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    request
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

/// The parts of an answer that a repeat has in common with the first one.
fn essence(answer: &Answer) -> (u16, String, String) {
    (answer.status.as_u16(), answer.header("location").to_owned(), answer.body.clone())
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let app = app(&bench, &maker, "user:ada");
    let first = send(&app, keyed("/things", "k", "a")).await;
    assert_eq!(essence(&first), (201, "/things/1".into(), "thing 1".into()));
    assert!(!is_replayed(&first));
    let again = send(&app, keyed("/things", "k", "a")).await;
    assert_eq!(essence(&again), essence(&first));
    assert!(is_replayed(&again) && again.header("x-own") == "kept");
    assert_eq!((first.header("x-ratelimit-limit"), again.header("x-ratelimit-limit")), ("60", ""));
    assert_eq!(maker.made(), 1);
}

#[tokio::test]
async fn another_body_is_refused_in_the_dialect_s_shape() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let app = app(&bench, &maker, "user:ada");
    send(&app, keyed("/things", "k", "a")).await;
    let refused = send(&app, keyed("/things", "k", "b")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["error"], "The Idempotency-Key was used with another body");
    assert_eq!(maker.made(), 1);
}

#[tokio::test]
async fn the_scope_is_caller_method_and_path() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let (ada, bob) = (app(&bench, &maker, "user:ada"), app(&bench, &maker, "user:bob"));
    for (index, (app, path)) in [(&ada, "/things"), (&bob, "/things"), (&ada, "/others")].into_iter().enumerate() {
        assert_eq!(send(app, keyed(path, "k", "a")).await.body, format!("thing {}", index + 1));
    }
    // The query is no part of it.
    assert!(is_replayed(&send(&ada, keyed("/things?x=1", "k", "a")).await));
    let mut put = keyed("/things", "k", "a");
    *put.method_mut() = axum::http::Method::PUT;
    assert_eq!(send(&ada, put).await.body, "thing 4", "only a POST is asked for its key");
    assert_eq!(send(&ada, post_json("/things", "a")).await.body, "thing 5", "no key, no memory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn equal_requests_at_once_are_carried_out_once() {
    let (bench, maker) = (Bench::new(), Maker::closed());
    let app = app(&bench, &maker, "user:ada");
    let ask = |_| {
        let app = app.clone();
        tokio::spawn(async move { send(&app, keyed("/things", "k", "a")).await })
    };
    let asking: Vec<_> = (0..32).map(ask).collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    maker.gate.add_permits(32);
    let mut answers = Vec::new();
    for answer in asking {
        answers.push(answer.await.unwrap());
    }
    assert_eq!(maker.made(), 1);
    assert!(answers.iter().all(|answer| essence(answer) == essence(&answers[0])), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| !is_replayed(answer)).count(), 1);
    assert_eq!(answers[0].status, StatusCode::CREATED);
}

#[tokio::test]
async fn another_body_at_the_same_time_is_refused_at_once() {
    let (bench, maker) = (Bench::new(), Maker::closed());
    let app = app(&bench, &maker, "user:ada");
    let first = {
        let app = app.clone();
        tokio::spawn(async move { send(&app, keyed("/things", "k", "a")).await })
    };
    tokio::task::yield_now().await;
    while bench.rest.idempotency().flights.count() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(send(&app, keyed("/things", "k", "b")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    maker.gate.add_permits(1);
    assert_eq!(first.await.unwrap().body, "thing 1");
}

#[tokio::test]
async fn work_goes_on_when_its_client_is_gone() {
    let (bench, maker) = (Bench::new(), Maker::closed());
    let app = app(&bench, &maker, "user:ada");
    let gone = {
        let app = app.clone();
        tokio::spawn(async move { send(&app, keyed("/things", "k", "a")).await })
    };
    // The row is written right before the work begins.
    while maker.gate.available_permits() == 0 && rows::count(&bench, ANSWERS).await == 0 {
        tokio::task::yield_now().await;
    }
    gone.abort();
    assert!(gone.await.is_err());
    maker.gate.add_permits(2);
    let again = send(&app, keyed("/things", "k", "a")).await;
    assert_eq!(essence(&again), (201, "/things/1".into(), "thing 1".into()));
    assert_eq!(maker.made(), 1);
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_not_now_is_none() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let app = app(&bench, &maker, "user:ada");
    for (body, status, is_kept) in
        [("refused", 400, true), ("busy", 503, false), ("limited", 429, false), ("panic", 500, false)]
    {
        let before = maker.made();
        for _ in 0..2 {
            let answer = send(&app, keyed("/things", body, body)).await;
            assert_eq!(answer.status.as_u16(), status, "{body}");
        }
        assert_eq!(maker.made() - before, if is_kept { 1 } else { 2 }, "{body}");
    }
    assert_eq!(rows::count(&bench, ANSWERS).await, 1);
}

#[tokio::test]
async fn keys_are_visible_and_short() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let app = app(&bench, &maker, "user:ada");
    for key in ["", "a b", "a\tb", "ü", &"k".repeat(256)] {
        let mut request = post_json("/things", "a");
        let value = axum::http::HeaderValue::from_bytes(key.as_bytes()).unwrap();
        request.headers_mut().insert("idempotency-key", value);
        let answer = send(&app, request).await;
        assert_eq!((answer.status.as_u16(), answer.json()["kind"].as_str()), (400, Some("Idempotency-Key")), "{key}");
    }
    let mut two = keyed("/things", "a", "a");
    two.headers_mut().append("idempotency-key", "b".parse().unwrap());
    assert_eq!(send(&app, two).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(send(&app, keyed("/things", &"k".repeat(255), "a")).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_handler_gets_the_key_s_digest() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let (ada, bob) = (app(&bench, &maker, "user:ada"), app(&bench, &maker, "user:bob"));
    for (app, key) in [(&ada, "k"), (&bob, "k"), (&ada, "l")] {
        send(app, keyed("/things", key, "a")).await;
    }
    send(&ada, post_json("/things", "a")).await;
    let keys = maker.keys.lock().clone();
    let digests: std::collections::HashSet<_> = keys[..3].iter().flatten().map(IdempotencyKey::as_str).collect();
    assert!(digests.len() == 3 && digests.iter().all(|digest| digest.len() == 64));
    assert_eq!(keys[3], None);
}

#[tokio::test]
async fn a_body_above_its_limit_is_refused_before_anything_is_kept() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let app = app(&bench, &maker, "user:ada");
    let body = "x".repeat(crate::BODY_BYTES_DEFAULT + 1);
    assert_eq!(send(&app, keyed("/things", "k", &body)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!((maker.made(), rows::count(&bench, ANSWERS).await), (0, 0));
}

#[tokio::test]
async fn too_many_keys_at_a_time_are_too_many() {
    let flights = Arc::new(Flights::new(1));
    let flights::Boarding::First(first) = flights.board([1; 32], None) else { panic!("it is the first") };
    assert!(matches!(flights.board([2; 32], None), flights::Boarding::Full));
    drop(first);
    assert!(matches!(flights.board([2; 32], None), flights::Boarding::First(_)));
}

#[tokio::test]
async fn a_store_that_is_away_is_said_to_be() {
    let (bench, maker) = (Bench::new(), Maker::open());
    bench.store.close().await;
    let answer = send(&app(&bench, &maker, "user:ada"), keyed("/things", "k", "a")).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after"), maker.made()), (503, "1", 0));
}
