//! `subscribe`, `unsubscribe`, `disconnect` and `refresh`: what reaches whom.

use natter_node::session::{CloseKind, Control};
use serde_json::{Value, json};

use super::Api;
use super::visitor::{Done, Visitors};

/// Two connections of ada, and one of another tenant's ada.
async fn visited() -> (Api, Visitors) {
    let (api, mut visitors) = (Api::start(), Visitors::new());
    visitors.connect(&api, "demo", "ada", "c1", "a").await;
    visitors.connect(&api, "demo", "ada", "c2", "a").await;
    visitors.connect(&api, "other", "ada", "c3", "a").await;
    (api, visitors)
}

/// Calls a method that is meant for c1 alone, and tells what arrives there.
async fn done(method: &str, mut request: Value) -> Control {
    let (api, mut visitors) = visited().await;
    request["user"] = "ada".into();
    request["client"] = "c1".into();
    assert_eq!(api.call(method, request).await, json!({"result": {}}));
    let (client, control) = visitors.done().await;
    assert_eq!(client, "c1");
    control
}

#[tokio::test]
async fn subscribe_carries_everything() {
    let request = json!({"channel": "a", "expire_at": 1_900_000_000, "info": {"i": 1}, "b64data": "AAEC",
        "recover_since": {"offset": 3, "epoch": "xyz"}, "override": {"presence": {"value": false}, "join_leave": null}});
    let Control::Subscribe(subscribe) = done("subscribe", request).await else { panic!("a subscription") };
    assert_eq!((subscribe.channel.as_str(), subscribe.expire_at), ("a", Some(1_900_000_000)));
    assert_eq!((&subscribe.info[..], &subscribe.data[..]), (&b"{\"i\":1}"[..], &b"\x00\x01\x02"[..]));
    let since = subscribe.recover_since.as_ref().unwrap();
    assert_eq!((since.offset, since.epoch.as_str()), (3, "xyz"));
    assert_eq!((subscribe.overrides.presence, subscribe.overrides.join_leave), (Some(false), None));
}

#[tokio::test]
async fn unsubscribe_is_from_one_or_all() {
    let control = done("unsubscribe", json!({"channel": "a"})).await;
    assert!(matches!(control, Control::Unsubscribe { channel: Some(channel) } if &*channel == "a"));
    let control = done("unsubscribe", json!({"channel": "chat:1"})).await;
    assert!(matches!(control, Control::Unsubscribe { channel: Some(channel) } if &*channel == "chat:1"));
    let control = done("unsubscribe", json!({})).await;
    assert!(matches!(control, Control::Unsubscribe { channel: None }));
}

#[tokio::test]
async fn disconnect_is_final_unless_told_otherwise() {
    let Control::Disconnect(close) = done("disconnect", json!({})).await else { panic!("a close") };
    assert_eq!((close.code, &*close.reason, close.kind), (3503, "force disconnect", CloseKind::Auth));
    let own = json!({"disconnect": {"code": 4001, "reason": "bye"}});
    let Control::Disconnect(close) = done("disconnect", own).await else { panic!("a close") };
    assert_eq!((close.code, &*close.reason), (4001, "bye"));
}

#[tokio::test]
async fn refresh_moves_or_ends_the_expiry() {
    let control = done("refresh", json!({"expire_at": 1_900_000_000, "info": {"a": 1}})).await;
    let Control::Refresh { expired, expire_at, info } = control else { panic!("a refresh") };
    assert_eq!((expired, expire_at, info.as_deref()), (false, Some(1_900_000_000), Some(&b"{\"a\":1}"[..])));
    let control = done("refresh", json!({"expired": true})).await;
    assert!(matches!(control, Control::Refresh { expired: true, expire_at: None, info: None }));
}

#[tokio::test]
async fn target_is_narrowed() {
    let (api, mut visitors) = visited().await;
    let mut clients = async |request: Value, count: usize| {
        assert_eq!(api.call("disconnect", request).await, json!({"result": {}}));
        let mut clients = Vec::new();
        for _ in 0..count {
            let (client, _): Done = visitors.done().await;
            clients.push(client);
        }
        clients.sort();
        clients
    };
    // What reaches nobody sends nothing that would be seen before the next one's.
    assert_eq!(clients(json!({"user": "nobody"}), 0).await, [""; 0]);
    assert_eq!(clients(json!({"user": "ada", "client": "c3"}), 0).await, [""; 0]);
    assert_eq!(clients(json!({"user": "ada", "session": "session-c2"}), 1).await, ["c2"]);
    assert_eq!(clients(json!({"user": "ada", "whitelist": ["c2"]}), 1).await, ["c1"]);
    assert_eq!(clients(json!({"user": "ada"}), 2).await, ["c1", "c2"]);
}
