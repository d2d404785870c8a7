//! Rooms and messages.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use axum::body::Body;
use futures_util::stream::{self, StreamExt};
use natter_chat::{Attachment, AttachmentType, Cursor, Entry, NewMessage};
use natter_core::{EntityId, TenantId};
use serde_json::{Value, json};
use support::{Bench, message, post};

const NO_ROOM: &str = "000000000000000000000000";

fn seqs(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|message| message["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_room_is_made_once_and_takes_names_over() {
    let bench = Bench::new().await;
    let token = bench.partner("Partner").await;
    let body = json!({ "shop_id": "shop_001", "user_id": "cust 1/ü|", "shop_name": "My Shop" });
    let made = bench.post("/v2/chats/rooms", &token, body).await;
    assert_eq!(made.code(), (201, "0000".to_owned()));
    let expected = json!({
        "_id": made.text("/data/_id"), "username": "Partner", "shop_id": "shop_001", "user_id": "cust 1/ü|",
        "shop_name": "My Shop", "user_name": null, "message": "", "shop_unread": 0, "user_unread": 0,
        "lasted_message_at": made.data()["created_at"], "created_at": made.data()["created_at"],
    });
    assert_eq!(*made.data(), expected);
    assert!(made.text("/data/_id").len() == 24);
    let body = json!({ "shop_id": "shop_001", "user_id": "cust 1/ü|", "user_name": "John Doe" });
    let found = bench.post("/v2/chats/rooms", &token, body).await;
    assert_eq!(found.code(), (200, "0000".to_owned()));
    assert_eq!((&found.data()["shop_name"], &found.data()["user_name"]), (&json!("My Shop"), &json!("John Doe")));
    assert_eq!(found.data()["_id"], made.data()["_id"]);
    let read = bench.get(&format!("/v2/chats/room/{}", made.text("/data/_id")), &token).await;
    assert_eq!(read.data(), found.data());
    let listed = bench.get("/v2/chats/rooms/user/cust%201%2F%C3%BC%7C", &token).await;
    assert_eq!(listed.data()[0], *found.data());
}

#[tokio::test]
async fn a_message_counts_for_the_other_side_until_it_has_read() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let room = bench.room(&token, "shop", "ann").await;
    let sent = bench.post("/v2/chats/send", &token, message(&room, ("shop", "shop"), "one")).await;
    assert_eq!(sent.code(), (201, "0000".to_owned()));
    assert_eq!((sent.text("/data/room_id"), sent.text("/data/sender_by")), (room.clone(), "shop".to_owned()));
    bench.say(&token, &room, ("shop", "shop"), "two").await;
    bench.say(&token, &room, ("user", "ann"), "three").await;
    let path = format!("/v2/chats/room/{room}");
    let counts = async || {
        let room = bench.get(&path, &token).await;
        assert_eq!(room.text("/data/message"), "three");
        (room.data()["shop_unread"].as_u64().unwrap(), room.data()["user_unread"].as_u64().unwrap())
    };
    // Sending does not move the sender's own.
    assert_eq!(counts().await, (1, 2));
    let read = bench.post("/v2/chats/mark-read", &token, json!({ "room_id": room, "type": "user" })).await;
    assert_eq!(read.code(), (200, "0000".to_owned()));
    assert_eq!((&read.data()["unread_count"], &read.data()["type"]), (&json!(0), &json!("user")));
    assert_eq!(counts().await, (1, 0));
}

#[tokio::test]
async fn messages_are_listed_oldest_first_whole_or_in_pages() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let room = bench.room(&token, "shop", "ann").await;
    let path = format!("/v2/chats/messages/{room}");
    assert_eq!(*bench.get(&path, &token).await.data(), json!([]));
    let mut ids = Vec::new();
    for number in 1..=7 {
        ids.push(bench.say(&token, &room, ("user", "ann"), &number.to_string()).await);
    }
    let all = bench.get(&path, &token).await;
    assert_eq!(seqs(all.data()), [1, 2, 3, 4, 5, 6, 7]);
    let first = &all.data()[0];
    let expected = json!({
        "_id": ids[0], "room_id": room, "sender_by": "user", "sender_id": "ann", "sender_name": "Someone",
        "message": "1", "type": "text", "seq": 1, "created_at": first["created_at"],
    });
    assert_eq!(*first, expected);
    for (query, found) in [
        ("limit=3".to_owned(), vec![5, 6, 7]),
        (format!("limit=2&before={}", ids[4]), vec![3, 4]),
        (format!("limit=2&after={}", ids[1]), vec![3, 4]),
        (format!("after={}", ids[5]), vec![7]),
        (format!("after={}", ids[6]), vec![]),
        (format!("before={}", ids[0]), vec![]),
    ] {
        assert_eq!(seqs(bench.get(&format!("{path}?{query}"), &token).await.data()), found, "{query}");
    }
    for query in ["limit=0", "limit=1001", "limit=x", "before=1", &format!("before={0}&after={0}", ids[0])] {
        bench.get(&format!("{path}?{query}"), &token).await.fails(400, "1000");
    }
    bench.get(&format!("{path}?before={NO_ROOM}"), &token).await.fails(404, "1004");
}

