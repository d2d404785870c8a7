//! Backends that are slow, talk too much, or are not there.

use std::time::Duration;

use axum::http::StatusCode;

use super::standin::Backend;
use super::{asker, proxies};
use crate::proxy::{ANSWER_BYTES_MAX, Answer, ProxyError};

#[tokio::test]
async fn slow_backend_is_given_up() {
    let backend = Backend::start(StatusCode::OK, "{}", Duration::from_secs(3600)).await;
    let answer = proxies(&backend, |proxy| proxy.timeout = Duration::from_millis(50)).refresh(&asker()).await;
    let error = answer.unwrap_err();
    assert!(matches!(error, ProxyError::Timeout));
    assert_eq!(error.client_error().code, 100);
}

#[tokio::test]
async fn answer_is_bounded() {
    let answer = r#"{"result":{"expire_at":7}}"#;
    let padded = |bytes: usize| answer.to_owned() + &" ".repeat(bytes - answer.len());
    let backend = Backend::answering(padded(ANSWER_BYTES_MAX)).await;
    assert!(matches!(proxies(&backend, |_| ()).refresh(&asker()).await, Ok(Answer::Result(_))));
    let backend = Backend::answering(padded(ANSWER_BYTES_MAX + 1)).await;
    assert!(matches!(proxies(&backend, |_| ()).refresh(&asker()).await, Err(ProxyError::TooLarge)));
}

#[tokio::test]
async fn unreachable_backend_is_a_failure() {
    let backend = Backend::answering("{}").await;
    let proxies = proxies(&backend, |proxy| proxy.endpoint = "http://127.0.0.1:1/".to_owned());
    assert!(matches!(proxies.refresh(&asker()).await, Err(ProxyError::Request(_))));
}

#[tokio::test]
async fn call_borrows_nothing() {
    fn is_work<T: Send + 'static>(work: T) -> T {
        work
    }
    let backend = Backend::answering(r#"{"result":{}}"#).await;
    let call = {
        let (proxies, asker) = (proxies(&backend, |_| ()), asker());
        is_work(proxies.refresh(&asker))
    };
    assert!(tokio::spawn(call).await.unwrap().is_ok());
}
