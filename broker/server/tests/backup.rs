//! Backup, restore and verification, as an operator does them.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};
use support::{Node, post, run, stderr, stdout};

/// A namespace whose publications are on disk before they are acknowledged.
const DURABLE: &str = "[[plugins.centrifugo.namespaces]]\nname = \"durable\"\nhistory_size = 100000\n\
                       history_ttl_seconds = 3600\ndurable = true\nallow_history = true\n";

/// Publishes one number; the offset of its acknowledgement.
fn publish(port: u16, number: u64) -> u64 {
    let body = json!({ "channel": "durable:news", "data": { "number": number } });
    let (status, answer) = post(port, "/centrifugo/api/publish", "demo-api-key", &body);
    assert_eq!(status, 200, "{answer}");
    answer["result"]["offset"].as_u64().unwrap()
}

fn history(port: u16) -> Vec<Value> {
    let body = json!({ "channel": "durable:news", "limit": 100_000 });
    let (_, answer) = post(port, "/centrifugo/api/history", "demo-api-key", &body);
    answer["result"]["publications"].as_array().unwrap().clone()
}

fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
    stdout(&output)
}

fn fails(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", stdout(&output));
    stdout(&output) + &stderr(&output)
}

/// A backup of a node that is being written to holds a beginning of everything, at least what had been acknowledged
/// when it began; and a node that is started on it goes on from there.
#[test]
fn a_running_node_is_backed_up_and_restored() {
    let node = Node::start(DURABLE);
    for number in 1..=200 {
        assert_eq!(publish(node.port, number), number);
    }
    let stop = AtomicBool::new(false);
    let folder = node.folder.path();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 201..100_000 {
                publish(node.port, number);
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let made = succeeds(folder, &["backup", "one.backup", "--config", "natter.toml"]);
        stop.store(true, Ordering::Relaxed);
        assert!(made.contains(" 1 logs,"), "{made}");
    });
    assert!(fails(folder, &["backup", "one.backup", "--config", "natter.toml"]).contains("there already"));
    assert!(fails(folder, &["backup", "two.backup", "--offline", "--config", "natter.toml"]).contains("in use"));
    assert!(fails(folder, &["verify", "--config", "natter.toml"]).contains("in use"));
    assert!(fails(folder, &["restore", "one.backup", "--config", "natter.toml"]).contains("not empty"));

    let other = tempfile::tempdir().unwrap();
    fs::copy(node.path("one.backup"), other.path().join("one.backup")).unwrap();
    succeeds(other.path(), &["verify", "--backup", "one.backup"]);
    succeeds(other.path(), &["restore", "one.backup"]);
    succeeds(other.path(), &["verify"]);
    let restored = Node::start_in(other, DURABLE);
    let (all, kept) = (history(node.port), history(restored.port));
    assert!(kept.len() >= 200 && kept.len() <= all.len(), "{} of {}", kept.len(), all.len());
    assert_eq!(kept, all[..kept.len()]);
    assert_eq!(publish(restored.port, 1), kept.len() as u64 + 1);
}

#[test]
fn a_stopped_node_is_backed_up_into_a_folder() {
    let mut node = Node::start(DURABLE);
    publish(node.port, 1);
    node.signal(rustix::process::Signal::TERM);
    assert!(node.wait().success());
    let folder = node.folder.path();
    assert!(fails(folder, &["backup", ".", "--config", "natter.toml"]).contains("--offline"));
    succeeds(folder, &["backup", ".", "--offline", "--config", "natter.toml"]);
    let made: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let made: Vec<&PathBuf> = made.iter().filter(|path| path.extension().is_some_and(|end| end == "backup")).collect();
    let [backup] = made[..] else { panic!("{made:?}") };
    succeeds(folder, &["verify", "--backup", backup.to_str().unwrap()]);
    assert!(!node.path("natter.toml.part").exists());
}

#[test]
fn damage_of_a_backup_and_of_a_folder_is_found() {
    let mut node = Node::start(DURABLE);
    for number in 1..=300 {
        publish(node.port, number);
    }
    succeeds(node.folder.path(), &["backup", "one.backup", "--config", "natter.toml"]);
    node.signal(rustix::process::Signal::TERM);
    node.wait();

    let other = tempfile::tempdir().unwrap();
    let folder = other.path();
    fs::copy(node.path("one.backup"), folder.join("one.backup")).unwrap();
    // What was restored lies in tables, not in the journal.
    succeeds(folder, &["restore", "one.backup"]);
    let sound = succeeds(folder, &["verify"]);
    assert!(sound.contains(" 300 events,"), "{sound}");
    damage_all_tables(&folder.join("data"));
    let found = fails(folder, &["verify"]);
    assert!(found.contains("findings") || found.contains("cannot open"), "{found}");

    let mut backup = fs::read(node.path("one.backup")).unwrap();
    let middle = backup.len() / 2;
    backup[middle] ^= 1;
    fs::write(folder.join("changed.backup"), &backup).unwrap();
    fs::write(folder.join("short.backup"), &backup[..middle - 1]).unwrap();
    for name in ["changed.backup", "short.backup"] {
        assert!(fails(folder, &["verify", "--backup", name]).contains("cannot be used"));
    }
}

/// Changes one byte early in every table of the folder.
fn damage_all_tables(folder: &Path) {
    let mut changed = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.parent().unwrap().ends_with("tables") {
                let mut bytes = fs::read(&path).unwrap();
                bytes[60] ^= 0xff;
                fs::write(&path, bytes).unwrap();
                changed += 1;
            }
        }
    }
    assert!(changed > 0);
}
