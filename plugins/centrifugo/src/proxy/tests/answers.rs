//! Each kind of answer to each question.

use axum::http::StatusCode;
use bytes::Bytes;
use natter_core::Draft;
use natter_node::auth::{Override, SubscribeOptions};
use natter_node::config::{StatusTransform, TransformDisconnect, TransformError};
use natter_protocol::centrifuge::codes::Disconnect;
use natter_protocol::centrifuge::schema;

use super::standin::Backend;
use super::{asker, proxies};
use crate::proxy::{
    Answer, ConnectQuestion, ConnectResult, Proxies, ProxyError, PublishQuestion, PublishResult, RefreshResult,
    RpcQuestion, RpcResult, SubscribeQuestion, SubscribeResult,
};

/// Proxies whose backend always says the same.
async fn saying(body: &str) -> Proxies {
    proxies(&Backend::answering(body).await, |_| ())
}

fn bytes(text: &'static str) -> Option<Bytes> {
    Some(Bytes::from_static(text.as_bytes()))
}

async fn connected(body: &str) -> Answer<Option<ConnectResult>> {
    saying(body).await.connect(&asker(), &ConnectQuestion::default()).await.unwrap()
}

#[tokio::test]
async fn connect_says_who_it_is() {
    let answer = connected(
        r#"{"result":{"user":"u","expire_at":99,"info":{"i": 1},"b64data":"AAE=","channels":["a"],"meta":{"m":1},
        "subs":{"b":{"b64info":"AA==","data":2,"override":{"presence":{"value":true}}},"c":{}},"unknown":1}}"#,
    )
    .await;
    let overriding = Override { presence: Some(true), ..Override::default() };
    let options = SubscribeOptions { info: bytes("\0"), data: bytes("2"), overriding };
    let expected = ConnectResult {
        user: "u".to_owned(),
        expire_at: Some(99),
        info: bytes("{\"i\": 1}"),
        data: bytes("\0\x01"),
        channels: vec!["a".to_owned()],
        subs: [("b".to_owned(), options), ("c".to_owned(), SubscribeOptions::default())].into(),
        meta: bytes("{\"m\":1}"),
    };
    assert_eq!(answer, Answer::Result(Some(expected)));
}

