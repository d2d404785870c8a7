//! Apple Push Notification service: HTTP/2, provider token, headers, payload.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use natter_node::config::{Apns, Push};
use natter_outbox::push::{PushMessage, PushProvider, PushResult, PushSender};
use serde_json::{Value, json};

use crate::support::{NOW_S, Seen, device, fixture, message, seconds, sender, serve};

const TOPIC: &str = "com.example.app";

fn refuse(status: u16, reason: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(json!({ "reason": reason }))).into_response()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn has_sound_token(headers: &HeaderMap) -> bool {
    let Some(token) = header(headers, "authorization").strip_prefix("bearer ") else { return false };
    let key = DecodingKey::from_ec_pem(&std::fs::read(fixture("p256.pub.pem")).unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    (rules.validate_exp, rules.validate_aud) = (false, false);
    rules.required_spec_claims.clear();
    jsonwebtoken::decode::<Value>(token, &key, &rules).is_ok_and(|token| {
        token.header.kid.as_deref() == Some("KEY1234567")
            && token.claims == json!({ "iss": "TEAM123456", "iat": NOW_S })
    })
}

async fn receive(
    State(seen): State<Seen>,
    Path(token): Path<String>,
    version: Version,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let payload: Value = serde_json::from_slice(&body).unwrap_or_default();
    let alert = &payload["aps"]["alert"];
    match () {
        () if version != Version::HTTP_2 => refuse(400, "IdleTimeout"),
        () if header(&headers, "authorization").is_empty() => refuse(403, "MissingProviderToken"),
        () if !has_sound_token(&headers) => refuse(403, "InvalidProviderToken"),
        () if header(&headers, "apns-topic") != TOPIC => refuse(400, "BadTopic"),
        () if header(&headers, "apns-push-type") != "alert" => refuse(400, "InvalidPushType"),
        () if !matches!(header(&headers, "apns-priority"), "1" | "5" | "10") => refuse(400, "BadPriority"),
        () if header(&headers, "apns-expiration").parse::<i64>().is_err() => refuse(400, "BadExpirationDate"),
        () if body.len() > 4096 => refuse(413, "PayloadTooLarge"),
        () if !alert["title"].is_string() || !alert["body"].is_string() => refuse(400, "PayloadEmpty"),
        () => answer(&token, payload, &seen),
    }
}

fn answer(token: &str, payload: Value, seen: &Seen) -> Response {
    match token {
        "bad0" => refuse(400, "BadDeviceToken"),
        "dead" => refuse(410, "Unregistered"),
        "429b" => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "9")], Json(json!({ "reason": "TooManyRequests" })))
            .into_response(),
        "503b" => refuse(503, "ServiceUnavailable"),
        "413b" => refuse(413, "PayloadTooLarge"),
        _ => {
            seen.lock().push(payload);
            StatusCode::OK.into_response()
        }
    }
}

async fn start() -> (PushSender, String, Seen) {
    let seen = Seen::default();
    let base = serve(Router::new().route("/3/device/{token}", post(receive)).with_state(seen.clone())).await;
    (sender_of(&base, "p256.pem"), base, seen)
}

fn sender_of(base: &str, key: &str) -> PushSender {
    let apns = Apns {
        url: base.to_owned(),
        key: fixture(key),
        key_id: "KEY1234567".to_owned(),
        team_id: "TEAM123456".to_owned(),
        topic: TOPIC.to_owned(),
    };
    sender(&Push { apns: Some(apns), ..Push::default() })
}

#[tokio::test]
async fn a_notification_is_as_published() {
    let (sender, _, seen) = start().await;
    let result = sender.send("id", &device(PushProvider::Apns, "00fc13adff785122"), &message()).await;
    assert_eq!(result, PushResult::Delivered);
    let expected = json!({
        "aps": { "alert": { "title": "Ada", "body": "Hello" }, "sound": "default", "badge": 3, "thread-id": "c1" },
        "messageId": "m1", "channelId": "c1",
    });
    assert_eq!(seen.lock()[0], expected);
}

#[tokio::test]
async fn answers_are_understood() {
    let (sender, _, seen) = start().await;
    let send = async |token: &str| sender.send("id", &device(PushProvider::Apns, token), &message()).await;
    assert_eq!(send("bad0").await, PushResult::TokenDead);
    assert_eq!(send("dead").await, PushResult::TokenDead);
    assert_eq!(seconds(&send("429b").await), Some(9));
    assert_eq!(seconds(&send("503b").await), None);
    assert!(matches!(send("413b").await, PushResult::Rejected { .. }));
    // A token that is none would change the path; it is not sent at all.
    assert_eq!(send("../../x").await, PushResult::TokenDead);
    let data = [("large".to_owned(), "x".repeat(5000))].into();
    let large = PushMessage { data, ..message() };
    let result = sender.send("id", &device(PushProvider::Apns, "00"), &large).await;
    assert!(matches!(result, PushResult::Rejected { .. }));
    assert!(seen.lock().is_empty());
}

#[tokio::test]
async fn the_stand_in_refuses_what_is_broken() {
    let (_, base, seen) = start().await;
    let forged = sender_of(&base, "p256-other.pem");
    let result = forged.send("id", &device(PushProvider::Apns, "00"), &message()).await;
    assert!(matches!(result, PushResult::Retry { reason, .. } if reason == "InvalidProviderToken"));
    // HTTP/1.1, and no headers.
    let plain = reqwest::Client::new().post(format!("{base}/3/device/00")).body("{}").send().await.unwrap();
    assert_eq!(plain.status(), 400);
    let http2 = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let bare = http2.post(format!("{base}/3/device/00")).body("{}").send().await.unwrap();
    assert_eq!(bare.status(), 403);
    assert!(seen.lock().is_empty());
}
