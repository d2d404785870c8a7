//! What is around the routes: their list, where they are mounted, and who is let in.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use support::{ADA, Bench};

/// The document's routes, and those that are ours.
const ROUTES: [(&str, &str); 30] = [
    ("get", "/api/user"),
    ("get", "/api/chat-user"),
    ("get", "/api/companies"),
    ("post", "/api/companies"),
    ("get", "/api/companies/{company_id}"),
    ("put", "/api/companies/{company_id}"),
    ("delete", "/api/companies/{company_id}"),
    ("get", "/api/chats"),
    ("post", "/api/chats"),
    ("get", "/api/chats/{chat_id}"),
    ("put", "/api/chats/{chat_id}"),
    ("delete", "/api/chats/{chat_id}"),
    ("post", "/api/chats/{chat_id}/read"),
    ("post", "/api/chats/{chat_id}/share"),
    ("get", "/api/chats/{chat_id}/users"),
    ("post", "/api/chats/{chat_id}/users"),
    ("get", "/api/chats/{chat_id}/users/{user_id}"),
    ("put", "/api/chats/{chat_id}/users/{user_id}"),
    ("delete", "/api/chats/{chat_id}/users/{user_id}"),
    ("post", "/api/chats/{chat_id}/users/get-token"),
    ("post", "/api/chats/{chat_id}/users/send-code"),
    ("get", "/api/chats/{chat_id}/messages"),
    ("post", "/api/chats/{chat_id}/messages"),
    ("get", "/api/chats/{chat_id}/messages/{message_id}"),
    ("put", "/api/chats/{chat_id}/messages/{message_id}"),
    ("delete", "/api/chats/{chat_id}/messages/{message_id}"),
    ("post", "/chats/{chat_id}/share"),
    ("post", "/chats/{chat_id}/users/get-token"),
    ("post", "/chats/{chat_id}/users/send-code"),
    ("get", "/join/{chat_id}"),
];
/// The page is for people; programs are not told of it.
const PAGE: &str = "/join/{chat_id}";

fn is_public(path: &str) -> bool {
    path.ends_with("-token") || path.ends_with("-code")
}

#[tokio::test]
async fn the_description_has_the_document_s_routes_and_no_others() {
    let bench = Bench::new().await;
    let mut described = Vec::new();
    for (path, operations) in bench.document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert_eq!(operation.get("security").is_none(), is_public(path), "{method} {path}");
            described.push((method.as_str(), path.as_str()));
        }
    }
    described.sort_unstable();
    let mut expected: Vec<_> = ROUTES.into_iter().filter(|(_, path)| *path != PAGE).collect();
    expected.sort_unstable();
    assert_eq!(described, expected);
    assert_eq!(bench.dangling, Vec::<String>::new());
}

#[tokio::test]
async fn every_route_is_below_a_prefix_and_lets_nobody_in_without_a_token() {
    let bench = Bench::new().await;
    for (method, path) in ROUTES {
        let fits = |prefix: &&str| {
            let mut segments = path.split('/');
            prefix.split('/').all(|own| segments.next().is_some_and(|segment| own == "*" || own == segment))
        };
        assert!(bench.prefixes.iter().any(fits), "{path}");
        let (method, uri) = (method.to_uppercase(), path.replace(['{', '}'], "x"));
        let answer = bench.call(&method, &uri, "", Value::Null).await;
        let expected = if path == PAGE {
            404
        } else if is_public(path) {
            422
        } else {
            401
        };
        assert_eq!(answer.status.as_u16(), expected, "{method} {path}: {}", answer.json);
        let guessed = bench.call(&method, &uri, &"a".repeat(60), Value::Null).await;
        assert_eq!(guessed.status.as_u16(), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn errors_are_in_the_document_s_words() {
    let bench = Bench::new().await;
    let answer = bench.call("POST", "/api/companies", ADA, json!({ "name": 7, "website": [1] })).await;
    let expected = json!({
        "message": "The name must be a string.",
        "errors": {"name": ["The name must be a string."], "website": ["The website must be a string."]},
    });
    assert_eq!((answer.status.as_u16(), answer.json), (422, expected));
    let unknown = bench.call("GET", "/api/companies/x/y", ADA, Value::Null).await;
    assert_eq!((unknown.status.as_u16(), unknown.json), (404, json!({ "message": "Not found." })));
    let method = bench.call("PATCH", "/api/companies", ADA, Value::Null).await;
    assert_eq!(method.status.as_u16(), 405);
    assert!(!method.headers["allow"].is_empty());
    let large = json!({ "name": "x".repeat(2_000_000) });
    assert_eq!(bench.call("POST", "/api/companies", ADA, large).await.status.as_u16(), 413);
    let request = Request::post("/api/companies").header("authorization", format!("Bearer {ADA}"));
    let request = request.header("content-type", "application/json").body(Body::from("[]")).unwrap();
    assert_eq!(bench.send(request).await.status.as_u16(), 422);
}
