//! `natter webhooks`: what was not delivered is seen with its reason and age, and delivered again on the running node.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use natter_core::TenantId;
use natter_outbox::{Deliverer, Delivery, Job, JobKind, Outbox, OutboxOptions, Outcome, Selection};
use natter_store::{EmbeddedOptions, EmbeddedStore, Store};
use serde_json::Value;
use support::{Node, run, stderr, stdout};

/// Refuses for good, or for now.
struct Refuses;

#[async_trait]
impl Deliverer for Refuses {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        match delivery.payload.as_ref() {
            b"gone" => Outcome::dead("the endpoint answered 410"),
            _ => Outcome::Retry { reason: "the endpoint answered 503".to_owned(), after: None },
        }
    }
}

/// Leaves two dead deliveries and two that wait for hours in a data folder.
#[tokio::main(flavor = "current_thread")]
async fn prepare(folder: &Path) {
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(EmbeddedOptions::new(folder)).unwrap());
    let mut options = OutboxOptions::default();
    for policy in &mut options.policies {
        (policy.initial, policy.max) = (Duration::from_secs(7_200), Duration::from_secs(7_200));
    }
    options.jitter = Arc::new(|wait| wait);
    let outbox = Outbox::open(Arc::clone(&store), options).await.unwrap();
    outbox.register(JobKind::Webhook, Arc::new(Refuses));
    outbox.start();
    for (tenant, payload) in [
        ("openchat.partner_shop", "gone"),
        ("openchat.partner_shop", "later"),
        ("openchat.other", "gone"),
        ("openchat.other", "later"),
    ] {
        let job = Job {
            tenant: TenantId::new(tenant),
            kind: JobKind::Webhook,
            order_key: None,
            host: "hooks.example".to_owned(),
            payload: payload.into(),
        };
        outbox.enqueue(job).await.unwrap();
    }
    for _ in 0..1000 {
        let dead = outbox.list(Selection::Dead, None, 100).await.unwrap().jobs;
        let waiting = outbox.list(Selection::Waiting, None, 100).await.unwrap().jobs;
        if dead.len() == 2 && waiting.iter().filter(|job| job.attempts == 1).count() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    outbox.stop().await;
    store.close().await;
}

fn list(node: &Node, more: &[&str]) -> Vec<Value> {
    let arguments = [&["webhooks", "list", "--json", "--config", "natter.toml"], more].concat();
    let output = run(node.folder.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn act(node: &Node, arguments: &[&str]) -> (bool, String) {
    let output = run(node.folder.path(), &[&["webhooks"], arguments, &["--config", "natter.toml"]].concat());
    (output.status.success(), stdout(&output) + &stderr(&output))
}

#[test]
fn deliveries_are_listed_and_driven_again() {
    let folder = tempfile::tempdir().unwrap();
    prepare(&folder.path().join("data"));
    let node = Node::start_in(folder, "");

    let all = list(&node, &[]);
    assert_eq!(all.len(), 4);
    let of_partner = list(&node, &["--partner", "Partner_Shop"]);
    let shown = |one: &Value| (one["state"].clone(), one["attempts"].clone(), one["reason"].clone());
    let expected = [("dead", 0, "the endpoint answered 410"), ("waiting", 1, "the endpoint answered 503")];
    let expected = expected.map(|(state, attempts, reason)| (state.into(), attempts.into(), reason.into()));
    assert_eq!(of_partner.iter().map(shown).collect::<Vec<_>>(), expected);
    assert!(of_partner.iter().all(|one| one["age_seconds"].as_i64().unwrap() >= 0));
    assert_eq!(list(&node, &["--tenant", "openchat.other", "--dead"]).len(), 1);
    assert_eq!((list(&node, &["--waiting"]).len(), list(&node, &["--limit", "3"]).len()), (2, 3));
    let table = act(&node, &["list"]).1;
    assert!(table.contains("waiting") && table.contains("answered 503") && table.contains("hooks.example"), "{table}");

    // The node knows no such partner, so that whatever is tried is done: what was hurried is gone.
    let (is_done, said) = act(&node, &["retry", "--partner", "partner_shop"]);
    assert!(is_done && said.contains("1 dead deliveries queued again, 1 lines of waiting ones"), "{said}");
    for _ in 0..500 {
        if list(&node, &["--partner", "partner_shop"]).is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(list(&node, &["--partner", "partner_shop"]).len(), 0);
    let others = list(&node, &["--tenant", "openchat.other"]);
    assert_eq!(others.iter().map(shown).collect::<Vec<_>>(), expected, "nobody else's");
    let id = list(&node, &["--tenant", "openchat.other", "--dead"])[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(act(&node, &["retry", &id]), (true, "1 dead deliveries queued again\n".to_owned()));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let node = Node::start("");
    assert!(act(&node, &["retry"]).1.contains("say --all"));
    assert!(act(&node, &["retry", "x/../y"]).1.contains("is no job's id"));
    assert!(act(&node, &["list", "--dead", "--waiting"]).1.contains("cannot be used with"));
    assert!(list(&node, &[]).is_empty());
    assert!(act(&node, &["retry", "--all"]).0);
}
