//! What is around the routes: their list, unknown ones, the old version, notifications, webhooks.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use support::{Bench, message, post};

/// The document's routes, and those that are ours.
const ROUTES: [(&str, &str); 17] = [
    ("post", "/v2/auth/register"),
    ("post", "/v2/auth/webhook"),
    ("post", "/v2/auth/webhook/test"),
    ("get", "/v2/auth/me"),
    ("post", "/v2/auth/rotate"),
    ("post", "/v2/auth/socket-token"),
    ("post", "/v2/chats/rooms"),
    ("get", "/v2/chats/rooms/{type}/{id}"),
    ("get", "/v2/chats/room/{room_id}"),
    ("get", "/v2/chats/messages/{room_id}"),
    ("post", "/v2/chats/send"),
    ("post", "/v2/chats/reply"),
    ("post", "/v2/chats/mark-read"),
    ("post", "/v2/chats/broadcast"),
    ("post", "/v2/chats/files"),
    ("post", "/v2/notify/all"),
    ("post", "/v2/notify/user"),
];

#[tokio::test]
async fn the_description_has_the_document_s_routes_and_no_others() {
    let bench = Bench::new().await;
    let mut described = Vec::new();
    for (path, operations) in bench.document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            described.push((method.as_str(), path.as_str()));
        }
    }
    described.sort_unstable();
    let mut expected = ROUTES.to_vec();
    expected.sort_unstable();
    assert_eq!(described, expected);
    for (method, path) in ROUTES {
        let is_public = bench.document["paths"][path][method].get("security").is_none();
        assert_eq!(is_public, path == "/v2/auth/register", "{path}");
    }
}

#[tokio::test]
async fn every_route_answers_under_both_versions() {
    let bench = Bench::new().await;
    for (method, path) in ROUTES {
        for path in [path.to_owned(), path.replace("/v2", "/v1")] {
            let request = Request::builder().method(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap());
            let request = request.uri(path.replace(['{', '}'], "x")).body(Body::empty()).unwrap();
            let answer = bench.send(request).await;
            let is_public = path.ends_with("/register");
            answer.fails(if is_public { 400 } else { 401 }, if is_public { "1000" } else { "4001" });
            assert_eq!(answer.headers.contains_key("deprecation"), path.starts_with("/v1"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_old_version_says_where_the_new_one_is() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let room = bench.room(&token, "shop", "ann").await;
    let new = bench.get(&format!("/v2/chats/messages/{room}?limit=1"), &token).await;
    let old = bench.get(&format!("/v1/chats/messages/{room}?limit=1"), &token).await;
    assert_eq!((old.code(), &old.json), (new.code(), &new.json));
    assert_eq!(old.headers["deprecation"], "true");
    let link = format!("</v2/chats/messages/{room}>; rel=\"successor-version\"");
    assert_eq!(old.headers["link"], link.as_str());
    bench.get("/v1/nothing", &token).await.fails(404, "1004");
}

#[tokio::test]
async fn what_does_not_fit_a_route_has_the_document_s_shape() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    bench.get("/v2/nothing", &token).await.fails(404, "1004");
    bench.get("/v2/chats/send", &token).await.fails(405, "1000");
    let text = Request::post("/v2/chats/send").header("authorization", &token).header("content-type", "text/plain");
    bench.send(text.body(Body::from("x")).unwrap()).await.fails(415, "1000");
    bench.send(post("/v2/chats/send", &token).body(Body::from("{")).unwrap()).await.fails(400, "1000");
    bench.send(post("/v2/chats/send", &token).body(Body::from("[]")).unwrap()).await.fails(400, "1000");
    let large = format!("\"{}\"", "x".repeat(2 * 1024 * 1024));
    bench.send(post("/v2/chats/send", &token).body(Body::from(large)).unwrap()).await.fails(413, "1000");
}

#[tokio::test]
async fn notifications_reach_the_partner_s_sockets_only() {
    let bench = Bench::new().await;
    let (own, other) = (bench.partner("partner").await, bench.partner("other").await);
    let body = json!({ "event": "shop:announcement", "data": { "message": "hi" } });
    let told = bench.post("/v2/notify/all", &own, body.clone()).await;
    assert_eq!(*told.data(), json!({ "event": "shop:announcement", "recipients": 1 }));
    assert_eq!(bench.post("/v2/notify/all", &other, body).await.data()["recipients"], 0);
    let body = json!({ "event": "e", "data": {}, "socket_id": "socket-1" });
    let told = bench.post("/v2/notify/user", &own, body.clone()).await;
    assert_eq!(*told.data(), json!({ "event": "e", "socket_id": "socket-1" }));
    bench.post("/v2/notify/user", &other, body).await.fails(404, "1004");
    for (field, value) in [
        ("event", json!("")),
        ("event", json!("x".repeat(129))),
        ("event", json!("connect")),
        ("event", json!("newListener")),
        ("data", json!("text")),
        ("data", json!([])),
        ("data", json!(null)),
        ("socket_id", json!("")),
    ] {
        let mut body = json!({ "event": "e", "data": {}, "socket_id": "socket-1" });
        body[field] = value;
        bench.post("/v2/notify/user", &own, body).await.fails(400, "1000");
    }
}

#[tokio::test]
async fn a_partner_s_server_is_told_in_order() {
    let bench = Bench::new().await;
    let token = bench.partner("Partner").await;
    bench.room(&token, "shop", "untold").await;
    let hook = json!({ "webhook_url": "https://127.0.0.1:9/hook" });
    bench.post("/v2/auth/webhook", &token, hook).await;
    let room = bench.room(&token, "shop", "ann").await;
    for text in ["one", "two"] {
        bench.post("/v2/chats/send", &token, message(&room, ("user", "ann"), text)).await;
    }
    let told = bench.delivered(3).await;
    let events: Vec<_> = told.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["room.created", "message.new", "message.new"]);
    assert!(told.iter().all(|event| event["data"]["room_id"] == room.as_str() && event["username"] == "Partner"));
    assert_eq!((&told[1]["data"]["message"], &told[2]["data"]["seq"]), (&json!("one"), &json!(2)));
    assert_eq!((&told[1]["data"]["shop_id"], &told[1]["data"]["user_id"]), (&json!("shop"), &json!("ann")));
    bench.post("/v2/chats/mark-read", &token, json!({ "room_id": room, "type": "shop" })).await;
    let read = bench.delivered(4).await.pop().unwrap();
    assert_eq!((&read["event"], &read["data"]["last_read_seq"]), (&json!("message.read"), &json!(2)));
    assert_eq!((&read["data"]["type"], &read["data"]["unread_count"]), (&json!("shop"), &json!(0)));
    bench.post("/v2/auth/webhook/test", &token, json!({})).await;
    assert_eq!(bench.delivered(5).await[4]["event"], "ping");
}
