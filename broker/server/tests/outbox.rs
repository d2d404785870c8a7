//! `natter outbox`: what was given up is seen, tried again and discarded on the running node.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use natter_core::TenantId;
use natter_outbox::{Deliverer, Delivery, Job, JobKind, Outbox, OutboxOptions, Outcome, Selection};
use natter_store::{EmbeddedOptions, EmbeddedStore, Store};
use serde_json::{Value, json};
use support::{Node, run, stderr, stdout};

struct Refuses;

#[async_trait]
impl Deliverer for Refuses {
    async fn deliver(&self, _: &Delivery) -> Outcome {
        Outcome::dead("the endpoint answered 410")
    }
}

/// Leaves three dead jobs and one that waits in a data folder.
#[tokio::main(flavor = "current_thread")]
async fn prepare(folder: &Path) {
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(EmbeddedOptions::new(folder)).unwrap());
    let outbox = Outbox::open(Arc::clone(&store), OutboxOptions::default()).await.unwrap();
    outbox.register(JobKind::Mail, Arc::new(Refuses));
    outbox.start();
    let job = |tenant: &str| Job {
        tenant: TenantId::new(tenant),
        kind: JobKind::Mail,
        order_key: None,
        host: "hooks.example".to_owned(),
        payload: r#"{"to":"ada@example.com","subject":"Hello","text":"Hello"}"#.into(),
    };
    for tenant in ["acme", "acme", "other"] {
        outbox.enqueue(job(tenant)).await.unwrap();
    }
    for _ in 0..1000 {
        if outbox.list(Selection::Dead, None, 100).await.unwrap().jobs.len() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    outbox.stop().await;
    store.close().await;
}

fn list(node: &Node, more: &[&str]) -> Vec<Value> {
    let arguments = [&["outbox", "list", "--json", "--config", "natter.toml"], more].concat();
    let output = run(node.folder.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn act(node: &Node, arguments: &[&str]) -> (bool, String) {
    let output = run(node.folder.path(), &[&["outbox"], arguments, &["--config", "natter.toml"]].concat());
    (output.status.success(), stdout(&output) + &stderr(&output))
}

#[test]
fn dead_jobs_are_listed_tried_again_and_discarded() {
    let folder = tempfile::tempdir().unwrap();
    prepare(&folder.path().join("data"));
    // Nobody listens there, so what is tried again waits.
    let node = Node::start_in(folder, "[mail]\nsmtp_url = \"smtp://127.0.0.1:1\"\n");

    let dead = list(&node, &[]);
    assert_eq!(dead.len(), 3);
    assert_eq!(dead[0]["reason"], "the endpoint answered 410");
    assert_eq!(list(&node, &["--tenant", "other"]).len(), 1);
    assert_eq!(list(&node, &["--limit", "2"]).len(), 2);
    assert!(list(&node, &["--kind", "push"]).is_empty());
    let table = act(&node, &["list"]).1;
    assert!(table.contains(dead[0]["id"].as_str().unwrap()) && table.contains("hooks.example"), "{table}");

    let id = list(&node, &["--tenant", "other"])[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(act(&node, &["discard", &id]), (true, "1 jobs discarded\n".to_owned()));
    let (is_done, said) = act(&node, &["discard", &id]);
    assert!(!is_done && said.contains("there is no dead job"), "{said}");
    assert_eq!(act(&node, &["retry", "--all", "--tenant", "acme"]), (true, "2 jobs queued again\n".to_owned()));
    assert!(list(&node, &[]).is_empty());
    let waiting = list(&node, &["--waiting"]);
    let mails = waiting.iter().filter(|job| job["kind"] == json!("mail")).count();
    assert_eq!((waiting.len(), mails), (2, 2), "{waiting:?}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let node = Node::start("");
    assert!(act(&node, &["retry"]).1.contains("required"));
    assert!(act(&node, &["retry", "x/../y"]).1.contains("is no job's id"));
    assert!(act(&node, &["retry", "abc"]).1.contains("32 hexadecimal digits"));
    assert!(act(&node, &["list", "--kind", "fax"]).1.contains("one of webhook"));
    assert_eq!(act(&node, &["discard", "--all"]), (true, "0 jobs discarded\n".to_owned()));
}
