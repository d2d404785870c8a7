use serde_json::json;

use super::super::{Answer, KeyState, KeysQuestion, KeysResult, KnownKey, ProxyError};
use super::*;

fn question() -> KeysQuestion {
    let known = |key: &str, version| KnownKey { key: key.into(), version };
    KeysQuestion { channel: "poll:1".into(), items: vec![known("a", 0), known("b", 7)] }
}

#[tokio::test]
async fn a_question_about_keys_names_no_client() {
    let backend = Backend::answering("{}").await;
    let answer = proxies(&backend, |_| ()).keys("default", &question()).await;
    assert_eq!(answer.unwrap(), Answer::Result(KeysResult::default()));
    let asked = backend.question();
    assert_eq!(asked.path, "/keys");
    assert_eq!(asked.json(), json!({"channel": "poll:1", "items": [{"key": "a"}, {"key": "b", "version": 7}]}));
}

#[tokio::test]
async fn an_answer_about_keys_is_read() {
    let items = r#"[{"key":"a","data":{"n": 1},"version":3,"prev_data":[]},{"key":"b","data":null,"removed":true},{"key":"c"}]"#;
    let backend = Backend::answering(format!(r#"{{"result":{{"items":{items},"epoch":"e"}}}}"#)).await;
    let Answer::Result(result) = proxies(&backend, |_| ()).keys("second", &question()).await.unwrap() else {
        panic!("a result");
    };
    let a =
        KeyState { key: "a".into(), data: "{\"n\": 1}".into(), previous: "[]".into(), version: 3, is_removed: false };
    let b = KeyState { key: "b".into(), data: "null".into(), is_removed: true, ..KeyState::default() };
    let c = KeyState { key: "c".into(), ..KeyState::default() };
    assert_eq!(result, KeysResult { items: vec![a, b, c], epoch: "e".to_owned() });
}

#[tokio::test]
async fn rubbish_about_keys_is_no_answer() {
    for body in [
        "",
        "[]",
        r#"{"result":[]}"#,
        r#"{"result":{"items":{}}}"#,
        r#"{"result":{"items":[{"data":1}]}}"#,
        r#"{"result":{"items":[{"key":"a","version":-1}]}}"#,
        r#"{"result":{"items":[{"key":"a","data":{]}}"#,
    ] {
        let backend = Backend::answering(body).await;
        let answer = proxies(&backend, |_| ()).keys("default", &question()).await;
        assert!(matches!(answer, Err(ProxyError::Malformed(_))), "{body}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_about_keys_may_be_large_but_not_endless() {
    let value = "x".repeat(7 * 1024 * 1024);
    let body = |times: usize| {
        let item = format!(r#"{{"key":"a","data":"{value}","version":1}}"#);
        format!(r#"{{"result":{{"items":[{}]}}}}"#, vec![item; times].join(","))
    };
    let backend = Backend::answering(body(1)).await;
    assert!(proxies(&backend, |_| ()).keys("default", &question()).await.is_ok());
    let backend = Backend::answering(body(2)).await;
    let answer = proxies(&backend, |_| ()).keys("default", &question()).await;
    assert!(matches!(answer, Err(ProxyError::TooLarge)));
}
