//! Who answers which path.

use axum::body::to_bytes;
use axum::routing::get;

use super::*;

/// A mount whose router answers every path with its prefix.
fn mount(prefix: &'static str) -> Mount {
    Mount { prefix, router: Router::new().fallback(move || async move { prefix }) }
}

async fn answer(table: &RouteTable, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = table.answer(request).await;
    let status = response.status();
    let body = to_bytes(response.into_body(), 1024).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn owner(table: &RouteTable, path: &str) -> String {
    answer(table, path).await.1
}

#[tokio::test]
async fn the_longest_prefix_answers() {
    let table = RouteTable::new(["/api", "/api/v1", "/chats", "/chats/*/users", "/chats/*/share"].map(mount));
    for (path, expected) in [
        ("/api", "/api"),
        ("/api/", "/api"),
        ("/api/channels/7", "/api"),
        ("/api/v1", "/api/v1"),
        ("/api/v1/users", "/api/v1"),
        ("/api/v10", "/api"),
        ("/chats", "/chats"),
        ("/chats/7", "/chats"),
        ("/chats/7/users", "/chats/*/users"),
        ("/chats/7/users/get-token", "/chats/*/users"),
        ("/chats/7/share?x=/chats/7/users", "/chats/*/share"),
        ("/chats//users", "/chats"),
    ] {
        assert_eq!(owner(&table, path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_literal_segment_wins_over_a_wildcard() {
    let table = RouteTable::new(["/a/*/c", "/a/b/c", "/*/b/c"].map(mount));
    assert_eq!(owner(&table, "/a/b/c/d").await, "/a/b/c");
    assert_eq!(owner(&table, "/a/x/c").await, "/a/*/c");
    assert_eq!(owner(&table, "/x/b/c").await, "/*/b/c");
}

#[tokio::test]
async fn prefixes_are_segments_not_letters() {
    let table = RouteTable::new([mount("/api")]);
    assert_eq!(answer(&table, "/apiary").await, (StatusCode::NOT_FOUND, r#"{"error":"not found"}"#.to_owned()));
    assert_eq!(answer(&table, "/").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_empty_prefix_takes_what_is_left() {
    let table = RouteTable::new([mount(""), mount("/api")]);
    assert_eq!(owner(&table, "/").await, "");
    assert_eq!(owner(&table, "/elsewhere").await, "");
    assert_eq!(owner(&table, "/api/x").await, "/api");
}

#[tokio::test]
async fn a_wrong_method_is_the_plugin_s_own_matter() {
    let router = Router::new().route("/api/x", get(|| async { "got" }));
    let table = RouteTable::new([Mount { prefix: "/api", router }]);
    let request = Request::post("/api/x").body(Body::empty()).unwrap();
    assert_eq!(table.answer(request).await.status(), StatusCode::METHOD_NOT_ALLOWED);
}
