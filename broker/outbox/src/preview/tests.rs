//! Pages from a server on the loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use super::*;
use crate::guard::{FetchError, GuardedClient, GuardedClientOptions};

const FULL: &str = r#"<!doctype html><html><head>
<meta charset="utf-8"><title>Plain &amp; simple</title>
<meta property="og:title" content="  The &quot;title&quot;
  of it ">
<meta property="og:description" content="What it is about">
<meta property="og:image" content="/images/a.png?x=1&amp;y=2">
<meta property="og:image" content="/images/second.png">
<meta property="og:site_name" content="A Site">
<meta property="og:type" content="article">
<meta name="twitter:title" content="not this one">
<meta name="author" content="Ada">
</head><body><meta property="og:locale" content="x"></body></html>"#;

fn html(body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, "text/html")], body.into()).into_response()
}

fn typed(content_type: &'static str, body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, content_type)], body.into()).into_response()
}

/// A page that begins well and never ends.
fn endless(head: &str, filler: &str) -> Response {
    use futures_util::StreamExt;
    let (head, filler) = (head.to_owned(), filler.repeat(1000));
    let parts =
        futures_util::stream::iter(0..).map(move |index| if index == 0 { head.clone() } else { filler.clone() });
    html(Body::from_stream(parts.map(Ok::<_, std::convert::Infallible>)))
}

