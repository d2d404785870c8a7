//! Firebase Cloud Messaging HTTP v1, with the token exchange before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use natter_node::config::{Fcm, Push};
use natter_outbox::push::{PushProvider, PushResult, PushSender};
use serde_json::{Value, json};

use crate::support::{NOW_S, Seen, device, fixture, has_only, is_text, message, seconds, sender, serve};

const EMAIL: &str = "push@project.iam.example";
const PATH: &str = "/v1/projects/project-1/messages:send";

#[derive(Clone, Default)]
struct StandIn {
    seen: Seen,
    tokens: Arc<AtomicUsize>,
}

#[derive(serde::Deserialize)]
struct Exchange {
    grant_type: String,
    assertion: String,
}

async fn exchange(State(stand_in): State<StandIn>, headers: HeaderMap, Form(form): Form<Exchange>) -> Response {
    let key = DecodingKey::from_rsa_pem(&std::fs::read(fixture("rsa.pub.pem")).unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    // The clock of the test stands still; the times are checked below.
    rules.validate_exp = false;
    rules.set_issuer(&[EMAIL]);
    rules.set_audience(&[format!("http://{}/token", headers["host"].to_str().unwrap())]);
    let claim = jsonwebtoken::decode::<Value>(&form.assertion, &key, &rules);
    let is_sound = claim.is_ok_and(|claim| {
        let (iat, exp) = (claim.claims["iat"].as_i64().unwrap(), claim.claims["exp"].as_i64().unwrap());
        claim.header.kid.as_deref() == Some("key-1")
            && iat == NOW_S
            && (1..=3600).contains(&(exp - iat))
            && claim.claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
    });
    if form.grant_type != "urn:ietf:params:oauth:grant-type:jwt-bearer" || !is_sound {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    let number = stand_in.tokens.fetch_add(1, Ordering::Relaxed);
    let token = format!("access-{number}");
    Json(json!({ "access_token": token, "expires_in": 3599, "token_type": "Bearer" })).into_response()
}

fn error(status: StatusCode, name: &str, code: &str) -> Response {
    let details = json!([{ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code }]);
    let body = json!({ "error": { "code": status.as_u16(), "status": name, "message": "no", "details": details } });
    (status, Json(body)).into_response()
}

/// The published schema of a message, as far as we use it: unknown names and wrong types are refused.
fn is_sound(body: &Value) -> bool {
    let message = &body["message"];
    let (android, apns) = (&message["android"], &message["apns"]);
    has_only(body, &["message", "validate_only"])
        && has_only(message, &["token", "notification", "data", "android", "apns"])
        && is_text(&message["token"])
        && has_only(&message["notification"], &["title", "body", "image"])
        && is_text(&message["notification"]["title"])
        && message["data"].as_object().is_some_and(|data| data.values().all(Value::is_string))
        && has_only(android, &["priority", "ttl", "notification", "collapse_key"])
        && matches!(android["priority"].as_str(), Some("NORMAL" | "HIGH"))
        && android["ttl"].as_str().is_some_and(|ttl| ttl.ends_with('s'))
        && has_only(&android["notification"], &["sound", "notification_count", "channel_id"])
        && has_only(apns, &["headers", "payload"])
        && apns["headers"].as_object().is_some_and(|headers| headers.values().all(Value::is_string))
        && apns["payload"]["aps"].is_object()
}

async fn send(State(stand_in): State<StandIn>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let newest = format!("Bearer access-{}", stand_in.tokens.load(Ordering::Relaxed).wrapping_sub(1));
    if bearer != newest {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR");
    }
    if !is_sound(&body) {
        return error(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", "INVALID_ARGUMENT");
    }
    match body["message"]["token"].as_str().unwrap() {
        "gone" => error(StatusCode::NOT_FOUND, "NOT_FOUND", "UNREGISTERED"),
        "other" => error(StatusCode::FORBIDDEN, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
        "busy" => {
            let mut busy = error(StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED");
            busy.headers_mut().insert("retry-after", "60".parse().unwrap());
            busy
        }
        "down" => error(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "UNAVAILABLE"),
        "wrong" => error(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        "malformed" => {
            let details = json!([{ "fieldViolations": [{ "field": "message.token", "description": "no" }] },
                { "errorCode": "INVALID_ARGUMENT" }]);
            (StatusCode::BAD_REQUEST, Json(json!({ "error": { "status": "INVALID_ARGUMENT", "details": details } })))
                .into_response()
        }
        _ => {
            stand_in.seen.lock().push(body);
            Json(json!({ "name": "projects/project-1/messages/1" })).into_response()
        }
    }
}

async fn start() -> (PushSender, String, StandIn, tempfile::TempDir) {
    let stand_in = StandIn::default();
    let app = Router::new().route("/token", post(exchange)).route(PATH, post(send)).with_state(stand_in.clone());
    let base = serve(app).await;
    let folder = tempfile::tempdir().unwrap();
    let account = folder.path().join("fcm.json");
    let file = json!({
        "type": "service_account", "project_id": "project-1", "private_key_id": "key-1", "client_email": EMAIL,
        "private_key": std::fs::read_to_string(fixture("rsa.pem")).unwrap(), "token_uri": format!("{base}/token"),
    });
    std::fs::write(&account, file.to_string()).unwrap();
    let fcm = Some(Fcm { url: base.clone(), service_account: account });
    (sender(&Push { fcm, ..Push::default() }), base, stand_in, folder)
}

#[tokio::test]
async fn a_notification_is_as_published_and_the_access_token_is_kept() {
    let (sender, _, stand_in, _folder) = start().await;
    for _ in 0..3 {
        let result = sender.send("id", &device(PushProvider::Fcm, "token-1"), &message()).await;
        assert_eq!(result, PushResult::Delivered);
    }
    assert_eq!(stand_in.tokens.load(Ordering::Relaxed), 1);
    let sent = stand_in.seen.lock()[0]["message"].clone();
    assert_eq!(sent["notification"], json!({ "title": "Ada", "body": "Hello" }));
    assert_eq!(sent["data"], json!({ "messageId": "m1", "channelId": "c1" }));
    assert_eq!(sent["apns"]["payload"]["aps"]["badge"], 3);
}

#[tokio::test]
async fn answers_are_understood() {
    let (sender, _, _, _folder) = start().await;
    let send = async |token: &str| sender.send("id", &device(PushProvider::Fcm, token), &message()).await;
    assert_eq!(send("gone").await, PushResult::TokenDead);
    assert_eq!(send("other").await, PushResult::TokenDead);
    assert_eq!(send("malformed").await, PushResult::TokenDead);
    assert_eq!(seconds(&send("busy").await), Some(60));
    assert_eq!(seconds(&send("down").await), None);
    assert!(matches!(send("wrong").await, PushResult::Rejected { .. }));
}

#[tokio::test]
async fn an_access_token_that_is_refused_is_replaced() {
    let (sender, _, stand_in, _folder) = start().await;
    let send = async || sender.send("id", &device(PushProvider::Fcm, "token-1"), &message()).await;
    assert_eq!(send().await, PushResult::Delivered);
    // Google withdraws it: only a newer one counts.
    stand_in.tokens.fetch_add(1, Ordering::Relaxed);
    assert!(matches!(send().await, PushResult::Retry { .. }));
    assert_eq!(send().await, PushResult::Delivered);
}

#[tokio::test]
async fn the_stand_in_refuses_what_is_broken() {
    let (sender, base, stand_in, _folder) = start().await;
    let client = reqwest::Client::new();
    let post = async |authorization: &str, body: Value| {
        let request = client.post(format!("{base}{PATH}")).header("authorization", authorization).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(sender.send("id", &device(PushProvider::Fcm, "token-1"), &message()).await, PushResult::Delivered);
    let sound = stand_in.seen.lock()[0].clone();
    assert_eq!(post("Bearer access-0", sound.clone()).await, 200);
    assert_eq!(post("Bearer forged", sound.clone()).await, 401);
    let mut number = sound.clone();
    number["message"]["data"]["count"] = 1.into();
    assert_eq!(post("Bearer access-0", number).await, 400);
    let mut unknown = sound;
    unknown["message"]["to"] = "x".into();
    assert_eq!(post("Bearer access-0", unknown).await, 400);

    let claim = jsonwebtoken::encode(
        &jsonwebtoken::Header::default(),
        &json!({ "iss": EMAIL }),
        &jsonwebtoken::EncodingKey::from_secret(b"forged"),
    );
    let form = format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={}", claim.unwrap());
    let request = client.post(format!("{base}/token")).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.body(form).send().await.unwrap().status(), 400);
}
