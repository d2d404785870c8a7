//! Registering, tokens, webhooks.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use axum::body::Body;
use serde_json::json;
use support::{Bench, post};

#[tokio::test]
async fn a_partner_registers_and_is_known_by_its_token() {
    let bench = Bench::new().await;
    let body = json!({ "username": "Partner_Shop", "email": "Owner@Example.com" });
    let answer = bench.post("/v2/auth/register", "", body).await;
    assert_eq!(answer.code(), (201, "0000".to_owned()));
    let token = answer.text("/data/access_token");
    assert!(token.len() == 100 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    for value in [token.clone(), format!("Bearer {token}")] {
        let me = bench.get("/v2/auth/me", &value).await;
        assert_eq!(me.code(), (200, "0000".to_owned()));
        assert_eq!(me.data()["username"], "Partner_Shop");
        assert_eq!(me.data()["email"], "Owner@Example.com");
        assert_eq!(me.data()["created_at"], answer.data()["created_at"]);
        assert!(me.data().get("access_token").is_none());
    }
    assert!(bench.tenants.get("openchat.partner_shop").is_some());
}

#[tokio::test]
async fn names_and_addresses_are_unique_in_any_letter_case() {
    let bench = Bench::new().await;
    bench.partner("first").await;
    for (username, email) in [("FIRST", "other@example.com"), ("second", "FIRST@Example.COM")] {
        let body = json!({ "username": username, "email": email });
        bench.post("/v2/auth/register", "", body).await.fails(409, "1006");
    }
    // A name that failed by its address is still free.
    bench.partner("second").await;
}

#[tokio::test]
async fn of_two_at_the_same_time_one_registers() {
    let bench = Bench::new().await;
    let body = |username: &str, email: &str| json!({ "username": username, "email": email });
    let (one, other) = tokio::join!(
        bench.post("/v2/auth/register", "", body("same", "a@example.com")),
        bench.post("/v2/auth/register", "", body("Same", "b@example.com")),
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    // Whoever has lost can have another name with the same address at once.
    let email = if one.status == 409 { "a@example.com" } else { "b@example.com" };
    assert_eq!(bench.post("/v2/auth/register", "", body("another", email)).await.status, 201);
}

#[tokio::test]
async fn what_cannot_be_registered_is_named() {
    let bench = Bench::new().await;
    for (body, field) in [
        (json!({}), "username"),
        (json!({ "username": "abc" }), "email"),
        (json!({ "username": "ab", "email": "a@b.co" }), "username"),
        (json!({ "username": "a b c", "email": "a@b.co" }), "username"),
        (json!({ "username": "x".repeat(51), "email": "a@b.co" }), "username"),
        (json!({ "username": 5, "email": "a@b.co" }), "username"),
        (json!({ "username": "abc", "email": "nonsense" }), "email"),
    ] {
        let answer = bench.post("/v2/auth/register", "", body).await;
        answer.fails(400, "1000");
        assert!(answer.text("/message").contains(field), "{}", answer.json);
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_a_good_token() {
    let bench = Bench::new().await;
    for token in ["", "nonsense", &"a".repeat(100), &"ü".repeat(50)] {
        bench.get("/v2/auth/me", token).await.fails(401, "4001");
        bench.post("/v2/chats/send", token, json!({})).await.fails(401, "4001");
    }
}

#[tokio::test]
async fn registrations_are_counted_by_address() {
    let config = r#"
        [[tenants]]
        id = "demo"
        [plugins.openchat]
        registrations_per_minute = 2
    "#;
    let bench = Bench::with(config).await;
    let body = json!({ "username": "a", "email": "a" });
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(bench.post("/v2/auth/register", "", body.clone()).await);
    }
    let last = answers.iter().find(|answer| answer.status == 429).unwrap();
    last.fails(429, "1000");
    assert!(last.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_replaced_token_is_good_for_a_minute() {
    let bench = Bench::new().await;
    let first = bench.partner("partner").await;
    let answer = bench.post("/v2/auth/rotate", &first, json!({})).await;
    assert_eq!(answer.code(), (200, "0000".to_owned()));
    let second = answer.text("/data/access_token");
    assert_ne!(first, second);
    for token in [&first, &second] {
        assert_eq!(bench.get("/v2/auth/me", token).await.status, 200);
    }
    bench.pass(59_000);
    assert_eq!(bench.get("/v2/auth/me", &first).await.status, 200);
    bench.pass(2_000);
    bench.get("/v2/auth/me", &first).await.fails(401, "4001");
    assert_eq!(bench.get("/v2/auth/me", &second).await.status, 200);
}

#[tokio::test]
async fn tokens_are_stored_as_hashes_only() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    for partition in (0..=255u8).map(|prefix| format!("{prefix:02x}")) {
        let node = natter_core::TenantId::new("@node");
        let rows = bench.store.scan_rows(&node, "openchat_tokens", &partition, None, 10, 1 << 20).await.unwrap();
        for (hash, row) in rows {
            assert!(hash.len() == 64 && !String::from_utf8_lossy(&row.value).contains(&token));
        }
    }
}

#[tokio::test]
async fn a_scoped_token_acts_for_its_side_only_and_ends() {
    let bench = Bench::new().await;
    let partner = bench.partner("partner").await;
    let own = bench.room(&partner, "shop", "ann").await;
    let other = bench.room(&partner, "shop", "bob").await;
    let body = json!({ "by": "user", "id": "ann", "expires_in": 60 });
    let answer = bench.post("/v2/auth/socket-token", &partner, body.clone()).await;
    assert_eq!(answer.code(), (201, "0000".to_owned()));
    let ann = answer.text("/data/token");
    for path in ["/v2/chats/rooms/user/ann".to_owned(), format!("/v2/chats/room/{own}")] {
        assert_eq!(bench.get(&path, &ann).await.status, 200, "{path}");
    }
    bench.say(&ann, &own, ("user", "ann"), "hello").await;
    for path in ["/v2/chats/rooms/shop/shop", "/v2/chats/rooms/user/bob", "/v2/auth/me"] {
        bench.get(path, &ann).await.fails(403, "4003");
    }
    bench.get(&format!("/v2/chats/messages/{other}"), &ann).await.fails(403, "4003");
    let refused = [
        ("/v2/auth/socket-token", body),
        ("/v2/auth/rotate", json!({})),
        ("/v2/auth/webhook", json!({ "webhook_url": "" })),
        ("/v2/chats/rooms", json!({ "shop_id": "shop", "user_id": "bob" })),
        ("/v2/chats/send", support::message(&own, ("shop", "shop"), "I am the shop")),
        ("/v2/chats/send", support::message(&other, ("user", "bob"), "I am Bob")),
        ("/v2/chats/mark-read", json!({ "room_id": own, "type": "shop" })),
        ("/v2/chats/broadcast", json!({ "shop_id": "shop", "message": "hello" })),
        ("/v2/notify/all", json!({ "event": "e", "data": {} })),
    ];
    for (path, body) in refused {
        bench.post(path, &ann, body).await.fails(403, "4003");
    }
    let opened = bench.post("/v2/chats/rooms", &ann, json!({ "shop_id": "new", "user_id": "ann" })).await;
    assert_eq!(opened.status, 201);
    bench.pass(61_000);
    bench.get("/v2/chats/rooms/user/ann", &ann).await.fails(401, "4001");
}

#[tokio::test]
async fn a_side_does_not_name_the_other_one() {
    let bench = Bench::new().await;
    let partner = bench.partner("partner").await;
    let names = json!({ "shop_id": "shop", "user_id": "ann", "shop_name": "Shop", "user_name": "Ann" });
    bench.post("/v2/chats/rooms", &partner, names).await;
    let body = json!({ "by": "user", "id": "ann" });
    let ann = bench.post("/v2/auth/socket-token", &partner, body).await.text("/data/token");
    let names = json!({ "shop_id": "shop", "user_id": "ann", "shop_name": "Evil", "user_name": "Anna" });
    let room = bench.post("/v2/chats/rooms", &ann, names).await;
    assert_eq!((room.text("/data/shop_name"), room.text("/data/user_name")), ("Shop".to_owned(), "Anna".to_owned()));
}

#[tokio::test]
async fn socket_tokens_have_bounds() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    for body in [
        json!({ "by": "admin", "id": "a" }),
        json!({ "by": "user", "id": "" }),
        json!({ "by": "user", "id": "a", "expires_in": 0 }),
        json!({ "by": "user", "id": "a", "expires_in": 2_592_001 }),
        json!({ "by": "user", "id": "a", "expires_in": -1 }),
    ] {
        bench.post("/v2/auth/socket-token", &token, body).await.fails(400, "1000");
    }
}

#[tokio::test]
async fn a_webhook_is_set_checked_and_removed() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    bench.post("/v2/auth/webhook/test", &token, json!({})).await.fails(404, "1004");
    for url in
        ["http://example.com/", "nonsense", "https://", "ftp://a.example/", "https://10.0.0.1/", "https://[::1]/"]
    {
        let answer = bench.post("/v2/auth/webhook", &token, json!({ "webhook_url": url })).await;
        answer.fails(400, "1000");
        assert!(answer.text("/message").contains("webhook_url"), "{}", answer.json);
    }
    let url = "https://127.0.0.1:9/hook";
    let set = bench.post("/v2/auth/webhook", &token, json!({ "webhook_url": url })).await;
    assert_eq!((set.code(), set.text("/data/webhook_url")), ((200, "0000".to_owned()), url.to_owned()));
    let again = bench.post("/v2/auth/webhook", &token, json!({ "webhook_url": format!("{url}2") })).await;
    assert_eq!(again.text("/data/webhook_secret"), set.text("/data/webhook_secret"));
    assert!(set.text("/data/webhook_secret").len() >= 32);
    let me = bench.get("/v2/auth/me", &token).await;
    assert_eq!(me.text("/data/webhook_url"), format!("{url}2"));
    assert!(!me.json.to_string().contains(&set.text("/data/webhook_secret")));
    bench.post("/v2/auth/webhook", &token, json!({ "webhook_url": "" })).await;
    assert!(bench.get("/v2/auth/me", &token).await.data()["webhook_url"].is_null());
}

#[tokio::test]
async fn a_partner_speaks_for_itself_only() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let room = bench.room(&token, "shop", "ann").await;
    let mut send = support::message(&room, ("shop", "shop"), "hello");
    send["username"] = json!("somebody");
    for (path, body) in [
        ("/v2/chats/send", send.clone()),
        ("/v2/chats/rooms", json!({ "shop_id": "s", "user_id": "u", "username": "somebody" })),
        ("/v2/chats/mark-read", json!({ "room_id": room, "type": "shop", "username": "somebody" })),
        ("/v2/notify/all", json!({ "event": "e", "data": {}, "username": "somebody" })),
        ("/v2/auth/webhook", json!({ "webhook_url": "", "username": "somebody" })),
        ("/v2/auth/rotate", json!({ "username": "somebody" })),
    ] {
        bench.post(path, &token, body).await.fails(400, "4000");
    }
    send["username"] = json!("PARTNER");
    assert_eq!(bench.post("/v2/chats/send", &token, send).await.status, 201);
}

#[tokio::test]
async fn a_secret_is_never_given_out_twice_by_a_key() {
    let bench = Bench::new().await;
    let token = bench.partner("partner").await;
    let body = json!({ "by": "user", "id": "a" }).to_string();
    let ask = || post("/v2/auth/socket-token", &token).header("idempotency-key", "k").body(Body::from(body.clone()));
    let one = bench.send(ask().unwrap()).await.text("/data/token");
    assert_ne!(bench.send(ask().unwrap()).await.text("/data/token"), one);
}
