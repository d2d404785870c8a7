//! The documents and the page, as they are served.

use axum::http::Request;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::*;
use crate::testing::{get as ask, send};

#[utoipa::path(get, path = "/x/things", responses((status = 200, description = "all of them")))]
async fn things() {}

#[utoipa::path(get, path = "/y/things", responses((status = 200, description = "all of them")))]
async fn others() {}

fn app() -> Router {
    let (_, x) = ApiDocument::describe("x", "X", "about x", OpenApiRouter::<()>::new().routes(routes!(things)));
    let (_, y) = ApiDocument::describe("y", "Y", "about y", OpenApiRouter::<()>::new().routes(routes!(others)));
    let events = ["x", "y"].map(|plugin| EventsDocument::new(plugin, "").sends::<String>("/", "said", "It was said."));
    router(&[x, y], &events, "http://chat.example")
}

#[tokio::test]
async fn there_is_one_document_of_all_and_one_of_each() {
    let app = app();
    let all = send(&app, ask("/openapi.json")).await;
    assert_eq!(all.header("content-type"), "application/json");
    assert_eq!(all.json()["servers"][0]["url"], "http://chat.example");
    let paths = |json: serde_json::Value| json["paths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(all.json()), ["/x/things", "/y/things"]);
    assert_eq!(paths(send(&app, ask("/openapi/y.json")).await.json()), ["/y/things"]);
    let channels = |json: serde_json::Value| json["channels"].as_object().map(|channels| channels.len());
    assert_eq!(channels(send(&app, ask("/asyncapi.json")).await.json()), Some(2));
    assert_eq!(channels(send(&app, ask("/asyncapi/y.json")).await.json()), Some(1));
    for path in
        ["/asyncapi/z.json", "/asyncapi", "/openapi/z.json", "/openapi/y", "/openapi", "/docs/", "/docs/page.mjs"]
    {
        assert_eq!(send(&app, ask(path)).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let post = Request::post("/docs").body(axum::body::Body::empty()).unwrap();
    assert_eq!(send(&app, post).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_page_is_all_ours() {
    let app = app();
    let page = send(&app, ask("/docs")).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for (path, content_type) in
        [("/docs", "text/html"), ("/docs/page.js", "text/javascript"), ("/docs/page.css", "text/css")]
    {
        let part = send(&app, ask(path)).await;
        assert!(part.header("content-type").starts_with(content_type));
        assert_eq!(part.header("x-content-type-options"), "nosniff");
        assert!(!part.body.contains("http://") && !part.body.contains("https://"), "{path} names another server");
        assert!(!part.body.contains("innerHTML"), "{path} makes markup of text");
    }
    assert!(!page.body.contains("<style") && page.body.matches("<script").count() == 1);
}

#[test]
fn the_mounts_are_the_documents_and_the_page() {
    let prefixes: Vec<_> = docs_mounts(&[], &[], "").iter().map(|mount| mount.prefix).collect();
    assert_eq!(prefixes, ["/openapi.json", "/openapi", "/asyncapi.json", "/asyncapi", "/docs"]);
}
