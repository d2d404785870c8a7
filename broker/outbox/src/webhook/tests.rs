//! Webhooks against a server that checks them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use natter_core::TenantId;
use parking_lot::Mutex;
use ring::hmac;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::guard::{GuardedClient, GuardedClientOptions};
use crate::queue::{Deliverer, Delivery, Job, JobId, Outcome};

const SECRET: &str = "whsec-of-the-test";
const NOW_MS: i64 = 1_700_000_000_123;

struct Fixed(Option<String>);

#[async_trait]
impl EndpointDirectory for Fixed {
    async fn endpoint(&self, _: &Delivery) -> Result<Option<WebhookEndpoint>, String> {
        Ok(self.0.clone().map(|url| WebhookEndpoint { url, secret: SECRET.to_owned() }))
    }
}

type Seen = Arc<Mutex<Vec<Value>>>;

/// Checks the signature as a receiver would, and remembers the body.
async fn receive(State(seen): State<Seen>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = headers["X-Natter-Signature"].to_str().unwrap();
    let (time, digest) = header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).unwrap();
    let signed = [time.as_bytes(), b".", &body].concat();
    let digest: Vec<u8> =
        (0..digest.len() / 2).map(|i| u8::from_str_radix(&digest[2 * i..2 * i + 2], 16).unwrap()).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    if time != "1700000000" || hmac::verify(&key, &signed, &digest).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    assert_eq!(headers["content-type"], "application/json");
    seen.lock().push(serde_json::from_slice(&body).unwrap());
    StatusCode::NO_CONTENT
}

async fn server() -> (String, Seen) {
    let seen = Seen::default();
    let app = Router::new()
        .route("/hook", post(receive))
        .route("/gone", post(|| async { StatusCode::GONE }))
        .route("/broken", post(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/busy", post(|| async { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]).into_response() }))
        .route("/moved", post(|| async { (StatusCode::TEMPORARY_REDIRECT, [("location", "/hook")]).into_response() }))
        .with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (base, seen)
}

fn deliverer(url: Option<String>, allow: &[&str]) -> WebhookDeliverer {
    let allow_hosts = allow.iter().map(|host| (*host).to_owned()).collect();
    let client = GuardedClient::new(&GuardedClientOptions { allow_hosts, ..Default::default() }).unwrap();
    WebhookDeliverer::new(client, Arc::new(Fixed(url)), Arc::new(|| NOW_MS))
}

fn event() -> WebhookEvent {
    WebhookEvent {
        id: None,
        event: "message.new".to_owned(),
        username: Some("shop".to_owned()),
        created_at: "2026-11-21T12:00:00.000Z".to_owned(),
        data: RawValue::from_string(r#"{"room_id":"abc","price":1.10}"#.to_owned()).unwrap(),
    }
}

fn delivery(job: Job) -> Delivery {
    Delivery {
        id: JobId::new(1, 2, 3),
        tenant: job.tenant,
        order_key: job.order_key,
        host: job.host,
        payload: job.payload,
        created_ms: NOW_MS,
        attempts: 0,
    }
}

fn of(event: WebhookEvent) -> Delivery {
    delivery(event.into_job(TenantId::new("shop"), "127.0.0.1", Some("abc")).unwrap())
}

#[tokio::test]
async fn the_body_and_its_signature_are_as_documented() {
    let (base, seen) = server().await;
    let deliverer = deliverer(Some(format!("{base}/hook")), &["127.0.0.1"]);
    assert_eq!(deliverer.deliver(&of(event())).await, Outcome::Done);
    assert_eq!(deliverer.deliver(&of(WebhookEvent { username: None, ..event() })).await, Outcome::Done);
    let id = JobId::new(1, 2, 3).to_string();
    let expected = json!({
        "id": id, "event": "message.new", "username": "shop", "created_at": "2026-11-21T12:00:00.000Z",
        "data": {"room_id": "abc", "price": 1.10},
    });
    assert_eq!(deliverer.deliver(&of(WebhookEvent { id: Some("event-1".to_owned()), ..event() })).await, Outcome::Done);
    let seen = seen.lock().clone();
    assert_eq!(seen[0], expected);
    assert_eq!(seen[2]["id"], "event-1");
    assert!(seen[1].get("username").is_none() && seen[1]["id"] == expected["id"]);
}

#[tokio::test]
async fn an_event_with_a_name_of_its_own_keeps_it() {
    let (base, seen) = server().await;
    let deliverer = deliverer(Some(format!("{base}/hook")), &["127.0.0.1"]);
    let named = WebhookEvent { id: Some("abc-7".to_owned()), ..event() };
    assert_eq!(deliverer.deliver(&of(named)).await, Outcome::Done);
    assert_eq!(seen.lock()[0]["id"], "abc-7");
}

#[test]
fn the_signature_is_the_known_one() {
    // Computed with `printf '%s' '1700000000.{}' | openssl dgst -sha256 -hmac secret`.
    let expected = "t=1700000000,v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
    assert_eq!(sign("secret", 1_700_000_000, b"{}"), expected);
}

#[tokio::test]
async fn answers_decide_what_comes_next() {
    let (base, seen) = server().await;
    let send = async |path: &str| deliverer(Some(format!("{base}{path}")), &["127.0.0.1"]).deliver(&of(event())).await;
    assert_eq!(send("/gone").await, Outcome::dead("the endpoint answered 410"));
    assert_eq!(send("/broken").await, Outcome::retry("the endpoint answered 500"));
    assert_eq!(send("/moved").await, Outcome::retry("the endpoint answered 307"));
    let busy = Outcome::Retry { reason: "the endpoint answered 429".to_owned(), after: Some(Duration::from_secs(7)) };
    assert_eq!(send("/busy").await, busy);
    // The redirect was not followed.
    assert!(seen.lock().is_empty());
}

#[tokio::test]
async fn what_cannot_be_reached_is_tried_again_and_what_is_no_address_is_not() {
    let (base, seen) = server().await;
    let send = async |url: &str, allow: &[&str]| deliverer(Some(url.to_owned()), allow).deliver(&of(event())).await;
    assert_eq!(send(&format!("{base}/hook"), &[]).await, Outcome::retry("the address is not public"));
    assert_eq!(send("http://127.0.0.1:1/hook", &["127.0.0.1"]).await, Outcome::retry("no connection"));
    assert!(matches!(send("ftp://example.com/", &[]).await, Outcome::Dead { .. }));
    assert!(matches!(send("nonsense", &[]).await, Outcome::Dead { .. }));
    assert!(seen.lock().is_empty());
}

#[tokio::test]
async fn a_removed_endpoint_is_told_nothing() {
    assert_eq!(deliverer(None, &[]).deliver(&of(event())).await, Outcome::Done);
}
