//! Expo's push service.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use natter_node::config::{Expo, Push};
use natter_outbox::push::{PushProvider, PushResult, PushSender};
use serde_json::{Value, json};

use crate::support::{Seen, device, has_only, is_text, message, seconds, sender, serve};

const PATH: &str = "/--/api/v2/push/send";
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
            Json(json!({ "data": { "status": "ok", "id": "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX" } })).into_response()
        }
    }
}

async fn start() -> (PushSender, String, Seen) {
    let seen = Seen::default();
    let base = serve(Router::new().route(PATH, post(receive)).with_state(seen.clone())).await;
    let expo = Some(Expo { url: base.clone() });
    (sender(&Push { expo, ..Push::default() }), base, seen)
}

#[tokio::test]
async fn a_notification_is_as_published() {
    let (sender, _, seen) = start().await;
    let result = sender.send("id", &device(PushProvider::Expo, "ExponentPushToken[a]"), &message()).await;
    assert_eq!(result, PushResult::Delivered);
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
