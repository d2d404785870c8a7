//! `batch`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Api, error};

#[tokio::test]
async fn replies_stand_in_the_order_of_commands() {
    let api = Api::start();
    let commands = json!([
        {"publish": {"channel": "a", "data": 1}},
        {"broadcast": {"channels": ["a"], "data": 2}},
        {"history": {"channel": "a", "limit": 5}},
        {"publish": {"channel": "nope:a", "data": 1}},
        {"history_remove": {"channel": "a"}},
        {"presence": {"channel": "a"}},
        {"presence_stats": {"channel": "a"}},
        {"subscribe": {"user": "u", "channel": "a"}},
        {"unsubscribe": {"user": "u"}},
        {"disconnect": {"user": "u"}},
        {"refresh": {"user": "u"}},
        {"channels": {}},
        {"info": {}},
        {"rpc": {"method": "x"}},
        {"publish": null, "info": {}},
        {"block_user": {}},
        {"batch": {"commands": []}},
        {},
        null,
    ]);
    let reply = api.call("batch", json!({ "commands": commands })).await;
    assert!(reply.get("result").is_none());
    let replies = reply["replies"].as_array().unwrap();
    assert_eq!(replies.len(), commands.as_array().unwrap().len());
    let epoch = replies[0]["publish"]["epoch"].clone();
    assert_eq!(replies[0], json!({"publish": {"offset": 1, "epoch": epoch}}));
    assert_eq!(replies[1]["broadcast"]["responses"][0]["result"]["offset"], 2);
    let pages = json!([{"data": 1, "offset": 1}, {"data": 2, "offset": 2}]);
    assert_eq!(replies[2], json!({"history": {"publications": pages, "epoch": epoch, "offset": 2}}));
    assert_eq!(replies[3], error(102, "unknown channel"));
    assert_eq!(replies[4], json!({"history_remove": {}}));
    assert_eq!(replies[5], json!({"presence": {"presence": {}}}));
    assert_eq!(replies[6], json!({"presence_stats": {"num_clients": 0, "num_users": 0}}));
    for (reply, name) in replies[7..11].iter().zip(["subscribe", "unsubscribe", "disconnect", "refresh"]) {
        assert_eq!(*reply, json!({ name: {} }));
    }
    assert_eq!(replies[11], json!({"channels": {"channels": {}}}));
    assert!(replies[12]["info"]["nodes"].is_array());
    assert_eq!(replies[13], error(104, "not found"));
    assert!(replies[14]["info"].is_object());
    for unknown in &replies[15..] {
        assert_eq!(*unknown, error(104, "not found"));
    }
}

#[tokio::test]
async fn parallel_batch_keeps_the_order_of_replies() {
    let api = Api::start();
    let publish = |n: usize| json!({"publish": {"channel": format!("fast:{n}"), "data": n}});
    let many: Vec<Value> = (0..500).map(publish).collect();
    let reply = api.call("batch", json!({"commands": many, "parallel": true})).await;
    assert_eq!(reply["replies"], Value::from(vec![json!({"publish": {}}); 500]));
    let publish = |n: usize| json!({"publish": {"channel": format!("c{n}"), "data": n}});
    let reply = api.call("batch", json!({"commands": [publish(1), publish(1), {}], "parallel": true})).await;
    let offsets: Vec<_> =
        reply["replies"].as_array().unwrap().iter().map(|reply| &reply["publish"]["offset"]).collect();
    assert_eq!(offsets[..2], [&json!(1), &json!(2)]);
    assert_eq!(reply["replies"][2], error(104, "not found"));
}

#[tokio::test]
async fn nothing_is_done_unless_all_is_understood() {
    let api = Api::start();
    let bodies = [
        r#"{"commands":[{"publish":{"channel":"a","data":1}},{"publish":{"channel":1}}]}"#,
        r#"{"commands":[{"publish":{"channel":"a","data":1}},1]}"#,
        r#"{"commands":{}}"#,
    ];
    for body in bodies {
        assert_eq!(api.post("/batch", &[], body).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(api.call("history", json!({"channel": "a"})).await["result"]["offset"], 0);
}

#[tokio::test]
async fn batch_is_bounded() {
    let api = Api::with(|config| config.limits.batch_commands_max = 2);
    assert_eq!(api.call("batch", json!({"commands": [{}, {}]})).await["replies"].as_array().unwrap().len(), 2);
    assert_eq!(api.post("/batch", &[], r#"{"commands":[{},{},{}]}"#).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(api.call("batch", json!({})).await, json!({"replies": []}));
    assert_eq!(api.call("batch", Value::Null).await, json!({"replies": []}));
}
