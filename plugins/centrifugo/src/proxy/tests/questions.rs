//! Each question, field by field.

use bytes::Bytes;
use natter_protocol::centrifuge::framing::Encoding;
use serde_json::{Value, json};

use super::standin::Backend;
use super::{asker, proxies};
use crate::proxy::{Asker, ConnectQuestion, ProxyError, PublishQuestion, RpcQuestion, SubscribeQuestion};

fn with_base(further: Value) -> Value {
    let mut all = json!({"client": "c1", "transport": "websocket", "protocol": "json", "encoding": "json"});
    all.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    all
}

#[tokio::test]
async fn connect_tells_what_the_client_says_and_no_user() {
    let backend = Backend::answering("{}").await;
    let question = ConnectQuestion {
        data: Bytes::from_static(b"{\"a\":1.0}"),
        name: "js".to_owned(),
        version: "5".to_owned(),
        channels: vec!["a".to_owned(), "b".to_owned()],
    };
    proxies(&backend, |_| ()).connect(&asker(), &question).await.unwrap();
    let asked = backend.question();
    assert_eq!(asked.path, "/connect");
    assert_eq!(asked.headers["content-type"], "application/json");
    assert_eq!(
        asked.text,
        r#"{"client":"c1","transport":"websocket","protocol":"json","encoding":"json","data":{"a":1.0},"name":"js","version":"5","channels":["a","b"]}"#
    );
}

#[tokio::test]
async fn empty_fields_are_left_out_of_connect() {
    let backend = Backend::answering("{}").await;
    proxies(&backend, |proxy| proxy.include_connection_meta = true)
        .connect(&asker(), &ConnectQuestion::default())
        .await
        .unwrap();
    assert_eq!(backend.question().json(), with_base(json!({})));
}

#[tokio::test]
async fn refresh_tells_the_user_even_if_empty() {
    let backend = Backend::answering("{}").await;
    let anonymous = Asker { user: String::new(), ..asker() };
    proxies(&backend, |_| ()).refresh(&anonymous).await.unwrap();
    assert_eq!(backend.question().path, "/refresh");
    assert_eq!(backend.question().json(), with_base(json!({"user": ""})));
}

#[tokio::test]
async fn subscribe_tells_channel_token_and_data() {
    let backend = Backend::answering("{}").await;
    let data = Bytes::from_static(b"[1]");
    let question = SubscribeQuestion { channel: "a".to_owned(), token: "t".to_owned(), data };
    proxies(&backend, |_| ()).subscribe("default", &asker(), &question).await.unwrap();
    assert_eq!(backend.question().path, "/subscribe");
    let expected = json!({"user": "ada", "channel": "a", "token": "t", "data": [1]});
    assert_eq!(backend.question().json(), with_base(expected));
}

#[tokio::test]
async fn publish_tells_channel_and_data() {
    let backend = Backend::answering("{}").await;
    let question = PublishQuestion { channel: "a".to_owned(), data: Bytes::from_static(b"\"x\"") };
    let protobuf = Asker { encoding: Encoding::Protobuf, ..asker() };
    proxies(&backend, |_| ()).publish("default", &protobuf, &question).await.unwrap();
    assert_eq!(backend.question().path, "/publish");
    let expected = json!({"protocol": "protobuf", "user": "ada", "channel": "a", "data": "x"});
    assert_eq!(backend.question().json(), with_base(expected));
}

#[tokio::test]
async fn sub_refresh_tells_the_channel() {
    let backend = Backend::answering("{}").await;
    proxies(&backend, |_| ()).sub_refresh("default", &asker(), "a").await.unwrap();
    assert_eq!(backend.question().path, "/sub_refresh");
    assert_eq!(backend.question().json(), with_base(json!({"user": "ada", "channel": "a"})));
}

#[tokio::test]
async fn rpc_tells_method_and_data() {
    let backend = Backend::answering("{}").await;
    let question = RpcQuestion { method: "ns:m".to_owned(), data: Bytes::from_static(b"null") };
    proxies(&backend, |_| ()).rpc("second", &asker(), &question).await.unwrap();
    assert_eq!(backend.question().path, "/second");
    assert_eq!(backend.question().json(), with_base(json!({"user": "ada", "method": "ns:m", "data": null})));
}

#[tokio::test]
async fn binary_encoding_sends_base64() {
    let backend = Backend::answering("{}").await;
    let question = PublishQuestion { channel: "a".to_owned(), data: Bytes::from_static(&[0, 1, 2]) };
    proxies(&backend, |proxy| proxy.binary_encoding = true).publish("default", &asker(), &question).await.unwrap();
    let expected = json!({"encoding": "binary", "user": "ada", "channel": "a", "b64data": "AAEC"});
    assert_eq!(backend.question().json(), with_base(expected));
}

#[tokio::test]
async fn data_that_is_no_json_is_not_sent_as_json() {
    let backend = Backend::answering("{}").await;
    let question = PublishQuestion { channel: "a".to_owned(), data: Bytes::from_static(&[0, 1, 2]) };
    let answer = proxies(&backend, |_| ()).publish("default", &asker(), &question).await;
    assert!(matches!(answer, Err(ProxyError::NotJson)));
    assert_eq!(backend.questions(), 0);
}

#[tokio::test]
async fn meta_is_sent_when_the_proxy_wants_it() {
    let backend = Backend::answering("{}").await;
    let proxies = proxies(&backend, |proxy| proxy.include_connection_meta = true);
    proxies.sub_refresh("default", &asker(), "a").await.unwrap();
    assert_eq!(backend.question().json(), with_base(json!({"user": "ada", "channel": "a", "meta": {"m": 1}})));
}