#[tokio::test]
async fn a_long_room_is_read_whole() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let room = bench.room(&token, "shop", "ann").await;
    let sends = (0..1_203).map(|_| bench.say(&token, &room, ("shop", "shop"), "x"));
    stream::iter(sends).buffer_unordered(64).collect::<Vec<_>>().await;
    let all = bench.get(&format!("/v2/chats/messages/{room}"), &token).await;
    assert_eq!(seqs(all.data()), (1..=1_203).collect::<Vec<_>>());
}

#[tokio::test]
async fn rooms_are_listed_by_their_newest_message() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    bench.get("/v2/chats/rooms/shop/shop", &token).await.fails(404, "1005");
    let mut rooms = Vec::new();
    for user in ["ann", "bob", "cem"] {
        rooms.push(bench.room(&token, "shop", user).await);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    bench.say(&token, &rooms[0], ("user", "ann"), "hello").await;
    let ids = async |query: &str| -> Vec<String> {
        let listed = bench.get(&format!("/v2/chats/rooms/shop/shop{query}"), &token).await;
        let rooms = listed.data().as_array().unwrap();
        rooms.iter().map(|room| room["_id"].as_str().unwrap().to_owned()).collect()
    };
    let all = [rooms[0].clone(), rooms[2].clone(), rooms[1].clone()];
    assert_eq!(ids("").await, all);
    assert_eq!(ids("?limit=2").await, all[..2]);
    assert_eq!(ids(&format!("?limit=2&before={}", all[0])).await, all[1..]);
    assert_eq!(ids(&format!("?before={}", all[2])).await, all[3..]);
    for query in ["limit=0", "limit=201", "before=x"] {
        bench.get(&format!("/v2/chats/rooms/shop/shop?{query}"), &token).await.fails(400, "1000");
    }
    bench.get(&format!("/v2/chats/rooms/shop/shop?before={NO_ROOM}"), &token).await.fails(404, "1004");
    bench.get("/v2/chats/rooms/admin/shop", &token).await.fails(400, "1000");
    bench.get("/v2/chats/rooms/user/nobody", &token).await.fails(404, "1005");
}

#[tokio::test]
async fn a_room_is_nobody_else_s() {
    let bench = Bench::new().await;
    let (own, other) = (bench.partner("own").await, bench.partner("other").await);
    let room = bench.room(&own, "shop", "ann").await;
    for (room, status, code) in [(room.as_str(), 403, "4003"), (NO_ROOM, 404, "1004"), ("x", 400, "1000")] {
        bench.get(&format!("/v2/chats/room/{room}"), &other).await.fails(status, code);
        bench.get(&format!("/v2/chats/messages/{room}"), &other).await.fails(status, code);
        for path in ["/v2/chats/send", "/v2/chats/reply"] {
            bench.post(path, &other, message(room, ("shop", "shop"), "x")).await.fails(status, code);
        }
        let body = json!({ "room_id": room, "type": "shop" });
        bench.post("/v2/chats/mark-read", &other, body).await.fails(status, code);
    }
    bench.get("/v2/chats/rooms/shop/shop", &other).await.fails(404, "1005");
}

#[tokio::test]
async fn a_message_has_bounds_and_a_sender_of_the_room() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let room = bench.room(&token, "shop", "ann").await;
    let good = message(&room, ("shop", "shop"), "hello");
    for (field, value) in [
        ("message", json!("")),
        ("message", json!("ü".repeat(5_001))),
        ("message", Value::Null),
        ("type", json!("video")),
        ("sender_by", json!("admin")),
        ("sender_name", json!("")),
        ("sender_id", json!("x".repeat(129))),
        ("client_id", json!("x".repeat(65))),
        ("room_id", json!("nonsense")),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = bench.post("/v2/chats/send", &token, body).await;
        answer.fails(400, "1000");
        assert!(answer.text("/message").contains(field), "{}", answer.json);
    }
    for sender in [("shop", "other"), ("user", "shop"), ("user", "bob")] {
        bench.post("/v2/chats/send", &token, message(&room, sender, "x")).await.fails(403, "4003");
    }
    let long = bench.post("/v2/chats/reply", &token, message(&room, ("user", "ann"), &"ü".repeat(5_000))).await;
    assert_eq!(long.status, 201);
}

#[tokio::test]
async fn a_repeat_sends_nothing() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let room = bench.room(&token, "shop", "ann").await;
    let mut body = message(&room, ("shop", "shop"), "hello");
    body["client_id"] = json!("c-1");
    let first = bench.post("/v2/chats/send", &token, body.clone()).await;
    let again = bench.post("/v2/chats/reply", &token, body).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.data(), again.data());
    let body = message(&room, ("shop", "shop"), "by key");
    let keyed = |body: &Value| {
        post("/v2/chats/send", &token).header("idempotency-key", "k-1").body(Body::from(body.to_string())).unwrap()
    };
    let first = bench.send(keyed(&body)).await;
    let again = bench.send(keyed(&body)).await;
    assert_eq!((first.code(), first.data()), (again.code(), again.data()));
    bench.send(keyed(&message(&room, ("shop", "shop"), "something else"))).await.fails(422, "1000");
    assert_eq!(seqs(bench.get(&format!("/v2/chats/messages/{room}"), &token).await.data()), [1, 2]);
}

