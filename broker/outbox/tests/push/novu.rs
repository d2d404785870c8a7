//! Novu.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use natter_node::config::{Novu, Push, Secret};
use natter_outbox::push::{PushProvider, PushResult, PushSender};
use serde_json::{Value, json};

use crate::support::{Seen, device, has_only, is_text, message, seconds, sender, serve};

const PATH: &str = "/v1/events/trigger";

fn said(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "statusCode": status.as_u16(), "message": message }))).into_response()
}

fn is_sound(body: &Value) -> bool {
    has_only(body, &["name", "to", "payload", "transactionId", "overrides", "actor", "tenant"])
        && is_text(&body["name"])
        && is_text(&body["to"]["subscriberId"])
        && is_text(&body["transactionId"])
        && body["payload"].is_object()
}

async fn trigger(State(seen): State<Seen>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if headers.get("authorization").is_none_or(|value| value != "ApiKey novu-key") {
        return said(StatusCode::UNAUTHORIZED, "API Key not found");
    }
    if !is_sound(&body)
        || headers.get("idempotency-key").is_none_or(|key| key != body["transactionId"].as_str().unwrap())
    {
        return said(StatusCode::UNPROCESSABLE_ENTITY, "Validation Error");
    }
    let acknowledged = |status: &str| {
        let data = json!({ "acknowledged": true, "status": status, "transactionId": body["transactionId"] });
        (StatusCode::CREATED, Json(json!({ "data": data }))).into_response()
    };
    match body["to"]["subscriberId"].as_str().unwrap() {
        "inactive" => acknowledged("trigger_not_active"),
        "busy" => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "5")]).into_response(),
        "down" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "nowhere" => said(StatusCode::UNPROCESSABLE_ENTITY, "workflow_not_found"),
        _ => {
            let answer = acknowledged("processed");
            seen.lock().push(body);
            answer
        }
    }
}

async fn preferences(Path(subscriber): Path<String>, headers: HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|value| value != "ApiKey novu-key") || subscriber != "ada/1" {
        return said(StatusCode::NOT_FOUND, "no");
    }
    Json(json!({ "data": { "global": { "enabled": true }, "workflows": [] } })).into_response()
}

async fn start(key: &str) -> (PushSender, String, Seen) {
    let seen = Seen::default();
    let app = Router::new()
        .route(PATH, post(trigger))
        .route("/v2/subscribers/{id}/preferences", get(preferences))
        .with_state(seen.clone());
    let base = serve(app).await;
    let novu = Some(Novu { url: base.clone(), api_key: Secret::new(key) });
    (sender(&Push { novu, ..Push::default() }), base, seen)
}

#[tokio::test]
async fn a_trigger_is_as_published() {
    let (sender, _, seen) = start("novu-key").await;
    assert_eq!(sender.send("job-1", &device(PushProvider::Novu, "ada"), &message()).await, PushResult::Delivered);
    let expected = json!({
        "name": "natter-message", "to": { "subscriberId": "ada" }, "transactionId": "job-1",
        "payload": {
            "title": "Ada", "body": "Hello", "badge": 3, "data": { "messageId": "m1", "channelId": "c1" },
        },
    });
    assert_eq!(seen.lock()[0], expected);
}

#[tokio::test]
async fn answers_are_understood() {
    let (sender, _, _) = start("novu-key").await;
    let send = async |token: &str| sender.send("job-1", &device(PushProvider::Novu, token), &message()).await;
    assert!(matches!(send("inactive").await, PushResult::Rejected { reason } if reason.contains("trigger_not_active")));
    assert!(matches!(send("nowhere").await, PushResult::Rejected { reason } if reason.contains("workflow_not_found")));
    assert_eq!(seconds(&send("busy").await), Some(5));
    assert_eq!(seconds(&send("down").await), None);
}

#[tokio::test]
async fn preferences_are_passed_on() {
    let (sender, _, _) = start("novu-key").await;
    let expected = json!({ "global": { "enabled": true }, "workflows": [] });
    assert_eq!(sender.novu_preferences("ada/1").await, Some(expected));
    assert_eq!(sender.novu_preferences("nobody").await, None);
}

#[tokio::test]
async fn the_stand_in_refuses_what_is_broken() {
    let (forged, base, seen) = start("another-key").await;
    let result = forged.send("job-1", &device(PushProvider::Novu, "ada"), &message()).await;
    assert!(matches!(result, PushResult::Retry { .. }));
    let request = reqwest::Client::new().post(format!("{base}{PATH}")).header("authorization", "ApiKey novu-key");
    let answer = request.json(&json!({ "name": "natter-message", "to": "ada" })).send().await.unwrap();
    assert_eq!(answer.status(), 422);
    assert!(seen.lock().is_empty());
}

#[tokio::test]
async fn a_provider_that_is_not_configured_is_told() {
    let (sender, ..) = start("novu-key").await;
    assert!(sender.has(PushProvider::Novu) && !sender.has(PushProvider::Fcm));
    let result = sender.send("job-1", &device(PushProvider::Fcm, "x"), &message()).await;
    assert!(matches!(result, PushResult::Rejected { reason } if reason == "fcm is not configured"));
}
