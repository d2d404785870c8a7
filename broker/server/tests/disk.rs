//! A disk that takes no more writes: senders are told so, everything else goes on, and after a restart on a disk that
//! does, nothing that was acknowledged is missing.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod support;

use std::fs::File;
use std::io::Write;
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::{Value, json};
use support::{Node, free_port, get, natter, post};

const NAMESPACES: &str = "[[plugins.centrifugo.namespaces]]\nname = \"durable\"\nhistory_size = 100000\n\
                          history_ttl_seconds = 3600\ndurable = true\nallow_history = true\n\
                          [[plugins.centrifugo.namespaces]]\nname = \"fast\"\n";

/// Starts a node that a file's size may be limited for: it is told of a write that fails instead of being killed.
fn start() -> Node {
    let (folder, port, internal) = (tempfile::tempdir().unwrap(), free_port(), free_port());
    let text = format!(
        "{NAMESPACES}\n[server]\ninternal_address = \"127.0.0.1:{internal}\"\nworkers = 2\n\
         [[listeners]]\naddress = \"127.0.0.1:{port}\"\n"
    );
    File::create(folder.path().join("natter.toml")).unwrap().write_all(text.as_bytes()).unwrap();
    let program = natter(folder.path());
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program.get_program());
    command.args(["serve", "--config", "natter.toml"]).current_dir(folder.path());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NATTER")) {
        command.env_remove(name);
    }
    Node::spawn(command, folder, port, internal)
}

fn publish(node: &Node, channel: &str, number: u64) -> (u16, Value) {
    post(node.port, "/centrifugo/api/publish", "demo-api-key", &json!({ "channel": channel, "data": { "n": number } }))
}

/// Lets no file of the node grow any more.
fn refuse_writes(node: &Node) {
    let limit = Rlimit { current: Some(1), maximum: None };
    prlimit(Some(Pid::from_child(node.child())), Resource::Fsize, limit).unwrap();
}

#[test]
fn a_disk_that_refuses_writes_loses_nothing() {
    let node = start();
    for number in 1..=50 {
        assert_eq!(publish(&node, "durable:news", number).1["result"]["offset"], number);
    }
    refuse_writes(&node);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    for _ in 0..3 {
        let url = format!("http://127.0.0.1:{}/centrifugo/api/publish", node.port);
        let request =
            agent.post(url).header("x-api-key", "demo-api-key").header("x-centrifugo-error-mode", "transport");
        let refused = request.send_json(json!({ "channel": "durable:news", "data": {} })).unwrap();
        assert_eq!(refused.status(), 503);
        assert_eq!(refused.headers()["retry-after"], "1");
        let (status, answer) = publish(&node, "fast:news", 1);
        assert_eq!((status, answer["error"].is_null()), (200, true), "{answer}");
    }
    let (status, body) = get(node.internal, "/readyz").unwrap();
    assert!(status == 503 && body.contains("the store"), "{body}");

    node.signal(Signal::KILL);
    let node = Node::start_in(node.into_folder(), NAMESPACES);
    let body = json!({ "channel": "durable:news", "limit": 1000 });
    let (_, answer) = post(node.port, "/centrifugo/api/history", "demo-api-key", &body);
    let stored = answer["result"]["publications"].as_array().unwrap();
    let numbers: Vec<u64> = stored.iter().filter_map(|event| event["data"]["n"].as_u64()).collect();
    assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
    // What was refused while it may have been written is there or is not, but never in the middle.
    assert!(stored.len() <= 51, "{}", stored.len());
    assert_eq!(publish(&node, "durable:news", 51).1["result"]["offset"], stored.len() + 1);
}
