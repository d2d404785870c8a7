//! The routes of the document, and what surrounds them.

mod auth;
mod conversations;
mod messages;
mod passwords;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use natter_rest::RestPlugin;
use serde_json::json;

use crate::testing::Bench;

/// The document's routes, and behind them those that are ours.
const ROUTES: &str = "
POST /api/v1/auth/login
POST /api/v1/auth/register
POST /api/v1/auth/logout
POST /api/v1/auth/refreshtoken
POST /api/v1/conversation
GET /api/v1/conversation
POST /api/v1/message
GET /api/v1/message/{conversationId}
GET /api/v1/user/getme
GET /api/v1/user
POST /api/v1/auth/password
POST /api/v1/auth/forgot
POST /api/v1/auth/reset
PUT /api/v1/message/{conversationId}
DELETE /api/v1/message/{conversationId}
";

/// Those that need no token.
const PUBLIC: [&str; 5] = ["login", "register", "refreshtoken", "forgot", "reset"];

fn is_public(path: &str) -> bool {
    path.strip_prefix("/api/v1/auth/").is_some_and(|name| PUBLIC.contains(&name))
}

#[tokio::test]
async fn every_route_of_the_document_is_there_and_no_other() {
    let bench = Bench::start().await;
    let document = bench.plugin.document().json();
    let (mut found, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(_, each)| each.get("responses").is_some())
        {
            found.insert(format!("{} {path}", method.to_uppercase()));
            assert!(names.insert(operation["operationId"].to_string()), "{method} {path}");
            assert_eq!(operation.get("security").is_none(), is_public(path), "{method} {path}");
        }
    }
    let wanted: BTreeSet<String> = ROUTES.trim().lines().map(str::to_owned).collect();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn schemas_bear_the_plugin_s_name_and_every_reference_leads_somewhere() {
    let bench = Bench::start().await;
    let document = bench.plugin.document();
    let schemas = document.json()["components"]["schemas"].as_object().unwrap();
    assert!(schemas.keys().all(|name| name.starts_with("chatify_")), "{:?}", schemas.keys());
    assert_eq!(document.dangling_references(), Vec::<String>::new());
}

#[tokio::test]
async fn every_route_answers_and_asks_for_a_token() {
    let bench = Bench::start().await;
    for route in ROUTES.trim().lines() {
        let (method, path) = route.split_once(' ').unwrap();
        let answer = bench.call(method, &path.replace(['{', '}'], "x"), "", Some(json!({}))).await;
        answer.fails(if is_public(path) { 400 } else { 401 });
    }
}

#[tokio::test]
async fn what_does_not_fit_a_route_has_the_document_s_shape() {
    let bench = Bench::start().await;
    let ada = bench.person("Ada").await;
    bench.get("/api/v1/nothing", &ada.token).await.fails(404);
    let wrong_method = bench.get("/api/v1/auth/login", "").await;
    wrong_method.fails(405);
    assert_eq!(wrong_method.headers["allow"], "POST");
    let post = |content_type: &str, body: &str| {
        let request = Request::post("/api/v1/message").header("authorization", format!("Bearer {}", ada.token));
        request.header("content-type", content_type).body(Body::from(body.to_owned())).unwrap()
    };
    bench.send(post("text/plain", "x")).await.fails(415);
    bench.send(post("application/json", "{")).await.fails(400);
    bench.send(post("application/json", "[]")).await.fails(400);
    bench.send(post("application/json", &format!("\"{}\"", "x".repeat(2 * 1024 * 1024)))).await.fails(413);
    for token in ["x", "a.b.c", &ada.refresh] {
        bench.get("/api/v1/user/getme", token).await.fails(401);
    }
}
