//! The routes of the document, and what surrounds them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use natter_rest::RestPlugin;
use natter_store::MemoryStore;
use serde_json::json;

use crate::testing::Bench;

/// The document's routes, and those that it lacks for events that it has.
const ROUTES: &str = "
POST /tokens
GET /api/channels
POST /api/channels
GET /api/channels/{channelId}
PATCH /api/channels/{channelId}
DELETE /api/channels/{channelId}
GET /api/channels/unread-count
POST /api/channels/{channelId}/read
POST /api/channels/{channelId}/receipts
GET /api/channels/{channelId}/receipts/messages/{messageId}/receipts
POST /api/channels/{channelId}/receipts/query
GET /api/channels/{channelId}/receipts/read-status
GET /api/channels/{channelId}/messages
POST /api/channels/{channelId}/messages
GET /api/channels/{channelId}/messages/{messageId}
PATCH /api/channels/{channelId}/messages/{messageId}
DELETE /api/channels/{channelId}/messages/{messageId}
POST /api/channels/{channelId}/messages/{messageId}/reactions
DELETE /api/channels/{channelId}/messages/{messageId}/reactions/{emoji}
POST /api/channels/{channelId}/messages/{messageId}/pin
DELETE /api/channels/{channelId}/messages/{messageId}/pin
GET /api/channels/{channelId}/pins
PATCH /api/channels/{channelId}/settings
POST /api/channels/{channelId}/typing
GET /api/channels/{channelId}/members
POST /api/channels/{channelId}/members
PATCH /api/channels/{channelId}/members/{userId}
DELETE /api/channels/{channelId}/members/{userId}
POST /api/channels/{channelId}/join
GET /api/search
GET /api/users
GET /api/users/{userId}
PUT /api/users/{userId}
DELETE /api/users/{userId}
POST /api/users/sync
POST /api/users/bulk-delete
POST /api/users/{userId}/revoke
GET /api/devices
POST /api/devices
DELETE /api/devices/{deviceId}
GET /api/devices/preferences
PATCH /api/devices/preferences
GET /api/workspaces
POST /api/workspaces
GET /api/workspaces/{workspaceId}
GET /api/workspaces/{workspaceId}/members
POST /api/workspaces/{workspaceId}/invite
POST /api/workspaces/join
POST /api/files
PUT /api/webhooks
GET /invite/{token}
";

#[tokio::test]
async fn every_route_of_the_document_is_there_and_no_other() {
    let bench = Bench::start();
    let document = bench.plugin.document().json();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, _) in
            item.as_object().unwrap().iter().filter(|(_, operation)| operation.get("responses").is_some())
        {
            found.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let wanted: BTreeSet<String> = ROUTES.trim().lines().map(str::to_owned).collect();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn schemas_bear_the_plugin_s_name_and_every_reference_leads_somewhere() {
    let bench = Bench::start();
    let document = bench.plugin.document().json();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.keys().all(|name| name.starts_with("chatsdk_")), "{:?}", schemas.keys());
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn every_answer_says_where_its_caller_stands() {
    let bench = Bench::start();
    let key = [("x-api-key", "demo-api-key")];
    for (method, path, headers) in [
        ("GET", "/api/users", &key[..]),
        ("GET", "/api/channels", &key[..]),
        ("GET", "/api/channels", &[][..]),
        ("GET", "/api/nowhere", &key[..]),
        ("PUT", "/api/channels", &key[..]),
        ("GET", "/invite/none", &[][..]),
    ] {
        let answer = bench.call(method, path, headers, None).await;
        for header in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
            assert!(answer.header(header).parse::<u32>().is_ok(), "{method} {path}: {header} of {answer:?}");
        }
        assert_eq!(answer.header("x-ratelimit-limit"), "1000", "{method} {path}");
    }
}

#[tokio::test]
async fn keys_and_tokens_are_told_apart() {
    let bench = Bench::start();
    let token = bench.token("demo-api-key", "ada").await;
    let bearer = format!("Bearer {token}");
    let good = [("x-api-key", "demo-api-key"), ("authorization", bearer.as_str())];
    assert_eq!(bench.call("GET", "/api/channels", &good, None).await.status, 200);
    for (headers, expected) in [
        (vec![], (401, "UNAUTHORIZED")),
        (vec![("x-api-key", "unknown"), good[1]], (401, "UNAUTHORIZED")),
        (vec![good[0]], (401, "INVALID_TOKEN")),
        (vec![good[0], ("authorization", "Bearer no.token.this")], (401, "INVALID_TOKEN")),
        (vec![("x-api-key", "other-api-key"), good[1]], (401, "INVALID_TOKEN")),
    ] {
        let answer = bench.call("GET", "/api/channels", &headers, None).await;
        assert_eq!(answer.error(), expected, "{headers:?}");
    }
}