#[tokio::test]
async fn connect_without_a_result_is_nobody_and_an_empty_one_anonymous() {
    assert_eq!(connected("{}").await, Answer::Result(None));
    assert_eq!(connected(r#"{"result":null}"#).await, Answer::Result(None));
    assert_eq!(
        connected(r#"{"result":{"user":null,"expire_at":0}}"#).await,
        Answer::Result(Some(ConnectResult::default()))
    );
}

#[tokio::test]
async fn refresh_goes_on_or_ends() {
    let refreshed = async |body: &str| saying(body).await.refresh(&asker()).await.unwrap();
    let expected = RefreshResult { expired: false, expire_at: Some(5), info: bytes("1"), meta: bytes("{}") };
    let body = r#"{"result":{"expire_at":5,"info":1,"meta":{}}}"#;
    assert_eq!(refreshed(body).await, Answer::Result(expected));
    let ended = RefreshResult { expired: true, ..RefreshResult::default() };
    assert_eq!(refreshed(r#"{"result":{"expired":true}}"#).await, Answer::Result(ended.clone()));
    assert_eq!(refreshed("{}").await, Answer::Result(ended));
}

#[tokio::test]
async fn sub_refresh_goes_on_or_ends() {
    let refreshed = async |body: &str| saying(body).await.sub_refresh("default", &asker(), "a").await.unwrap();
    let expected = RefreshResult { expired: false, expire_at: Some(5), info: bytes("\0"), meta: None };
    assert_eq!(refreshed(r#"{"result":{"expire_at":5,"b64info":"AA=="}}"#).await, Answer::Result(expected));
    let ended = RefreshResult { expired: true, ..RefreshResult::default() };
    assert_eq!(refreshed("{}").await, Answer::Result(ended));
}

#[tokio::test]
async fn subscribe_grants_options() {
    let question = SubscribeQuestion::default();
    let granted = async |body: &str| saying(body).await.subscribe("default", &asker(), &question).await.unwrap();
    let options = SubscribeOptions { info: bytes("1"), data: bytes("2"), overriding: Override::default() };
    let expected = SubscribeResult { expire_at: Some(5), options };
    assert_eq!(granted(r#"{"result":{"expire_at":5,"info":1,"data":2}}"#).await, Answer::Result(expected));
    assert_eq!(granted("{}").await, Answer::Result(SubscribeResult::default()));
}

#[tokio::test]
async fn publish_changes_the_draft() {
    let question = PublishQuestion::default();
    let granted = async |body: &str| saying(body).await.publish("default", &asker(), &question).await.unwrap();
    let body = r#"{"result":{"data":{"x":1},"b64data":"AA==","skip_history":true,"tags":{"t":"1"},
        "idempotency_key":"k","delta":true,"version":3,"version_epoch":"e"}}"#;
    let Answer::Result(result) = granted(body).await else { panic!("a result") };
    let mut draft = Draft::default();
    result.apply(&mut draft);
    assert_eq!(draft.data, "{\"x\":1}");
    assert!(draft.skip_history && draft.delta);
    assert_eq!(draft.tags.unwrap()["t"], "1");
    assert_eq!((draft.idempotency_key, draft.version), (Some("k".into()), Some((3, "e".into()))));
    let unchanged = granted("{}").await;
    assert_eq!(unchanged, Answer::Result(PublishResult::default()));
    let Answer::Result(decoded) = granted(r#"{"result":{"b64data":"AA=="}}"#).await else { panic!("a result") };
    assert_eq!(decoded.data, bytes("\0"));
}

#[tokio::test]
async fn rpc_returns_data() {
    let question = RpcQuestion::default();
    let returned = async |body: &str| saying(body).await.rpc("default", &asker(), &question).await.unwrap();
    let data = Bytes::from_static(b"{\"a\": [1]}");
    assert_eq!(returned(r#"{"result":{"data":{"a": [1]}}}"#).await, Answer::Result(RpcResult { data }));
    let data = Bytes::from_static(b"\0");
    assert_eq!(returned(r#"{"result":{"b64data":"AA==","data":1}}"#).await, Answer::Result(RpcResult { data }));
    assert_eq!(returned(r#"{"result":{}}"#).await, Answer::Result(RpcResult::default()));
}

#[tokio::test]
async fn disconnect_counts_before_error_and_error_before_result() {
    let error = schema::Error { code: 1000, message: "no".to_owned(), temporary: true };
    let body = r#"{"result":{},"error":{"code":1000,"message":"no","temporary":true}}"#;
    assert_eq!(connected(body).await, Answer::Error(error));
    let body = r#"{"error":{"code":1000},"disconnect":{"code":4500,"reason":"away"}}"#;
    assert_eq!(connected(body).await, Answer::Disconnect(Disconnect::new(4500, "away")));
    let long = format!(r#"{{"disconnect":{{"code":4500,"reason":"{}"}}}}"#, "ä".repeat(100));
    assert_eq!(connected(&long).await, Answer::Disconnect(Disconnect::new(4500, "ä".repeat(61))));
}

#[tokio::test]
async fn malformed_answers_are_failures() {
    for body in [
        "",
        "[]",
        "{\"result\":",
        r#"{"result":{"user":1}}"#,
        r#"{"result":[]}"#,
        r#"{"result":{"b64info":"???"}}"#,
        r#"{"result":{"subs":{"a":{"b64data":"?"}}}}"#,
        r#"{"disconnect":{"code":1000}}"#,
        r#"{"disconnect":{"code":70000}}"#,
    ] {
        let answer = saying(body).await.connect(&asker(), &ConnectQuestion::default()).await;
        assert!(matches!(answer, Err(ProxyError::Malformed(_))), "{body}");
    }
}

#[tokio::test]
async fn only_200_is_an_answer_unless_transformed() {
    let to_error = TransformError { code: 404, message: "gone".to_owned(), temporary: false };
    let to_disconnect = TransformDisconnect { code: 4100, reason: "out".to_owned() };
    let transforms = vec![
        StatusTransform { status_code: 404, to_error: Some(to_error), to_disconnect: None },
        StatusTransform { status_code: 403, to_error: None, to_disconnect: Some(to_disconnect) },
    ];
    let asked = async |status: u16| {
        let backend =
            Backend::start(StatusCode::from_u16(status).unwrap(), r#"{"result":{}}"#, Default::default()).await;
        let proxies = proxies(&backend, |proxy| proxy.http.status_to_code_transforms = transforms.clone());
        let answer = proxies.connect(&asker(), &ConnectQuestion::default()).await;
        assert_eq!(backend.questions(), 1);
        answer
    };
    for status in [201, 302, 401, 500] {
        assert!(matches!(asked(status).await, Err(ProxyError::Status(found)) if found == status));
    }
    let gone = schema::Error { code: 404, message: "gone".to_owned(), temporary: false };
    assert_eq!(asked(404).await.unwrap(), Answer::Error(gone));
    assert_eq!(asked(403).await.unwrap(), Answer::Disconnect(Disconnect::new(4100, "out")));
}
