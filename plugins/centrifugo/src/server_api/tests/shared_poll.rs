use natter_node::config::{SharedPollMode, SharedPollOptions, SubscriptionType};
use serde_json::json;

use super::*;

fn api() -> Api {
    Api::with(|config| {
        let polled = |name: &str, publish_enabled| Namespace {
            name: name.to_owned(),
            subscription_type: SubscriptionType::SharedPoll,
            shared_poll: SharedPollOptions {
                mode: SharedPollMode::Versioned,
                publish_enabled,
                ..SharedPollOptions::default()
            },
            ..Namespace::default()
        };
        config.plugins.centrifugo.namespaces.extend([polled("open", true), polled("shut", false)]);
    })
}

#[tokio::test]
async fn a_value_that_nobody_tracks_is_taken() {
    let value = json!({"channel": "open:1", "key": "k", "data": {"v": 1}, "version": 1});
    assert_eq!(api().call("shared_poll_publish", value).await, json!({"result": {}}));
}

#[tokio::test]
async fn what_is_missing_or_not_allowed_is_told() {
    let api = api();
    let whole = json!({"channel": "open:1", "key": "k", "b64data": "e30=", "version": 1, "epoch": "x"});
    let cases = [
        ("channel", json!(""), bad_request()),
        ("key", json!(null), bad_request()),
        ("version", json!(0), bad_request()),
        ("b64data", json!("%"), bad_request()),
        ("channel", json!("fast:1"), bad_request()),
        ("channel", json!("nowhere:1"), error(102, "unknown channel")),
        ("channel", json!("shut:1"), error(108, "not available")),
    ];
    for (field, value, expected) in cases {
        let mut request = whole.clone();
        request[field] = value;
        assert_eq!(api.call("shared_poll_publish", request.clone()).await, expected, "{request}");
    }
    assert_eq!(api.call("publish", json!({"channel": "open:1", "data": 1})).await, bad_request());
}

#[tokio::test]
async fn batches_and_old_sdks_have_it_too() {
    let api = api();
    let value = json!({"channel": "open:1", "key": "k", "data": 1, "version": 1});
    let batch = json!({"commands": [{"shared_poll_publish": value}]});
    assert_eq!(api.call("batch", batch).await, json!({"replies": [{"shared_poll_publish": {}}]}));
    let reply = api.post("", &[], json!({"method": 39, "params": value}).to_string()).await;
    assert_eq!(reply.json(), json!({"result": {}}));
}
