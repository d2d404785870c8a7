//! Expo's push service.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use natter_core::TenantId;
use natter_node::config::{Expo, Push};
use natter_outbox::push::{Device, DeviceDirectory, PushDeliverer, PushJob, PushProvider, PushResult, PushSender};
use natter_outbox::{Deliverer, Delivery, Outbox, OutboxOptions, Outcome, Selection};
use natter_store::MemoryStore;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::support::{Seen, device, has_only, is_text, message, seconds, sender, serve};

const PATH: &str = "/--/api/v2/push/send";
const RECEIPTS_PATH: &str = "/--/api/v2/push/getReceipts";
const RECEIPT: &str = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX";
const MEMBERS: [&str; 12] = [
    "to",
    "title",
    "subtitle",
    "body",
    "data",
    "sound",
    "priority",
    "ttl",
    "expiration",
    "badge",
    "channelId",
    "categoryId",
];

fn ticket_error(error: &str) -> Response {
    let ticket = json!({ "status": "error", "message": "no", "details": { "error": error } });
    Json(json!({ "data": ticket })).into_response()
}

fn is_sound(body: &Value) -> bool {
    has_only(body, &MEMBERS)
        && is_text(&body["title"])
        && body["data"].is_object()
        && body["badge"].is_u64()
        && body["ttl"].is_u64()
        && matches!(body["priority"].as_str(), Some("default" | "normal" | "high"))
        && body.to_string().len() <= 4096
}

async fn receive(State(seen): State<Seen>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let refused = |message: &str| {
        let errors = json!([{ "code": "VALIDATION_ERROR", "message": message }]);
        (StatusCode::BAD_REQUEST, Json(json!({ "errors": errors }))).into_response()
    };
    if headers["content-type"] != "application/json" || !is_sound(&body) {
        return refused("\"data\" must be of type object.");
    }
    let to = body["to"].as_str().unwrap_or_default();
    let Some(token) = to.strip_prefix("ExponentPushToken[").and_then(|rest| rest.strip_suffix(']')) else {
        return refused("\"to\" must be a push token.");
    };
    match token {
        "gone" => ticket_error("DeviceNotRegistered"),
        "often" => ticket_error("MessageRateExceeded"),
        "big" => ticket_error("MessageTooBig"),
        "busy" => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3")]).into_response(),
        "down" => StatusCode::BAD_GATEWAY.into_response(),
        _ => {
            seen.lock().push(body);
            Json(json!({ "data": { "status": "ok", "id": RECEIPT } })).into_response()
        }
    }
}

/// Receipts by what the ticket's name says; of one that is forgotten there is none.
async fn receipts(Json(body): Json<Value>) -> Response {
    let id = body["ids"][0].as_str().unwrap_or_default().to_owned();
    let receipt = match id.as_str() {
        "gone" => json!({ "status": "error", "message": "no", "details": { "error": "DeviceNotRegistered" } }),
        "big" => json!({ "status": "error", "message": "no", "details": { "error": "MessageTooBig" } }),
        "down" => return StatusCode::BAD_GATEWAY.into_response(),
        "forgotten" => return Json(json!({ "data": {} })).into_response(),
        _ => json!({ "status": "ok" }),
    };
    Json(json!({ "data": { id: receipt } })).into_response()
}

async fn start() -> (PushSender, String, Seen) {
    let seen = Seen::default();
    let app = Router::new().route(PATH, post(receive)).route(RECEIPTS_PATH, post(receipts));
    let base = serve(app.with_state(seen.clone())).await;
    let expo = Some(Expo { url: base.clone(), receipts_after_seconds: 60 });
    (sender(&Push { expo, ..Push::default() }), base, seen)
}

#[tokio::test]
async fn a_notification_is_as_published() {
    let (sender, _, seen) = start().await;
    let result = sender.send("id", &device(PushProvider::Expo, "ExponentPushToken[a]"), &message()).await;
    assert_eq!(result, PushResult::Ticketed { receipt: RECEIPT.to_owned() });
    let expected = json!({
        "to": "ExponentPushToken[a]", "title": "Ada", "body": "Hello", "sound": "default", "priority": "high",
        "ttl": 14400, "badge": 3, "data": { "messageId": "m1", "channelId": "c1" },
    });
    assert_eq!(seen.lock()[0], expected);
}