async fn server() -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let app = Router::new()
        .route("/full", get(|| async { html(FULL) }))
        .route(
            "/counted",
            get(move || {
                counted.fetch_add(1, Ordering::Relaxed);
                async { html(FULL) }
            }),
        )
        .route("/moved/here", get(|| async { (StatusCode::FOUND, [(LOCATION, "/full")]) }))
        .route(
            "/twitter",
            get(|| async {
                html(
                    r#"<head><title>t</title><meta name="twitter:description" content="d">
                <meta name="twitter:image" content="//cdn.example/i.png"><meta name=description content=no></head>"#,
                )
            }),
        )
        .route("/plain", get(|| async { html("<title>Only &#116;itle</title><p>text <svg><title>no</title></svg>") }))
        .route("/body", get(|| async { html("<body><p><meta property=og:title content='late'></body>") }))
        .route("/latin1", get(|| async { typed("text/html; charset=\"ISO-8859-1\"", &b"<title>Caf\xe9</title>"[..]) }))
        .route("/sjis", get(|| async { html(&b"<meta charset=Shift_JIS><title>\x93\xfa\x96{</title>"[..]) }))
        .route(
            "/evil",
            get(|| async {
                html(r#"<title>x</title><meta property="og:image" content="http://10.0.0.1/router?reboot">"#)
            }),
        )
        .route(
            "/script",
            get(|| async { html(r#"<title>x</title><meta property="og:image" content="javascript:alert(1)">"#) }),
        )
        .route(
            "/long",
            get(|| async {
                html(format!("<title>{0}</title><meta name=description content='{0}'>", "ä".repeat(9000)))
            }),
        )
        .route("/endless-body", get(|| async { endless("<title>begun</title><body>", "<p>more</p>") }))
        .route("/endless-head", get(|| async { endless("<title>begun</title>", "<link rel=x>") }))
        .route("/endless-tag", get(|| async { endless("<title>begun</title><p ", "a") }))
        .route(
            "/stalled",
            get(|| async {
                use futures_util::StreamExt;
                let begun =
                    futures_util::stream::once(async { Ok::<_, std::convert::Infallible>("<title>begun</title>") });
                html(Body::from_stream(begun.chain(futures_util::stream::pending())))
            }),
        )
        .route("/hanging", get(|| async { std::future::pending::<()>().await }))
        .route("/empty", get(|| async { html("<p>nothing") }))
        .route("/json", get(|| async { typed("application/json", "{}") }))
        .route("/gone", get(|| async { StatusCode::NOT_FOUND }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (base, count)
}

fn previewer(allow: &[&str]) -> LinkPreviewer {
    let allow_hosts = allow.iter().map(|host| (*host).to_owned()).collect();
    let client = GuardedClient::new(&GuardedClientOptions { allow_hosts, ..Default::default() }).unwrap();
    LinkPreviewer::new(client, LinkPreviewerOptions::default())
}

#[tokio::test]
async fn open_graph_comes_first() {
    let (base, _) = server().await;
    let url = format!("{base}/full");
    let preview = previewer(&["127.0.0.1"]).preview(&url).await.unwrap();
    let expected = serde_json::json!({
        "url": url, "title": "The \"title\" of it", "description": "What it is about",
        "image": format!("{base}/images/a.png?x=1&y=2"), "siteName": "A Site", "type": "article", "author": "Ada",
    });
    assert_eq!(serde_json::to_value(&preview).unwrap(), expected);
}

#[tokio::test]
async fn pages_without_it_are_read_as_they_are() {
    let (base, _) = server().await;
    let previewer = previewer(&["127.0.0.1"]);
    let preview = async |path: &str| previewer.preview(&format!("{base}{path}")).await.unwrap();
    let twitter = preview("/twitter").await;
    assert_eq!((twitter.title.as_deref(), twitter.description.as_deref()), (Some("t"), Some("d")));
    assert_eq!(twitter.image.as_deref(), Some("http://cdn.example/i.png"));
    assert_eq!(preview("/plain").await.title.as_deref(), Some("Only title"));
    assert_eq!(preview("/body").await.title.as_deref(), Some("late"));
    assert_eq!(preview("/latin1").await.title.as_deref(), Some("Café"));
    assert_eq!(preview("/sjis").await.title.as_deref(), Some("日本"));
    let moved = preview("/moved/here").await;
    assert_eq!(moved.url, format!("{base}/moved/here"));
    assert_eq!(moved.image, Some(format!("{base}/images/a.png?x=1&y=2")));
}

#[tokio::test]
async fn hostile_pages_are_bounded() {
    let (base, _) = server().await;
    let previewer = previewer(&["127.0.0.1"]);
    let preview = async |path: &str| previewer.preview(&format!("{base}{path}")).await;
    assert_eq!(preview("/evil").await.unwrap().image, None);
    assert_eq!(preview("/script").await.unwrap().image, None);
    let long = preview("/long").await.unwrap();
    assert_eq!(long.title.unwrap().chars().count(), 300);
    assert_eq!(long.description.unwrap().chars().count(), 1000);
    for path in ["/endless-body", "/endless-head", "/endless-tag"] {
        assert_eq!(preview(path).await.unwrap().title.as_deref(), Some("begun"), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_page_has_no_preview() {
    let (base, _) = server().await;
    let open = previewer(&["127.0.0.1"]);
    let preview = async |path: &str| open.preview(&format!("{base}{path}")).await.unwrap_err();
    assert_eq!(preview("/empty").await, PreviewError::Empty);
    assert_eq!(preview("/json").await, PreviewError::Form);
    assert_eq!(preview("/gone").await, PreviewError::Status(404));
    let guarded = previewer(&[]).preview(&format!("{base}/full")).await.unwrap_err();
    assert_eq!(guarded, PreviewError::Fetch(FetchError::BlockedAddress));
    assert!(!guarded.is_transient());
}

#[tokio::test]
async fn a_page_that_hangs_is_left() {
    let (base, _) = server().await;
    let client =
        GuardedClient::new(&GuardedClientOptions { allow_hosts: vec!["127.0.0.1".into()], ..Default::default() });
    let options = LinkPreviewerOptions { time_max: Duration::from_millis(300), ..Default::default() };
    let previewer = LinkPreviewer::new(client.unwrap(), options);
    let hanging = previewer.preview(&format!("{base}/hanging")).await.unwrap_err();
    assert_eq!(hanging, PreviewError::Fetch(FetchError::Time));
    assert!(hanging.is_transient());
    // What came is enough.
    assert_eq!(previewer.preview(&format!("{base}/stalled")).await.unwrap().title.as_deref(), Some("begun"));
}

#[tokio::test]
async fn a_link_is_fetched_once() {
    let (base, count) = server().await;
    let previewer = previewer(&["127.0.0.1"]);
    let first = previewer.preview(&format!("{base}/counted")).await;
    assert_eq!(previewer.clone().preview(&format!("{base}/counted")).await, first);
    assert_eq!(count.load(Ordering::Relaxed), 1);
}
