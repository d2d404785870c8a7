//! `presence`, `presence_stats`, `channels` and `info`.

use serde_json::{Value, json};

use super::Api;
use super::visitor::Visitors;

async fn visited() -> Api {
    let (api, mut visitors) = (Api::start(), Visitors::new());
    visitors.connect(&api, "demo", "ada", "c1", "a").await;
    visitors.connect(&api, "demo", "ada", "c2", "a").await;
    visitors.connect(&api, "demo", "", "c3", "fast:x/y").await;
    visitors.connect(&api, "other", "bob", "c4", "a").await;
    api
}

#[tokio::test]
async fn presence_lists_connections() {
    let api = visited().await;
    let client = |id: &str| json!({"user": "ada", "client": id, "conn_info": {"name": "Ada"}});
    let expected = json!({"result": {"presence": {"c1": client("c1"), "c2": client("c2")}}});
    assert_eq!(api.call("presence", json!({"channel": "a"})).await, expected);
    let nobody = json!({"result": {"presence": {}}});
    assert_eq!(api.call("presence", json!({"channel": "empty"})).await, nobody);
    let counts = json!({"result": {"num_clients": 2, "num_users": 1}});
    assert_eq!(api.call("presence_stats", json!({"channel": "a"})).await, counts);
    let none = json!({"result": {"num_clients": 0, "num_users": 0}});
    assert_eq!(api.call("presence_stats", json!({"channel": "empty"})).await, none);
}

#[tokio::test]
async fn channels_are_matched_by_a_glob() {
    let api = visited().await;
    let all = json!({"a": {"num_clients": 2}, "fast:x/y": {"num_clients": 1}});
    assert_eq!(api.call("channels", json!({})).await, json!({"result": {"channels": all}}));
    let names = async |pattern: &str| -> Vec<String> {
        let reply = api.call("channels", json!({ "pattern": pattern })).await;
        reply["result"]["channels"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names("*").await, ["a", "fast:x/y"]);
    assert_eq!(names("fast:*").await, ["fast:x/y"]);
    assert_eq!(names("{a,b}").await, ["a"]);
    assert_eq!(names("?").await, ["a"]);
    assert_eq!(names("A").await, [""; 0]);
    let others = api.call_as_other("channels", json!({"pattern": "*"})).await;
    assert_eq!(others["result"]["channels"], json!({"a": {"num_clients": 1}}));
}

#[tokio::test]
async fn info_shows_the_tenants_part() {
    let api = visited().await;
    let mut reply = api.call("info", json!({})).await;
    let node = reply["result"]["nodes"][0].as_object_mut().unwrap();
    assert_eq!(node.remove("uid"), Some(Value::from(api.shared.broker.node_id())));
    assert_eq!(node.remove("version"), Some(Value::from(env!("CARGO_PKG_VERSION"))));
    node.remove("uptime");
    let expected = json!({"name": "natter", "num_clients": 3, "num_users": 1, "num_channels": 2, "num_subs": 3});
    assert_eq!(reply["result"]["nodes"], json!([expected]));
}