#[tokio::test]
async fn a_broadcast_reaches_every_room_of_the_shop_once() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let body = json!({ "shop_id": "shop", "message": "sale" });
    bench.post("/v2/chats/broadcast", &token, body.clone()).await.fails(404, "1005");
    let named = json!({ "shop_id": "shop", "user_id": "ann", "shop_name": "My Shop" });
    let ann = bench.post("/v2/chats/rooms", &token, named).await.text("/data/_id");
    let bob = bench.room(&token, "shop", "bob").await;
    let elsewhere = bench.room(&token, "other", "ann").await;
    let keyed = || {
        post("/v2/chats/broadcast", &token).header("idempotency-key", "k").body(Body::from(body.to_string())).unwrap()
    };
    let sent = bench.send(keyed()).await;
    assert_eq!(sent.code(), (200, "0000".to_owned()));
    assert_eq!(sent.text("/message"), "Broadcast sent to 2 chatrooms");
    assert_eq!(sent.data()["broadcast_count"], 2);
    assert_eq!(bench.send(keyed()).await.data(), sent.data());
    for (room, name) in [(&ann, "My Shop"), (&bob, "shop")] {
        let message = bench.get(&format!("/v2/chats/messages/{room}"), &token).await;
        assert_eq!(message.data().as_array().unwrap().len(), 1);
        assert_eq!(message.data()[0]["sender_name"], name);
        let told = sent.data()["messages"].as_array().unwrap().iter().find(|told| told["room_id"] == **room).unwrap();
        assert_eq!((&told["message_id"], &told["sender_name"]), (&message.data()[0]["_id"], &json!(name)));
        assert_eq!(bench.get(&format!("/v2/chats/room/{room}"), &token).await.data()["user_unread"], 1);
    }
    assert_eq!(*bench.get(&format!("/v2/chats/messages/{elsewhere}"), &token).await.data(), json!([]));
}

#[tokio::test]
async fn what_other_apis_say_is_shown_and_the_other_way_round() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let room = bench.room(&token, "shop", "ann").await;
    let (tenant, id) = (TenantId::new("openchat.partner"), EntityId::parse_hex(&room).unwrap());
    let picture = Attachment {
        kind: AttachmentType::Image,
        url: "https://cdn.example/p.png".to_owned(),
        name: "p.png".to_owned(),
        size: None,
        mime_type: None,
        extra: serde_json::Map::new(),
    };
    let new = NewMessage { attachments: vec![picture], ..NewMessage::default() };
    bench.chat.send(&tenant, "user:ann", id, new).await.unwrap();
    let mut body = message(&room, ("shop", "shop"), "https://cdn.example/f/q.pdf");
    body["type"] = json!("file");
    bench.post("/v2/chats/send", &token, body).await;
    let listed = bench.get(&format!("/v2/chats/messages/{room}"), &token).await;
    let shown = |at: usize| (listed.data()[at]["type"].clone(), listed.data()[at]["message"].clone());
    assert_eq!(shown(0), (json!("image"), json!("https://cdn.example/p.png")));
    assert_eq!(shown(1), (json!("file"), json!("https://cdn.example/f/q.pdf")));
    let page = bench.chat.messages(&tenant, "user:ann", id, Cursor::Newest, 1).await.unwrap();
    let Some(Entry::Message(message)) = page.entries.first() else { panic!("no message") };
    assert_eq!((message.attachments[0].kind, message.attachments[0].name.as_str()), (AttachmentType::File, "q.pdf"));
}

#[tokio::test]
async fn a_file_is_taken_for_a_message() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let form = |name: &str, content: &str| {
        let body = format!(
            "--b\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.txt\"\r\n\r\n{content}\r\n--b--\r\n"
        );
        let request = axum::http::Request::post("/v2/chats/files").header("authorization", &token);
        request.header("content-type", "multipart/form-data; boundary=b").body(Body::from(body)).unwrap()
    };
    let taken = bench.send(form("file", "hello")).await;
    assert_eq!(taken.code(), (201, "0000".to_owned()));
    assert_eq!((&taken.data()["name"], &taken.data()["size"]), (&json!("a.txt"), &json!(5)));
    assert!(taken.text("/data/url").starts_with("http://chat.example/files/"));
    assert!(taken.text("/data/mime_type").starts_with("text/plain"));
    bench.send(form("other", "hello")).await.fails(400, "1000");
    bench.send(form("file", &"x".repeat(1_001))).await.fails(413, "1000");
    bench.post("/v2/chats/files", &token, json!({})).await.fails(415, "1000");
}
