//! Administration of a running node, and of a data folder: tenants, keys, status, reload.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod support;

use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Node, get, post, request, run, stderr, stdout};

fn internal(node: &Node) -> String {
    format!("http://127.0.0.1:{}", node.internal)
}

#[test]
fn administration_needs_the_token_of_the_data_folder() {
    let node = Node::start("");
    let token = fs::read_to_string(node.path("data/admin.token")).unwrap();
    assert_eq!(get(node.internal, "/admin/api/status").unwrap().0, 401);
    assert_eq!(request(node.internal, "/admin/api/status", Some("wrong")).unwrap().0, 401);
    let (status, body) = request(node.internal, "/admin/api/status", Some(&token)).unwrap();
    assert_eq!(status, 200);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["state"], &body["store"]), (&json!("ready"), &json!("embedded")));
    assert_eq!(get(node.port, "/admin/api/status").unwrap().0, 404);
}

#[test]
fn tenants_are_added_given_keys_and_listed() {
    let node = Node::start("");
    let folder = node.folder.path();
    let added = run(folder, &["tenant", "add", "acme", "--json", "--config", "natter.toml"]);
    assert!(added.status.success(), "{}", stderr(&added));
    let added: Value = serde_json::from_slice(&added.stdout).unwrap();
    let keys = run(folder, &["tenant", "key", "acme", "--json", "--internal", &internal(&node)]);
    assert!(keys.status.success(), "{}", stderr(&keys));
    let keys: Value = serde_json::from_slice(&keys.stdout).unwrap();
    assert_eq!(keys["tenant"], "acme");
    for issued in [&added, &keys] {
        let key = issued["api_key"].as_str().unwrap();
        let (status, body) = post(node.port, "/centrifugo/api/info", key, &json!({}));
        assert_eq!((status, body["error"].is_null()), (200, true), "{body}");
    }
    assert_eq!(post(node.port, "/centrifugo/api/info", "no-key", &json!({})).0, 401);
    let list = stdout(&run(folder, &["tenant", "list", "--internal", &internal(&node)]));
    assert!(list.contains("demo ") && list.contains("acme ") && list.contains("added"), "{list}");
    assert!(!list.contains(keys["api_key"].as_str().unwrap()));
    let again = run(folder, &["tenant", "add", "acme", "--config", "natter.toml"]);
    assert!(stderr(&again).contains("there is a tenant \"acme\" already"));
    let unknown = run(folder, &["tenant", "key", "nobody/../x", "--config", "natter.toml"]);
    assert!(stderr(&unknown).contains("there is no tenant \"nobody/../x\""), "{}", stderr(&unknown));
}

#[test]
fn added_tenants_survive_a_restart_and_can_be_managed_offline() {
    let mut node = Node::start("");
    let added = run(node.folder.path(), &["tenant", "add", "acme", "--json", "--config", "natter.toml"]);
    let added: Value = serde_json::from_slice(&added.stdout).unwrap();
    let busy = run(node.folder.path(), &["tenant", "list", "--offline", "--config", "natter.toml"]);
    assert!(stderr(&busy).contains("in use by another natter process"), "{}", stderr(&busy));
    node.signal(Signal::TERM);
    assert!(node.wait().success());

    let folder = node.folder.path();
    let gone = run(folder, &["tenant", "list", "--config", "natter.toml"]);
    assert!(stderr(&gone).contains("no node answers at"), "{}", stderr(&gone));
    let list = run(folder, &["tenant", "list", "--offline", "--json", "--config", "natter.toml"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list[1]["id"], "acme");
    let keys = run(folder, &["tenant", "key", "acme", "--offline", "--json", "--config", "natter.toml"]);
    let keys: Value = serde_json::from_slice(&keys.stdout).unwrap();

    let again = Node::start_in(std::mem::replace(&mut node.folder, tempfile::tempdir().unwrap()), "");
    for issued in [&added, &keys] {
        let key = issued["api_key"].as_str().unwrap();
        assert_eq!(post(again.port, "/centrifugo/api/info", key, &json!({})).0, 200);
    }
}

#[test]
fn status_and_reload_ask_the_running_node() {
    let node = Node::start("");
    let folder = node.folder.path();
    let status = run(folder, &["status", "--config", "natter.toml"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((&status["state"], &status["tenants"]), (&json!("ready"), &json!(1)));
    let before = fs::read_to_string(node.path("natter.toml")).unwrap();
    let limits = "[limits]\nframe_bytes_max = 70000\n[files]\npath = \"elsewhere\"\n";
    fs::write(node.path("natter.toml"), format!("{before}{limits}")).unwrap();
    let reload = run(folder, &["reload", "--config", "natter.toml"]);
    let reload: Value = serde_json::from_slice(&reload.stdout).unwrap();
    assert_eq!(reload, json!({ "applied": ["limits"], "restart": ["files"] }));
    fs::write(node.path("natter.toml"), format!("{before}[limits]\nnothing = 1\n")).unwrap();
    let refused = run(folder, &["reload", "--internal", &internal(&node)]);
    assert!(stderr(&refused).contains("limits.nothing"), "{}", stderr(&refused));
}
