//! The routes of the document, what surrounds them, and what no client can be made to see.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use natter_core::TenantId;
use natter_rest::RestPlugin;
use serde_json::{Value, json};

use crate::testing::{Bench, id};

/// The document's routes, and those that the contract adds.
const ROUTES: &str = "
PUT /chats-sync
GET /chats
POST /chats
GET /chats/explore/communities
GET /chats/{id}
PUT /chats/{id}
DELETE /chats/{id}
GET /chats/{id}/files
GET /chats/{id}/messages
POST /chats/{id}/messages
POST /chats/{id}/read
POST /chats/{id}/participants
POST /chats/{id}/participants/multiple
DELETE /chats/{id}/participants/{participantId}
POST /chats/{id}/participants/{participantId}/status
POST /chats/{id}/participants/{participantId}/admin
DELETE /chats/{id}/participants/{participantId}/admin
GET /chats/{id}/requests
POST /chats/{id}/requests/{requestId}
DELETE /chats/{id}/requests/{requestId}
";

#[tokio::test]
async fn every_route_of_the_document_is_there_and_no_other() {
    let bench = Bench::start().await;
    let document = bench.plugin.document().json();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let operations = item.as_object().unwrap().iter().filter(|(_, operation)| operation.get("responses").is_some());
        found.extend(operations.map(|(method, _)| format!("{} {path}", method.to_uppercase())));
    }
    let wanted: BTreeSet<String> = ROUTES.trim().lines().map(str::to_owned).collect();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn schemas_bear_the_plugin_s_name_and_every_reference_leads_somewhere() {
    let bench = Bench::start().await;
    let document = bench.plugin.document();
    let schemas = document.json()["components"]["schemas"].as_object().unwrap();
    assert!(schemas.keys().all(|name| name.starts_with("campus_")), "{:?}", schemas.keys());
    assert_eq!(document.dangling_references(), Vec::<String>::new());
}

#[tokio::test]
async fn every_event_of_the_document_is_described() {
    let bench = Bench::start().await;
    let events = bench.plugin.events();
    let messages = events.json()["components"]["messages"].as_object().unwrap();
    let names: BTreeSet<&str> = messages.values().filter_map(|message| message["name"].as_str()).collect();
    let wanted = [
        "chat-created",
        "chat-joined",
        "chat-updated",
        "chat-participant-removed",
        "chat-participant-status",
        "chat-admin-access-granted",
        "chat-admin-access-removed",
        "chat-deleted",
        "chat-read",
        "chat-message",
        "chat-request",
        "score-updated",
    ];
    assert_eq!(names, BTreeSet::from(wanted));
}

