//! Which headers reach a backend.

use std::sync::Arc;

use axum::http::HeaderMap;

use super::standin::Backend;
use super::{asker, proxies};
use crate::proxy::Asker;

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

/// What the backend sees of one client's headers.
async fn seen() -> HeaderMap {
    let backend = Backend::answering("{}").await;
    let proxies = proxies(&backend, |proxy| {
        proxy.http_headers = names(&["Cookie", "x-both", "Content-Length", "Host", "no name", "X-Fixed"]);
        proxy.emulated_headers = names(&["Authorization", "X-Both"]);
        proxy.http.static_headers =
            [("X-Fixed".to_owned(), "own".to_owned()), ("Content-Type".to_owned(), "text/plain".to_owned())].into();
    });
    let mut real = HeaderMap::new();
    for (name, value) in [
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("x-both", "real"),
        ("x-fixed", "forged"),
        ("authorization", "real secret"),
        ("host", "forged"),
        ("content-length", "1"),
    ] {
        real.append(name, value.parse().unwrap());
    }
    let emulated = [("authorization", "Bearer t"), ("x-both", "emulated"), ("Cookie", "c=3"), ("bad name", "x")];
    let emulated = emulated.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let asker = Asker { headers: Some(Arc::new(real)), emulated_headers: Arc::new(emulated), ..asker() };
    proxies.refresh(&asker).await.unwrap();
    backend.question().headers
}

#[tokio::test]
async fn only_what_is_allowed_is_passed_on() {
    let headers = seen().await;
    assert_eq!(headers.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!(headers["authorization"], "Bearer t");
    assert_ne!(headers["host"], "forged");
    assert_ne!(headers["content-length"], "1");
    assert!(!headers.contains_key("bad name"));
}

#[tokio::test]
async fn later_sources_win() {
    let headers = seen().await;
    assert_eq!(headers.get_all("x-both").iter().collect::<Vec<_>>(), ["real"]);
    assert_eq!(headers.get_all("x-fixed").iter().collect::<Vec<_>>(), ["own"]);
    assert_eq!(headers.get_all("content-type").iter().collect::<Vec<_>>(), ["application/json"]);
}

#[tokio::test]
async fn nothing_is_passed_on_by_default() {
    let backend = Backend::answering("{}").await;
    let mut real = HeaderMap::new();
    real.insert("cookie", "a=1".parse().unwrap());
    let asker = Asker { headers: Some(Arc::new(real)), ..asker() };
    proxies(&backend, |_| ()).refresh(&asker).await.unwrap();
    assert!(!backend.question().headers.contains_key("cookie"));
}
