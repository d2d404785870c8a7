//! What an answer of the server API promises outlives `kill -9` right behind it.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod support;

use serde_json::{Value, json};
use support::{Node, post};

/// How often a node is killed.
const ROUNDS: u64 = 6;
/// What a round publishes.
const EACH: u64 = 5;

const DURABLE: &str = "[[plugins.centrifugo.namespaces]]\nname = \"durable\"\nhistory_size = 1000\n\
                       history_ttl_seconds = 3600\ndurable = true\nallow_history = true\n";

fn call(node: &Node, method: &str, body: &Value) -> Value {
    let (status, answer) = post(node.port, &format!("/centrifugo/api/{method}"), "demo-api-key", body);
    assert_eq!((status, &answer["error"]), (200, &Value::Null), "{method} {body}: {answer}");
    answer["result"].clone()
}

fn kept(node: &Node) -> Vec<u64> {
    let page = call(node, "history", &json!({ "channel": "durable:news", "limit": 1000 }));
    let publications = page["publications"].as_array().unwrap();
    publications.iter().map(|publication| publication["offset"].as_u64().unwrap()).collect()
}

/// Whether a publication of this version was taken.
fn publishes(node: &Node, version: u64, epoch: &str) -> bool {
    let before = call(node, "history", &json!({ "channel": "durable:news" }))["offset"].as_u64();
    let body = json!({ "channel": "durable:news", "data": 1, "version": version, "version_epoch": epoch });
    let after = call(node, "publish", &body)["offset"].as_u64();
    after.unwrap_or_default() == before.unwrap_or_default() + 1
}

#[test]
fn removed_history_stays_removed() {
    let mut folder = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        let node = Node::start_in(folder, DURABLE);
        let offsets: Vec<u64> = (0..EACH)
            .map(|number| call(&node, "publish", &json!({ "channel": "durable:news", "data": number })))
            .map(|published| published["offset"].as_u64().unwrap())
            .collect();
        assert_eq!(offsets, (round * EACH + 1..=(round + 1) * EACH).collect::<Vec<_>>(), "numbers go on");
        if round % 2 == 0 {
            assert_eq!(kept(&node), offsets, "what was removed before has come back");
        } else {
            // Nobody has touched the channel since the start: it is removed without being loaded.
            let node = Node::start_in(node.into_folder(), DURABLE);
            call(&node, "history_remove", &json!({ "channel": "durable:news" }));
            folder = node.into_folder();
            continue;
        }
        call(&node, "history_remove", &json!({ "channel": "durable:news" }));
        folder = node.into_folder();
    }
    assert!(kept(&Node::start_in(folder, DURABLE)).is_empty());
}

#[test]
fn a_version_is_known_after_the_crash() {
    let node = Node::start(DURABLE);
    assert!(publishes(&node, 7, "one"));
    for _ in 0..300 {
        call(&node, "publish", &json!({ "channel": "durable:news", "data": 0 }));
    }
    let node = Node::start_in(node.into_folder(), DURABLE);
    assert!(!publishes(&node, 7, "one"), "its event is older than what a start loads");
    assert!(!publishes(&node, 3, ""));
    assert!(publishes(&node, 1, "two"), "another epoch counts anew");
    call(&node, "history_remove", &json!({ "channel": "durable:news" }));
    let node = Node::start_in(node.into_folder(), DURABLE);
    assert!(!publishes(&node, 1, "two"), "its event is forgotten, the version is not");
    assert!(publishes(&node, 2, "two"));
}
