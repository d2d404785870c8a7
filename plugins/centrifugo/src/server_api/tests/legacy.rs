//! The form of old SDKs.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Api, bad_request, error};

async fn replies(api: &Api, body: &str) -> Vec<Value> {
    let reply = api.post("", &[("x-centrifugo-error-mode", "transport")], body.to_owned()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    reply.text.split('\n').map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn commands_are_answered_line_by_line() {
    let api = Api::start();
    let body = r#"{"method":"publish","params":{"channel":"fast:a","data":{"x": 1}},"id":7}
        {"method":"PUBLISH","params":{"channel":"a","data":1}}
        {"id":3,"method":"publish","params":{"channel":"nope:a","data":1}}
        {"method":6,"params":{"channel":"a"}}
        {"params":{"channel":"a","data":2}}"#;
    let replies = replies(&api, body).await;
    assert_eq!(replies[0], json!({"id": 7, "result": {}}));
    assert_eq!(replies[1]["result"]["offset"], 1);
    assert_eq!(replies[2], json!({"id": 3, "error": {"code": 102, "message": "unknown channel"}}));
    assert_eq!(replies[3]["result"]["offset"], 1);
    assert_eq!(replies[4]["result"]["offset"], 2);
    assert_eq!(replies.len(), 5);
}

#[tokio::test]
async fn one_command_spoils_only_itself() {
    let api = Api::start();
    let body = r#"{"method":"nothing"}{"method":"batch"}{"method":13}{"method":"publish","params":{"channel":1}}
        {"method":"publish"}{"method":"info"}"#;
    let replies = replies(&api, body).await;
    assert_eq!(replies[..3], [error(104, "not found"), error(104, "not found"), error(104, "not found")]);
    assert_eq!(replies[3..5], [bad_request(), bad_request()]);
    assert!(replies[5]["result"]["nodes"].is_array());
}

#[tokio::test]
async fn undecodable_bodies_do_nothing() {
    let api = Api::with(|config| config.limits.batch_commands_max = 2);
    let publish = r#"{"method":"publish","params":{"channel":"a","data":1}}"#;
    for broken in ["", " ", "x", "[]", r#"{"method":{}}"#, &format!("{publish}\n{{")] {
        assert_eq!(api.post("", &[], broken.to_owned()).await.status, StatusCode::BAD_REQUEST, "{broken}");
    }
    assert_eq!(api.post("", &[], publish.repeat(3)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(api.call("history", json!({"channel": "a"})).await["result"]["offset"], 0);
    assert_eq!(replies(&api, &publish.repeat(2)).await.len(), 2);
}
