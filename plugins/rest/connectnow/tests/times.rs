//! What ends with time: codes, their limits, tokens.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{ADA, Bench};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::test]
async fn a_code_is_good_for_a_quarter_of_an_hour() {
    let bench = Bench::new().await;
    let chat = bench.new_chat().await;
    for (number, minutes, status) in [(1, 14, 200), (2, 16, 422)] {
        let email = format!("user{number}@example.com");
        bench.new_user(&chat, &email).await;
        let code = bench.code(number).await;
        bench.pass(MINUTE * minutes);
        let answer = bench.get_token(&chat, &email, &code).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.json);
    }
}

#[tokio::test]
async fn a_token_is_good_for_thirty_days() {
    let bench = Bench::new().await;
    let chat = bench.new_chat().await;
    bench.new_user(&chat, "ann@example.com").await;
    let code = bench.code(1).await;
    let token = bench.get_token(&chat, "ann@example.com", &code).await.text("/data/chat_user_token");
    bench.pass(DAY * 30 - MINUTE);
    assert_eq!(bench.call("GET", "/api/chat-user", &token, Value::Null).await.status.as_u16(), 200);
    bench.pass(MINUTE * 2);
    assert_eq!(bench.call("GET", "/api/chat-user", &token, Value::Null).await.status.as_u16(), 401);
}

#[tokio::test]
async fn codes_can_be_asked_for_again_after_an_hour() {
    let bench = Bench::new().await;
    let chat = bench.new_chat().await;
    bench.new_user(&chat, "ann@example.com").await;
    let path = format!("/api/chats/{chat}/users/send-code");
    for email in ["ann@example.com", "nobody@example.com"] {
        let ask = || bench.call("POST", &path, "", json!({ "email": email }));
        for _ in 0..5 {
            assert_eq!(ask().await.status.as_u16(), 202);
        }
        let refused = ask().await;
        assert_eq!((refused.status.as_u16(), refused.json), (429, json!({ "message": "Too Many Attempts." })));
        let retry_after: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((3_000..=3_600).contains(&retry_after), "{retry_after}");
        bench.pass(MINUTE * 60);
        assert_eq!(ask().await.status.as_u16(), 202);
    }
}

#[tokio::test]
async fn whoever_is_removed_and_comes_back_needs_a_new_token() {
    let bench = Bench::new().await;
    let chat = bench.new_chat().await;
    let user = bench.new_user(&chat, "ann@example.com").await;
    let code = bench.code(1).await;
    let token = bench.get_token(&chat, "ann@example.com", &code).await.text("/data/chat_user_token");
    let path = format!("/api/chats/{chat}/users/{user}");
    assert_eq!(bench.call("DELETE", &path, ADA, Value::Null).await.status.as_u16(), 204);
    let tenant = natter_core::TenantId::new("demo");
    let owner = bench.call("GET", "/api/user", ADA, Value::Null).await.text("/data/id");
    let id = natter_core::EntityId::parse_hex(&chat).unwrap();
    bench.chat.add_members(&tenant, &owner, id, &[user]).await.unwrap();
    assert_eq!(bench.call("GET", "/api/chat-user", &token, Value::Null).await.status.as_u16(), 401);
}
