//! Keys, tokens and addresses.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::ConnectInfo;
use natter_node::auth::sign_hs256;

use super::*;
use crate::testing::token;

fn me(key: &str, authorization: &str) -> Request {
    let request = Request::get("/me").header("x-api-key", key).header("authorization", authorization);
    request.body(Body::empty()).unwrap()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn a_key_and_a_token_of_its_tenant_are_let_in() {
    let app = app(&Bench::new());
    for claims in [json!({ "sub": "ada" }), json!({ "sub": "ada", "aud": "demo", "exp": now() + 60 })] {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let answer = send(&app, me("demo-api-key", &format!("{scheme} {}", token(&claims)))).await;
            assert_eq!(answer.json(), json!(["demo", "ada", "0.0.0.0"]), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn everybody_else_is_told_what_is_missing() {
    let app = app(&Bench::new());
    let good = format!("Bearer {}", token(&json!({ "sub": "ada" })));
    let forged = sign_hs256(&json!({ "sub": "ada" }), "another-secret-another-secret-another").unwrap();
    let of_other = sign_hs256(&json!({ "sub": "ada", "aud": "other" }), "other-secret-other-secret-other-secret");
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.";
    for (key, authorization, message) in [
        ("", good.clone(), "An API key is required"),
        ("wrong", good.clone(), "Invalid API key"),
        ("demo-api-key", String::new(), "A token is required"),
        ("demo-api-key", "Basic YTpi".to_owned(), "A token is required"),
        ("demo-api-key", "Bearer ".to_owned(), "A token is required"),
        ("demo-api-key", "Bearer nonsense".to_owned(), "Invalid token"),
        ("demo-api-key", format!("Bearer {none}"), "Invalid token"),
        ("demo-api-key", format!("Bearer {forged}"), "Invalid token"),
        ("demo-api-key", format!("Bearer {}", of_other.unwrap()), "Invalid token"),
        ("other-api-key", good, "Invalid token"),
        ("demo-api-key", format!("Bearer {}", token(&json!({ "sub": "" }))), "Invalid token"),
        ("demo-api-key", format!("Bearer {}", token(&json!({ "sub": "ada", "aud": "nobody" }))), "Invalid token"),
        ("demo-api-key", format!("Bearer {}", token(&json!({ "sub": "ada", "exp": 1 }))), "The token has expired"),
    ] {
        let answer = send(&app, me(key, &authorization)).await;
        assert_eq!(error(&answer), (401, message.into()), "{key} {authorization}");
    }
}

#[tokio::test]
async fn only_trusted_proxies_say_who_the_client_is() {
    let app = app(&Bench::new());
    let authorization = format!("Bearer {}", token(&json!({ "sub": "ada" })));
    for (peer, forwarded, client) in [
        ("192.0.2.1:1", &["198.51.100.7"][..], "192.0.2.1"),
        ("10.0.0.1:1", &[], "10.0.0.1"),
        ("10.0.0.1:1", &["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1:1", &["1.1.1.1, 198.51.100.7, 10.2.3.4"], "198.51.100.7"),
        ("10.0.0.1:1", &["1.1.1.1", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1:1", &["nonsense"], "10.0.0.1"),
        ("10.0.0.1:1", &["1.1.1.1, nonsense, 10.2.3.4"], "10.2.3.4"),
        ("10.0.0.1:1", &["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.1:1", &["[2001:db8::1]:4711"], "2001:db8::1"),
        ("[::ffff:10.0.0.1]:1", &["::ffff:198.51.100.7"], "198.51.100.7"),
    ] {
        let mut request = me("demo-api-key", &authorization);
        for line in forwarded {
            request.headers_mut().append("x-forwarded-for", line.parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        assert_eq!(send(&app, request).await.json()[2], client, "{peer} {forwarded:?}");
    }
}
