//! Questions about keys of maps that clients set and remove, and their answers.

use bytes::Bytes;
use natter_core::{KeyMode, KeyedDraft, KeyedRequest};
use serde_json::json;

use super::standin::Backend;
use super::{asker, proxies};
use crate::proxy::{Answer, MapPublishResult, MapQuestion, MapRemoveResult, ProxyError};

fn question(key: &str, data: &'static str) -> MapQuestion {
    MapQuestion { channel: "board:a".into(), key: key.into(), data: Bytes::from_static(data.as_bytes()) }
}

async fn set(body: &str) -> Result<Answer<MapPublishResult>, ProxyError> {
    let backend = Backend::answering(body).await;
    proxies(&backend, |_| ()).map_publish("default", &asker(), &question("k", "1")).await
}

async fn removed(body: &str) -> Result<Answer<MapRemoveResult>, ProxyError> {
    let backend = Backend::answering(body).await;
    proxies(&backend, |_| ()).map_remove("default", &asker(), &question("k", "")).await
}

#[tokio::test]
async fn setting_tells_channel_key_and_data() {
    let backend = Backend::answering("{}").await;
    let proxies = proxies(&backend, |proxy| proxy.include_connection_meta = true);
    proxies.map_publish("default", &asker(), &question("k", "{\"x\": 1}")).await.unwrap();
    let asked = backend.question();
    assert_eq!(asked.path, "/map_publish");
    let expected = json!({
        "client": "c1", "transport": "websocket", "protocol": "json", "encoding": "json",
        "user": "ada", "channel": "board:a", "key": "k", "data": {"x": 1}, "meta": {"m": 1},
    });
    assert_eq!(asked.json(), expected);
}

#[tokio::test]
async fn removing_tells_channel_and_key_in_every_encoding() {
    let backend = Backend::answering("{}").await;
    let proxies = proxies(&backend, |proxy| proxy.binary_encoding = true);
    proxies.map_remove("default", &asker(), &question("k", "")).await.unwrap();
    let asked = backend.question();
    assert_eq!(asked.path, "/map_remove");
    let expected = json!({
        "client": "c1", "transport": "websocket", "protocol": "json", "encoding": "binary",
        "user": "ada", "channel": "board:a", "key": "k",
    });
    assert_eq!(asked.json(), expected);
}

#[tokio::test]
async fn binary_data_is_base64_and_an_absent_key_is_left_out() {
    let backend = Backend::answering("{}").await;
    let proxies = proxies(&backend, |proxy| proxy.binary_encoding = true);
    proxies.map_publish("second", &asker(), &question("", "\0\x01")).await.unwrap();
    let asked = backend.question().json();
    assert_eq!((asked.get("key"), &asked["b64data"], asked.get("data")), (None, &json!("AAE="), None));
}

#[tokio::test]
async fn a_result_changes_what_is_set() {
    let body = r#"{"result":{"key":"own","data":{"x": 1},"tags":{"t":"1"},"score":-3,"key_mode":"if_new",
        "idempotency_key":"once","delta":true,"version":4,"version_epoch":"e","stream_data":{}}}"#;
    let Answer::Result(result) = set(body).await.unwrap() else { panic!("a result") };
    let mut wanted = KeyedDraft { key: "k".into(), ..KeyedDraft::default() };
    result.apply(&mut wanted);
    assert_eq!((&*wanted.key, wanted.score, wanted.mode), ("own", -3, KeyMode::IfNew));
    assert_eq!(wanted.version, Some((4, "e".into())));
    assert_eq!((&wanted.draft.data[..], wanted.draft.delta), (&b"{\"x\": 1}"[..], true));
    assert_eq!(wanted.draft.idempotency_key.as_deref(), Some("once"));
    assert_eq!(wanted.draft.tags.unwrap()["t"], "1");
    assert_eq!(wanted.draft.version, None);
}

#[tokio::test]
async fn an_empty_result_sets_what_the_client_wants() {
    for body in ["{}", r#"{"result":{}}"#, r#"{"result":{"key":"","key_mode":"","data":null,"b64data":null}}"#] {
        let Answer::Result(result) = set(body).await.unwrap() else { panic!("a result") };
        let mut wanted = KeyedDraft { key: "k".into(), ..KeyedDraft::default() };
        wanted.draft.data = Bytes::from_static(b"1");
        result.apply(&mut wanted);
        assert_eq!((&*wanted.key, &wanted.draft.data[..], wanted.mode), ("k", &b"1"[..], KeyMode::Replace), "{body}");
    }
}

#[tokio::test]
async fn a_result_changes_what_is_removed() {
    let wanted = |result: MapRemoveResult| match result.removal_of("k".into()) {
        KeyedRequest::Remove { key, idempotency_key, expected: None, tags } => (key, idempotency_key, tags),
        other => panic!("{other:?}"),
    };
    let Answer::Result(plain) = removed("{}").await.unwrap() else { panic!("a result") };
    assert_eq!(wanted(plain), ("k".into(), None, None));
    let body = r#"{"result":{"key":"own","tags":{"t":"1"},"idempotency_key":"once"}}"#;
    let Answer::Result(changed) = removed(body).await.unwrap() else { panic!("a result") };
    let (key, idempotency_key, tags) = wanted(changed);
    assert_eq!((&*key, idempotency_key.as_deref()), ("own", Some("once")));
    assert_eq!(tags.unwrap()["t"], "1");
}

#[tokio::test]
async fn rubbish_about_a_key_is_no_answer() {
    for body in [
        r#"{"result":{"key_mode":"sometimes"}}"#,
        r#"{"result":{"key":7}}"#,
        r#"{"result":{"score":"high"}}"#,
        r#"{"result":{"b64data":"???"}}"#,
        r#"{"result":[]}"#,
    ] {
        let answer = set(body).await;
        assert!(matches!(answer, Err(ProxyError::Malformed(_))), "{body}: {answer:?}");
    }
    assert!(matches!(removed(r#"{"result":{"tags":[]}}"#).await, Err(ProxyError::Malformed(_))));
}
