//! `history` and `history_remove`.

use serde_json::{Value, json};

use super::{Api, error};

async fn filled() -> Api {
    let api = Api::start();
    for n in 1..=7 {
        for channel in ["a", "durable:a"] {
            api.call("publish", json!({"channel": channel, "data": n})).await;
        }
    }
    api
}

/// Asks for a page of both kinds of channels, which must agree, and returns its data.
async fn page(api: &Api, request: Value) -> Vec<u64> {
    let mut pages = Vec::new();
    for channel in ["a", "durable:a"] {
        let mut request = request.clone();
        request["channel"] = channel.into();
        let reply = api.call("history", request).await;
        assert_eq!(reply["result"]["offset"], 7);
        let publications = reply["result"]["publications"].as_array().unwrap().clone();
        assert!(publications.iter().all(|publication| publication["data"] == publication["offset"]));
        pages.push(publications.iter().map(|publication| publication["data"].as_u64().unwrap()).collect::<Vec<_>>());
    }
    assert_eq!(pages[0], pages[1]);
    pages.remove(0)
}

#[tokio::test]
async fn pages_are_cut_as_asked() {
    let api = filled().await;
    assert_eq!(page(&api, json!({})).await, [0; 0]);
    assert_eq!(page(&api, json!({"limit": 2})).await, [3, 4]);
    assert_eq!(page(&api, json!({"limit": -1})).await, [3, 4, 5, 6, 7]);
    assert_eq!(page(&api, json!({"limit": 2, "reverse": true})).await, [7, 6]);
    assert_eq!(page(&api, json!({"limit": 2, "since": {"offset": 4}})).await, [5, 6]);
    assert_eq!(page(&api, json!({"limit": 9, "since": {"offset": 6}, "reverse": true})).await, [5, 4, 3]);
    assert_eq!(page(&api, json!({"limit": 9, "since": null, "reverse": null})).await, [3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn epoch_must_fit() {
    let api = filled().await;
    let epoch = api.call("history", json!({"channel": "a"})).await["result"]["epoch"].clone();
    let since = |epoch: Value| json!({"channel": "a", "limit": 9, "since": {"offset": 6, "epoch": epoch}});
    assert_eq!(api.call("history", since(epoch)).await["result"]["publications"], json!([{"data": 7, "offset": 7}]));
    assert_eq!(api.call("history", since("zzzz".into())).await, error(112, "unrecoverable position"));
}

#[tokio::test]
async fn untouched_channel_has_a_position() {
    let api = Api::start();
    let reply = api.call("history", json!({"channel": "new", "limit": 5})).await;
    let epoch = reply["result"]["epoch"].as_str().unwrap();
    assert_eq!(epoch.len(), 8);
    assert_eq!(reply, json!({"result": {"publications": [], "epoch": epoch, "offset": 0}}));
}

#[tokio::test]
async fn removal_keeps_the_position() {
    let api = filled().await;
    let before = api.call("history", json!({"channel": "a"})).await;
    assert_eq!(api.call("history_remove", json!({"channel": "a"})).await, json!({"result": {}}));
    let after = api.call("history", json!({"channel": "a", "limit": -1})).await;
    assert_eq!(after, before);
    assert_eq!(api.call("publish", json!({"channel": "a", "data": 8})).await["result"]["offset"], 8);
}
