//! `publish` and `broadcast`.

use serde_json::{Value, json};

use super::{Api, bad_request, error};

async fn newest(api: &Api, channel: &str) -> Value {
    let page = api.call("history", json!({"channel": channel, "limit": 1, "reverse": true})).await;
    page["result"]["publications"][0].clone()
}

#[tokio::test]
async fn result_tells_the_position() {
    let api = Api::start();
    let first = api.call("publish", json!({"channel": "a", "data": {"n": 1}})).await;
    let epoch = first["result"]["epoch"].as_str().unwrap().to_owned();
    assert_eq!(first, json!({"result": {"offset": 1, "epoch": epoch}}));
    let second = api.call("publish", json!({"channel": "a", "data": {"n": 2}})).await;
    assert_eq!(second, json!({"result": {"offset": 2, "epoch": epoch}}));
    assert_eq!(api.call("publish", json!({"channel": "durable:a", "data": 1})).await["result"]["offset"], 1);
}

#[tokio::test]
async fn result_is_empty_without_history() {
    let api = Api::start();
    let empty = json!({"result": {}});
    assert_eq!(api.call("publish", json!({"channel": "fast:a", "data": 1})).await, empty);
    assert_eq!(api.call("publish", json!({"channel": "a", "data": 1, "skip_history": true})).await, empty);
    assert_eq!(api.call("history", json!({"channel": "a"})).await["result"]["offset"], 0);
}

#[tokio::test]
async fn data_passes_through_untouched() {
    let api = Api::start();
    let data = r#"{ "b" : 1.10, "a":[1e3, 12345678901234567890], "\u0062":null }"#;
    api.post("/publish", &[], format!(r#"{{"channel":"a","data":{data}}}"#)).await;
    let page = api.post("/history", &[], r#"{"channel":"a","limit":1}"#).await;
    assert!(page.text.contains(&format!(r#""data":{data}"#)), "{}", page.text);
}

#[tokio::test]
async fn null_is_data_and_nothing_is_not() {
    let api = Api::start();
    assert_eq!(api.call("publish", json!({"channel": "a", "data": null})).await["result"]["offset"], 1);
    assert_eq!(newest(&api, "a").await, json!({"data": null, "offset": 1}));
    assert_eq!(api.call("publish", json!({"channel": "a", "data": ""})).await["result"]["offset"], 2);
    assert_eq!(api.call("publish", json!({"channel": "a", "b64data": ""})).await, bad_request());
}

#[tokio::test]
async fn base64_wins_over_data() {
    let api = Api::start();
    api.call("publish", json!({"channel": "a", "data": 1, "b64data": "eyJhIjoxfQ=="})).await;
    assert_eq!(newest(&api, "a").await, json!({"data": {"a": 1}, "offset": 1}));
    api.call("publish", json!({"channel": "a", "b64data": "AAEC"})).await;
    assert_eq!(newest(&api, "a").await, json!({"b64data": "AAEC", "offset": 2}));
}

#[tokio::test]
async fn namespace_decides_about_the_form_of_data() {
    let api = Api::start();
    assert_eq!(api.call("publish", json!({"channel": "json:a", "b64data": "AAEC"})).await, bad_request());
    assert_eq!(api.call("publish", json!({"channel": "json:a"})).await, bad_request());
    assert_eq!(api.call("publish", json!({"channel": "json:a", "b64data": "MQ=="})).await["result"]["offset"], 1);
    assert_eq!(api.call("publish", json!({"channel": "binary:a"})).await["result"]["offset"], 1);
}

#[tokio::test]
async fn tags_are_kept_and_nulls_are_ignored() {
    let api = Api::start();
    let nulls = json!({"channel": "a", "data": 1, "tags": {"k": "v"}, "b64data": null, "delta": null,
        "version": null, "idempotency_key": null, "skip_history": null, "unknown": [1]});
    api.call("publish", nulls).await;
    assert_eq!(newest(&api, "a").await, json!({"data": 1, "offset": 1, "tags": {"k": "v"}}));
}

#[tokio::test]
async fn repeated_key_publishes_nothing() {
    let api = Api::start();
    for channel in ["a", "durable:a"] {
        let request = json!({"channel": channel, "data": 1, "idempotency_key": "key"});
        let first = api.call("publish", request.clone()).await;
        api.call("publish", json!({"channel": channel, "data": 2})).await;
        assert_eq!(api.call("publish", request).await, first);
        assert_eq!(api.call("history", json!({"channel": channel})).await["result"]["offset"], 2);
    }
}

#[tokio::test]
async fn old_version_publishes_nothing() {
    let api = Api::start();
    let publish =
        |version: u64, epoch: &str| json!({"channel": "a", "data": 1, "version": version, "version_epoch": epoch});
    let offset = |reply: Value| reply["result"]["offset"].as_u64().unwrap();
    assert_eq!(offset(api.call("publish", publish(5, "x")).await), 1);
    assert_eq!(offset(api.call("publish", publish(5, "x")).await), 1);
    assert_eq!(offset(api.call("publish", publish(4, "x")).await), 1);
    assert_eq!(offset(api.call("publish", publish(6, "x")).await), 2);
    assert_eq!(offset(api.call("publish", publish(1, "y")).await), 3);
}

#[tokio::test]
async fn broadcast_answers_for_each_channel_in_order() {
    let api = Api::start();
    let channels = ["a", "nope:a", "", "fast:a", "user:1", "json:a"];
    let reply = api.call("broadcast", json!({"channels": channels, "b64data": "AAEC"})).await;
    let responses = reply["result"]["responses"].as_array().unwrap();
    assert_eq!(responses.len(), channels.len());
    assert_eq!(responses[0]["result"]["offset"], 1);
    assert_eq!(responses[1], error(102, "unknown channel"));
    assert_eq!(responses[2], bad_request());
    assert_eq!(responses[3], json!({"result": {}}));
    assert_eq!(responses[4], error(102, "unknown channel"));
    assert_eq!(responses[5], bad_request());
}

#[tokio::test]
async fn broadcast_shares_what_is_published() {
    let api = Api::start();
    let request = json!({"channels": ["a", "b", "a"], "data": [1], "tags": {"t": "1"}, "idempotency_key": "k"});
    let reply = api.call("broadcast", request).await;
    assert_eq!(reply["result"]["responses"][0], reply["result"]["responses"][2]);
    for channel in ["a", "b"] {
        assert_eq!(newest(&api, channel).await, json!({"data": [1], "offset": 1, "tags": {"t": "1"}}));
    }
}

#[tokio::test]
async fn tenants_have_their_own_channels() {
    let api = Api::start();
    api.call("publish", json!({"channel": "a", "data": 1})).await;
    let page = api.call_as_other("history", json!({"channel": "a", "limit": 10})).await;
    assert_eq!(page["result"]["publications"], json!([]));
    assert_eq!(page["result"]["offset"], 0);
}
