//! Every error, in both error modes.

use axum::http::StatusCode;
use natter_core::Refusal;
use natter_node::config::ErrorMode;
use serde_json::{Value, json};

use super::super::error::ApiError;
use super::super::methods::Wrapping;
use super::super::respond;
use super::{Api, bad_request, error};

const TRANSPORT: [(&str, &str); 1] = [("X-Centrifugo-Error-Mode", "transport")];

#[tokio::test]
async fn every_method_tells_its_errors_in_the_body() {
    let api = Api::start();
    let (unknown, off) = (error(102, "unknown channel"), error(108, "not available"));
    let cases = [
        ("publish", json!({"data": 1}), bad_request()),
        ("publish", json!({"channel": "a"}), bad_request()),
        ("publish", json!({"channel": "nope:a", "data": 1}), unknown.clone()),
        ("publish", json!({"channel": "chat:1", "data": 1}), unknown.clone()),
        ("publish", json!({"channel": "$user:1", "data": 1}), unknown.clone()),
        ("publish", json!({"channel": "a".repeat(256), "data": 1}), bad_request()),
        ("publish", json!({"channel": "ä", "data": 1}), bad_request()),
        ("publish", json!({"channel": "a", "b64data": "???"}), bad_request()),
        ("publish", json!({"channel": "a", "data": 1, "idempotency_key": "k".repeat(256)}), bad_request()),
        ("broadcast", json!({"data": 1}), bad_request()),
        ("broadcast", json!({"channels": ["a"], "b64data": "???"}), bad_request()),
        ("subscribe", json!({"user": "1"}), bad_request()),
        ("subscribe", json!({"user": "1", "channel": "nope:a"}), unknown.clone()),
        ("subscribe", json!({"user": "1", "channel": "a", "b64info": "???"}), bad_request()),
        ("unsubscribe", json!({"user": "1", "channel": "nope:a"}), unknown.clone()),
        ("disconnect", json!({"user": "1", "disconnect": {"code": 1000, "reason": ""}}), bad_request()),
        ("disconnect", json!({"user": "1", "disconnect": {"code": 4000, "reason": "x".repeat(124)}}), bad_request()),
        ("presence", json!({}), bad_request()),
        ("presence", json!({"channel": "nope:a"}), unknown.clone()),
        ("presence", json!({"channel": "fast:a"}), off.clone()),
        ("presence_stats", json!({"channel": "fast:a"}), off.clone()),
        ("history", json!({}), bad_request()),
        ("history", json!({"channel": "fast:a"}), off.clone()),
        ("history", json!({"channel": "chat:a"}), unknown.clone()),
        ("history", json!({"channel": "a", "reverse": true, "since": {"offset": 0}, "limit": 1}), bad_request()),
        ("history_remove", json!({"channel": "fast:a"}), off),
        ("channels", json!({"pattern": "[a"}), bad_request()),
        ("channels", json!({"pattern": "a".repeat(1025)}), bad_request()),
        ("rpc", json!({}), bad_request()),
        ("rpc", json!({"method": "anything"}), error(104, "not found")),
    ];
    for (method, request, expected) in cases {
        assert_eq!(api.call(method, request.clone()).await, expected, "{method} {request}");
    }
    let since = json!({"channel": "a", "limit": 1, "since": {"offset": 1, "epoch": "other"}});
    assert_eq!(api.call("history", since).await, error(112, "unrecoverable position"));
}

#[tokio::test]
async fn transport_mode_uses_statuses() {
    let api = Api::start();
    let cases = [
        ("/publish", json!({"channel": "nope:a", "data": 1}), 404, 102, "unknown channel"),
        ("/rpc", json!({"method": "x"}), 404, 104, "not found"),
        ("/publish", json!({"channel": "a"}), 400, 107, "bad request"),
        ("/history", json!({"channel": "fast:a"}), 400, 108, "not available"),
        ("/history", json!({"channel": "a", "limit": 1, "since": {"epoch": "x"}}), 416, 112, "unrecoverable position"),
    ];
    for (path, request, status, code, message) in cases {
        let reply = api.post(path, &TRANSPORT, request.to_string()).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (status, json!({"code": code, "message": message})));
    }
    let reply = api.post("/publish", &TRANSPORT, r#"{"channel":"fast:a","data":1}"#).await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, r#"{"result":{}}"#));
}

#[tokio::test]
async fn transport_mode_can_be_configured() {
    let api = Api::with(|config| config.plugins.centrifugo.http_api.error_mode = ErrorMode::Transport);
    let reply = api.post("/rpc", &[], "{}").await;
    assert_eq!((reply.status, reply.json()["code"].clone()), (StatusCode::BAD_REQUEST, Value::from(107)));
}

#[tokio::test]
async fn too_many_channels_is_a_limit() {
    let api = Api::with(|config| config.limits.broadcast_channels_max = 2);
    let reply = api.call("broadcast", json!({"channels": ["a", "b", "c"], "data": 1})).await;
    assert_eq!(reply, error(106, "limit exceeded"));
}

#[test]
fn refusals_have_their_codes() {
    let cases = [
        (Refusal::Busy, 100, 503),
        (Refusal::StoreUnavailable { outcome_known: false }, 100, 503),
        (Refusal::NotAvailable, 108, 400),
        (Refusal::UnrecoverablePosition, 112, 416),
        (Refusal::BadRequest, 107, 400),
        (Refusal::TooManyChannels, 106, 400),
        (Refusal::TooManySubscribers, 106, 400),
    ];
    for (refusal, code, status) in cases {
        let error = ApiError::from(refusal);
        assert_eq!(serde_json::to_value(error).unwrap()["code"], code);
        let reply = respond::outcome(Err(error), Wrapping::Result, ErrorMode::Transport);
        assert_eq!(reply.status(), status);
        assert_eq!(reply.headers().contains_key("retry-after"), status == 503);
        assert_eq!(respond::outcome(Err(error), Wrapping::Result, ErrorMode::Body).status(), 200);
    }
    assert_eq!(ApiError::INTERNAL.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
