//! What an earlier start has left is done by the next one.

use std::sync::Arc;

use natter_store::MemoryStore;

use super::support::{Bench, Step, done, job, options};
use crate::queue::job::Outcome;

#[tokio::test(start_paused = true)]
async fn jobs_of_an_earlier_start_come_first_and_under_their_names() {
    let store: Arc<MemoryStore> = Arc::default();
    let mut ids = Vec::new();
    {
        let before = Bench::new(&store, options(), done).await;
        for index in 0..50 {
            let name = format!("{index}");
            ids.push(before.outbox.enqueue(job("shop", Some("room"), "a.example", &name)).await.unwrap().to_string());
        }
    }
    let after = Bench::new(&store, options(), done).await;
    ids.push(after.outbox.enqueue(job("shop", Some("room"), "a.example", "50")).await.unwrap().to_string());
    after.outbox.start();
    after.until_attempts(51).await;
    let seen: Vec<String> = after.work.seen.lock().iter().map(|(.., id)| id.clone()).collect();
    assert_eq!(seen, ids);
    after.until_empty().await;
    let third = Bench::new(&store, options(), done).await;
    assert!(third.outbox.list(crate::Selection::Waiting, None, 100).await.unwrap().jobs.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wait_and_its_attempts_survive() {
    let store: Arc<MemoryStore> = Arc::default();
    let settings = options();
    let before = Bench::new(&store, settings.clone(), |_| Step::Answer(Outcome::retry("500"))).await;
    before.outbox.start();
    before.outbox.enqueue(job("shop", None, "a.example", "x")).await.unwrap();
    before.until_attempts(6).await;
    before.outbox.stop().await;
    let last = before.work.seen.lock().last().unwrap().0;

    let after = Bench::new(&store, settings, |delivery| {
        assert_eq!(delivery.attempts, 6);
        Step::Answer(Outcome::Done)
    })
    .await;
    after.outbox.start();
    after.until_attempts(1).await;
    assert!(after.work.seen.lock()[0].0 >= last + 32_000);
    after.until_empty().await;
}

#[tokio::test(start_paused = true)]
async fn counts_are_found_again() {
    let store: Arc<MemoryStore> = Arc::default();
    let before = Bench::new(&store, options(), |_| Step::Answer(Outcome::dead("no"))).await;
    before.outbox.start();
    before.outbox.enqueue(job("shop", None, "a.example", "dead")).await.unwrap();
    before.until_empty().await;
    before.outbox.stop().await;
    for index in 0..10 {
        before.outbox.enqueue(job("shop", None, "a.example", &index.to_string())).await.unwrap();
    }
    let after = Bench::new(&store, options(), |_| Step::Answer(Outcome::retry("500"))).await;
    after.outbox.start();
    after.until_attempts(3).await;
    let tally = after.outbox.0.tally.lock();
    assert_eq!((tally.all_waiting(), tally.all_dead(), tally.of_tenant("shop")), (10, 1, 10));
}

#[tokio::test(start_paused = true)]
async fn owners_do_not_share() {
    let store: Arc<MemoryStore> = Arc::default();
    let named = |owner: &str| crate::OutboxOptions { owner: owner.to_owned(), ..options() };
    let one = Bench::new(&store, named("one"), done).await;
    let two = Bench::new(&store, named("two"), done).await;
    two.outbox.start();
    one.outbox.enqueue(job("shop", None, "a.example", "of one")).await.unwrap();
    two.outbox.enqueue(job("shop", None, "a.example", "of two")).await.unwrap();
    two.until_empty().await;
    assert_eq!(two.work.names(), ["of two"]);
    one.outbox.start();
    one.until_empty().await;
    assert_eq!(one.work.names(), ["of one"]);
}
