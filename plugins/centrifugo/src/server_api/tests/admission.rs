//! What is let in: paths, HTTP methods, keys and bodies.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use super::{Api, PREFIX};

async fn status_of(api: &Api, request: axum::http::request::Builder) -> StatusCode {
    let reply = api.send(request.body(Body::from("{}")).unwrap()).await;
    if reply.status == StatusCode::UNAUTHORIZED {
        assert_eq!(reply.text, "");
    }
    reply.status
}

fn info() -> axum::http::request::Builder {
    Request::post(format!("{PREFIX}/info"))
}

#[tokio::test]
async fn key_is_found_wherever_sdks_put_it() {
    let api = Api::start();
    assert_eq!(status_of(&api, info().header("X-API-Key", "demo-key")).await, StatusCode::OK);
    assert_eq!(status_of(&api, info().header("Authorization", "apikey demo-key")).await, StatusCode::OK);
    assert_eq!(status_of(&api, info().header("Authorization", "ApiKey other-key")).await, StatusCode::OK);
    assert_eq!(status_of(&api, Request::post("/api/info?api_key=demo%2Dkey")).await, StatusCode::OK);
    let one_is_good = info().header("X-API-Key", "wrong").header("Authorization", "apikey demo-key");
    assert_eq!(status_of(&api, one_is_good).await, StatusCode::OK);
}

#[tokio::test]
async fn request_without_a_good_key_is_refused() {
    let api = Api::start();
    let refused = [
        info(),
        info().header("X-API-Key", ""),
        info().header("X-API-Key", "demo-key2"),
        info().header("Authorization", "Bearer demo-key"),
        info().header("Authorization", "demo-key"),
        Request::post("/api/info?api_key="),
        Request::post("/api"),
    ];
    for request in refused {
        assert_eq!(status_of(&api, request).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn insecure_mode_serves_the_plugins_tenant() {
    let api = Api::with(|config| config.plugins.centrifugo.http_api.insecure = true);
    assert_eq!(status_of(&api, info()).await, StatusCode::OK);
    assert_eq!(status_of(&api, info().header("X-API-Key", "wrong")).await, StatusCode::OK);
    let publish = Request::post("/api/publish").body(Body::from(r#"{"channel":"a","data":1}"#)).unwrap();
    assert_eq!(api.send(publish).await.status, StatusCode::OK);
    let history = |page: serde_json::Value| page["result"]["offset"].clone();
    assert_eq!(history(api.call("history", json!({"channel": "a"})).await), 1);
    assert_eq!(history(api.call_as_other("history", json!({"channel": "a"})).await), 0);
}

#[tokio::test]
async fn unknown_methods_are_not_found() {
    let api = Api::start();
    for method in ["nothing", "connections", "publish/", "Publish", ""] {
        let reply = api.post(&format!("/{method}"), &[], "{}").await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{method}");
    }
}

#[tokio::test]
async fn only_post_is_allowed() {
    let api = Api::start();
    for path in ["/api", "/api/info"] {
        for method in ["GET", "PUT", "OPTIONS", "BREW"] {
            let request = Request::builder().method(method).uri(path).header("x-api-key", "demo-key");
            let reply = api.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(reply.headers["allow"], "POST");
        }
    }
}

#[tokio::test]
async fn disabled_api_is_not_there() {
    let api = Api::with(|config| config.plugins.centrifugo.http_api.disabled = true);
    assert_eq!(api.post("/info", &[], "{}").await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.post("", &[], "{}").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn undecodable_bodies_are_refused_as_text() {
    let api = Api::start();
    let bodies: [&[u8]; 7] = [
        b"",
        b"{",
        b"[]",
        b"{} x",
        b"{\"channel\":1}",
        b"{\"channel\":\"a\",\"tags\":{\"a\":1}}",
        b"{\"channel\":\"\xff\"}",
    ];
    for body in bodies {
        let reply = api.post("/publish", &[], body.to_vec()).await;
        assert_eq!((reply.status, reply.text.as_str()), (StatusCode::BAD_REQUEST, "Bad Request"), "{body:?}");
        assert!(reply.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    }
}

#[tokio::test]
async fn body_is_bounded() {
    let api = Api::with(|config| config.limits.api_body_bytes_max = 64);
    let body = |bytes: usize| format!("{:<bytes$}", r#"{"channel":"a","data":1}"#);
    assert_eq!(api.post("/publish", &[], body(64)).await.status, StatusCode::OK);
    assert_eq!(api.post("/publish", &[], body(65)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(api.post("", &[], body(65)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn content_type_does_not_matter() {
    let api = Api::start();
    let reply = api.post("/publish", &[("content-type", "text/html")], r#"{"channel":"a","data":1}"#).await;
    assert_eq!(reply.status, StatusCode::OK);
}