#[tokio::test]
async fn the_connection_s_token_makes_no_call() {
    let bench = Bench::start();
    let key = ("x-api-key", "demo-api-key");
    let body = json!({ "userId": "ada" });
    let tokens = bench.call("POST", "/tokens", &[key], Some(&body)).await.json;
    let bearer = format!("Bearer {}", tokens["wsToken"].as_str().unwrap());
    let answer = bench.call("GET", "/api/channels", &[key, ("authorization", &bearer)], None).await;
    assert_eq!(answer.error(), (401, "INVALID_TOKEN"));
}

#[tokio::test]
async fn an_app_with_keys_of_its_own_gets_no_tokens() {
    let bench = Bench::start();
    let body = json!({ "userId": "ada" });
    let answer = bench.call("POST", "/tokens", &[("x-api-key", "foreign-api-key")], Some(&body)).await;
    assert_eq!(answer.error(), (403, "FORBIDDEN"));
}

#[tokio::test]
async fn a_tenant_s_own_limits_count() {
    let bench = Bench::start();
    let key = ("x-api-key", "other-api-key");
    let bearer = format!("Bearer {}", bench.token("other-api-key", "ada").await);
    let user = [key, ("authorization", bearer.as_str())];
    let body = json!({ "userId": "ada" });
    let tokens = bench.call("POST", "/tokens", &[key], Some(&body)).await;
    assert_eq!(tokens.header("x-ratelimit-limit"), "2");
    let new = json!({ "name": "General", "type": "group" });
    let channel = bench.call("POST", "/api/channels", &user, Some(&new)).await;
    assert_eq!((channel.status.as_u16(), channel.header("x-ratelimit-limit")), (201, "3"));
    let path = format!("/api/channels/{}/messages", channel.json["id"].as_str().unwrap());
    let message = bench.call("POST", &path, &user, Some(&json!({ "text": "hello" }))).await;
    assert_eq!((message.status.as_u16(), message.header("x-ratelimit-limit")), (201, "1"));
    // The minute may have turned since the first message, but not twice.
    let mut codes = Vec::new();
    for _ in 0..3 {
        let refused = bench.call("POST", &path, &user, Some(&json!({ "text": "again" }))).await;
        codes.push((refused.error().1.to_owned(), !refused.header("retry-after").is_empty()));
    }
    assert!(codes.contains(&("RATE_LIMITED".to_owned(), true)), "{codes:?}");
}

#[tokio::test]
async fn a_token_lasts_as_long_as_asked() {
    let bench = Bench::start();
    let key = [("x-api-key", "demo-api-key")];
    for (expires_in, expected) in [(json!(60), 200), (json!(604_800), 200), (json!(59), 400), (json!("x"), 400)] {
        let body = json!({ "userId": "ada", "expiresIn": expires_in });
        let answer = bench.call("POST", "/tokens", &key, Some(&body)).await;
        assert_eq!(answer.status, expected, "{answer:?}");
        if expected == 200 {
            let claims = natter_node::auth::inspect(answer.json["token"].as_str().unwrap()).unwrap().claims;
            let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
            assert_eq!((json!(lifetime), &answer.json["expiresIn"]), (expires_in.clone(), &expires_in));
            assert_eq!(
                (&claims["sub"], &claims["aud"], &claims["use"]),
                (&json!("ada"), &json!("demo"), &json!("rest"))
            );
        }
    }
}

#[tokio::test]
async fn a_sender_can_delete_a_message_for_15_minutes_and_edit_it_for_ever() {
    let store = Arc::new(MemoryStore::new());
    let bench = Bench::over(Arc::clone(&store), 0);
    let token = format!("Bearer {}", bench.token("demo-api-key", "alice").await);
    let headers = [("x-api-key", "demo-api-key"), ("authorization", token.as_str())];
    let group = json!({ "name": "Group", "type": "group" });
    let made = bench.call("POST", "/api/channels", &headers, Some(&group)).await;
    let messages = format!("/api/channels/{}/messages", made.json["id"].as_str().unwrap());
    let mut sent = Vec::new();
    for text in ["early", "late"] {
        let answer = bench.call("POST", &messages, &headers, Some(&json!({ "text": text }))).await;
        sent.push(format!("{messages}/{}", answer.json["id"].as_str().unwrap()));
    }
    // The same store under a clock that is ahead, as if the node had been away.
    let in_time = Bench::over(Arc::clone(&store), 14 * 60_000 + 30_000);
    assert_eq!(in_time.call("DELETE", &sent[0], &headers, None).await.status, StatusCode::OK);
    let too_late = Bench::over(store, 15 * 60_000 + 1_000);
    assert_eq!(too_late.call("DELETE", &sent[1], &headers, None).await.error(), (403, "FORBIDDEN"));
    let edited = too_late.call("PATCH", &sent[1], &headers, Some(&json!({ "text": "still mine" }))).await;
    assert_eq!((edited.status, &edited.json["text"]), (StatusCode::OK, &json!("still mine")));
}