#[tokio::test]
async fn errors_have_the_document_s_shape() {
    let bench = Bench::start().await;
    let unknown = format!("/chats/{}", id(9));
    for (method, path, expected) in [
        ("GET", "/chats/x/y/z/w", 404),
        ("PATCH", "/chats", 405),
        ("GET", "/chats?limit=0", 400),
        ("GET", "/chats/none", 400),
        ("GET", unknown.as_str(), 404),
    ] {
        let (status, body) = bench.call("demo", &id(1), method, path, &Value::Null).await;
        assert_eq!((status.as_u16(), &body["status"]), (expected, &json!(false)), "{method} {path}: {body}");
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    let (status, _) = bench.send("GET", "/chats", ("x-api-key", "demo-api-key"), &Value::Null).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _) = bench.send("PUT", "/chats-sync", ("x-api-key", "wrong"), &json!({})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_tenant_s_own_limits_count() {
    let bench = Bench::start().await;
    // The minute may turn once in between, but not twice.
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(bench.call("small", &id(1), "GET", "/chats", &Value::Null).await.0.as_u16());
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(bench.call("demo", &id(1), "GET", "/chats", &Value::Null).await.0.as_u16());
    }
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
}

#[tokio::test]
async fn categories_are_those_of_the_configuration() {
    let bench = Bench::start().await;
    bench.sync(&json!({ "users": [{ "_id": id(1), "following": [id(2)] }, { "_id": id(2) }] })).await;
    let body =
        |category: &str| json!({ "isGroup": true, "name": "Pots", "category": category, "participants": [id(2)] });
    let (status, answer) = bench.call("demo", &id(1), "POST", "/chats", &body("Cooking")).await;
    assert_eq!((status, &answer["chat"]["category"]), (StatusCode::CREATED, &json!("Cooking")));
    assert_eq!(bench.call("demo", &id(1), "POST", "/chats", &body("Party")).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn edges_are_replaced_as_a_whole() {
    let bench = Bench::start().await;
    let (graph, demo) = (bench.campus.graph(), TenantId::new("demo"));
    let users: Vec<String> = (2..600).map(id).collect();
    bench.sync(&json!({ "users": [{ "_id": id(1), "following": users }] })).await;
    assert!(
        graph.follows(&demo, &id(1), &id(2)).await.unwrap() && graph.follows(&demo, &id(1), &id(599)).await.unwrap()
    );
    assert!(!graph.follows(&demo, &id(2), &id(1)).await.unwrap(), "one way only");
    bench.sync(&json!({ "users": [{ "_id": id(1), "following": [id(3)] }] })).await;
    assert!(
        !graph.follows(&demo, &id(1), &id(2)).await.unwrap() && graph.follows(&demo, &id(1), &id(3)).await.unwrap()
    );
    bench.sync(&json!({ "users": [{ "_id": id(1), "name": "Ada" }] })).await;
    assert!(graph.follows(&demo, &id(1), &id(3)).await.unwrap(), "what is left out stays");
    bench.sync(&json!({ "users": [{ "_id": id(1), "following": null }] })).await;
    assert!(!graph.follows(&demo, &id(1), &id(3)).await.unwrap());
    assert!(!graph.follows(&TenantId::new("small"), &id(1), &id(3)).await.unwrap());
}

#[tokio::test]
async fn connections_follow_what_is_told_last() {
    let bench = Bench::start().await;
    let (graph, demo) = (bench.campus.graph(), TenantId::new("demo"));
    let meet =
        |users: [String; 2], status: &str| json!({ "meetMe": [{ "_id": id(7), "users": users, "status": status }] });
    bench.sync(&meet([id(1), id(2)], "pending")).await;
    assert!(!graph.is_connected(&demo, &id(1), &id(2)).await.unwrap());
    bench.sync(&meet([id(2), id(1)], "accepted")).await;
    assert!(graph.is_connected(&demo, &id(1), &id(2)).await.unwrap());
    bench.sync(&meet([id(1), id(3)], "accepted")).await;
    assert!(!graph.is_connected(&demo, &id(1), &id(2)).await.unwrap());
    assert!(graph.is_connected(&demo, &id(3), &id(1)).await.unwrap());
    bench.sync(&json!({ "delete": { "meetMe": [id(7)] } })).await;
    assert!(!graph.is_connected(&demo, &id(3), &id(1)).await.unwrap());
}

#[tokio::test]
async fn events_and_reels_move_with_their_chats() {
    let bench = Bench::start().await;
    let (graph, demo) = (bench.campus.graph(), TenantId::new("demo"));
    bench.sync(&json!({ "events": [{ "_id": id(5), "chat": id(1), "active": true }] })).await;
    bench.sync(&json!({ "events": [{ "_id": id(5), "chat": id(2) }] })).await;
    assert_eq!(graph.event_of(&demo, &id(1)).await.unwrap(), None);
    assert!(graph.event_of(&demo, &id(2)).await.unwrap().unwrap().1.active, "what is left out stays");
    bench.sync(&json!({ "events": [{ "_id": id(4), "chat": id(2) }] })).await;
    bench.sync(&json!({ "events": [{ "_id": id(5), "chat": id(2) }] })).await;
    assert_eq!(graph.event_of(&demo, &id(2)).await.unwrap().unwrap().0, id(4), "the one that was given to it last");
    let reel =
        |number: u32, chat: u32| json!({ "_id": id(number), "user": id(9), "chat": id(chat), "views": 2, "likes": 1 });
    bench.sync(&json!({ "reels": [reel(11, 1), reel(12, 1), reel(13, 1)] })).await;
    bench.sync(&json!({ "reels": [reel(12, 2)] })).await;
    bench.sync(&json!({ "reels": [{ "_id": id(11), "views": 10 }] })).await;
    let (reels, totals) = graph.reels_of(&demo, &id(1), 5).await.unwrap();
    let ids: Vec<&str> = reels.iter().map(|reel| reel.id.as_str()).collect();
    assert_eq!(ids, [&id(13), &id(11)]);
    assert_eq!((totals.count, totals.views, totals.likes), (2, 12, 2));
    graph.remove_reels_of(&demo, &id(1)).await.unwrap();
    bench.sync(&json!({ "delete": { "reels": [id(12)], "events": [id(4), id(5)] } })).await;
    for chat in [1, 2] {
        assert_eq!(graph.reels_of(&demo, &id(chat), 5).await.unwrap().1.count, 0);
        assert_eq!(graph.event_of(&demo, &id(chat)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn joining_counts_once_for_each_chat() {
    let bench = Bench::start().await;
    let (graph, demo) = (bench.campus.graph(), TenantId::new("demo"));
    bench.sync(&json!({ "users": [{ "_id": id(1), "score": 5 }] })).await;
    assert_eq!(graph.count_join(&demo, &id(1), &id(8)).await.unwrap(), Some(15));
    assert_eq!(graph.count_join(&demo, &id(1), &id(8)).await.unwrap(), None);
    assert_eq!(graph.count_join(&demo, &id(1), &id(9)).await.unwrap(), Some(25));
    assert_eq!(graph.count_join(&demo, &id(2), &id(9)).await.unwrap(), Some(10));
}