#[tokio::test]
async fn answers_are_understood() {
    let (sender, _, seen) = start().await;
    let send = async |token: &str| {
        sender.send("id", &device(PushProvider::Expo, &format!("ExponentPushToken[{token}]")), &message()).await
    };
    assert_eq!(send("gone").await, PushResult::TokenDead);
    assert_eq!(seconds(&send("often").await), None);
    assert!(matches!(send("big").await, PushResult::Rejected { .. }));
    assert_eq!(seconds(&send("busy").await), Some(3));
    assert_eq!(seconds(&send("down").await), None);
    let nonsense = sender.send("id", &device(PushProvider::Expo, "nonsense"), &message()).await;
    assert_eq!(nonsense, PushResult::TokenDead);
    assert!(seen.lock().is_empty());
}

/// Remembers the devices that were called dead.
#[derive(Default)]
struct Directory(Mutex<Vec<String>>);

#[async_trait]
impl DeviceDirectory for Directory {
    async fn is_wanted(&self, _: &TenantId, _: &PushJob) -> bool {
        true
    }

    async fn token_dead(&self, _: &TenantId, device: &Device) {
        self.0.lock().push(device.token.clone());
    }
}

#[tokio::test]
async fn a_receipt_is_asked_for_later_and_a_device_that_is_gone_is_dropped() {
    let (sender, ..) = start().await;
    let options = OutboxOptions::default();
    let outbox = Outbox::open(Arc::new(MemoryStore::new()), options).await.unwrap();
    let directory = Arc::new(Directory::default());
    let deliverer = PushDeliverer::new(Arc::new(sender), Arc::<Directory>::clone(&directory), outbox.clone());
    let deliver = async |payload: Value| {
        let (tenant, payload) = (TenantId::new("demo"), payload.to_string().into());
        let id = "0".repeat(32).parse().unwrap();
        let delivery =
            Delivery { id, tenant, order_key: None, host: "expo".into(), payload, created_ms: 0, attempts: 0 };
        deliverer.deliver(&delivery).await
    };
    let expo = device(PushProvider::Expo, "ExponentPushToken[a]");
    let job = PushJob { user_id: "ada".into(), device_id: "d".into(), device: expo.clone(), message: message() };
    assert_eq!(deliver(json!(job)).await, Outcome::Done);
    let waiting = outbox.list(Selection::Waiting, None, 10).await.unwrap().jobs;
    let order_key = waiting[0].order_key.as_deref().unwrap();
    assert!(waiting.len() == 1 && order_key.starts_with("receipts/"), "{waiting:?}");
    assert_eq!(waiting[0].due_ms - waiting[0].created_ms, 60_000);

    let look = async |receipt: &str| deliver(json!({ "device": expo, "receipt": receipt })).await;
    assert_eq!(look("fine").await, Outcome::Done);
    assert_eq!(look("forgotten").await, Outcome::Done);
    assert!(matches!(look("down").await, Outcome::Retry { .. }));
    assert!(matches!(look("big").await, Outcome::Dead { .. }));
    assert!(directory.0.lock().is_empty());
    assert_eq!(look("gone").await, Outcome::Done);
    assert_eq!(*directory.0.lock(), ["ExponentPushToken[a]"]);
}

#[tokio::test]
async fn the_stand_in_refuses_what_is_broken() {
    let (sender, base, seen) = start().await;
    sender.send("id", &device(PushProvider::Expo, "ExponentPushToken[a]"), &message()).await;
    let sound = seen.lock()[0].clone();
    let post = async |body: Value| {
        reqwest::Client::new().post(format!("{base}{PATH}")).json(&body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(post(sound.clone()).await, 200);
    for (name, value) in [("data", json!("text")), ("badge", json!("3")), ("channel_id", json!("c1")), ("to", json!(1))]
    {
        let mut broken = sound.clone();
        broken[name] = value;
        assert_eq!(post(broken).await, 400, "{name}");
    }
}
