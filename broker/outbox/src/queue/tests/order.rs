//! Jobs of an order key run in the order of the calls, whatever happens to some of them.

use std::sync::Arc;
use std::time::Duration;

use natter_store::MemoryStore;

use super::support::{Bench, Step, done, job, options};
use crate::queue::job::Outcome;

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|index| index.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_key_keeps_its_order() {
    let bench = Bench::new(&Arc::default(), options(), done).await;
    bench.outbox.start();
    for name in numbered(100) {
        bench.outbox.enqueue(job("shop", Some("room"), "a.example", &name)).await.unwrap();
    }
    bench.until_empty().await;
    assert_eq!(bench.work.names(), numbered(100));
}

#[tokio::test(start_paused = true)]
async fn the_call_takes_the_place_not_the_write() {
    let bench = Bench::new(&Arc::default(), options(), done).await;
    bench.outbox.start();
    let calls =
        numbered(20).into_iter().map(|name| bench.outbox.enqueue(job("shop", Some("room"), "a.example", &name)));
    let mut calls: Vec<_> = calls.collect();
    // The writes are made in reverse.
    while let Some(call) = calls.pop() {
        call.await.unwrap();
        tokio::task::yield_now().await;
    }
    bench.until_empty().await;
    assert_eq!(bench.work.names(), numbered(20));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_holds_nobody_up() {
    let bench = Bench::new(&Arc::default(), options(), done).await;
    bench.outbox.start();
    let dropped = bench.outbox.enqueue(job("shop", Some("room"), "a.example", "dropped"));
    bench.outbox.enqueue(job("shop", Some("room"), "a.example", "kept")).await.unwrap();
    drop(dropped);
    bench.until_empty().await;
    assert_eq!(bench.work.names(), ["kept"]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_job_is_repeated_before_those_behind_it_and_no_other_key_waits() {
    let script = |delivery: &crate::Delivery| {
        let fails = delivery.payload.starts_with(b"bad") && delivery.attempts < 2;
        Step::Answer(if fails { Outcome::retry("not yet") } else { Outcome::Done })
    };
    let bench = Bench::new(&Arc::default(), options(), script).await;
    for (key, name) in [("room", "bad"), ("room", "behind"), ("other", "beside")] {
        bench.outbox.enqueue(job("shop", Some(key), "a.example", name)).await.unwrap();
    }
    bench.outbox.start();
    bench.until_empty().await;
    let seen: Vec<_> = bench.work.seen.lock().iter().map(|(at, name, _)| (*at / 1000, name.clone())).collect();
    let of_room: Vec<_> = seen.iter().filter(|(_, name)| name != "beside").map(|(_, name)| name.as_str()).collect();
    assert_eq!(of_room, ["bad", "bad", "bad", "behind"]);
    assert!(seen.contains(&(0, "beside".to_owned())), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_key_of_another_tenant_is_another_line() {
    let script = |delivery: &crate::Delivery| match delivery.tenant.as_str() {
        "shop" => Step::Answer(Outcome::retry("always")),
        _ => Step::Answer(Outcome::Done),
    };
    let store: Arc<MemoryStore> = Arc::default();
    let bench = Bench::new(&store, options(), script).await;
    bench.outbox.start();
    bench.outbox.enqueue(job("shop", Some("room"), "a.example", "theirs")).await.unwrap();
    bench.outbox.enqueue(job("other", Some("room"), "a.example", "ours")).await.unwrap();
    bench.until_attempts(4).await;
    assert_eq!(bench.work.names().iter().filter(|name| *name == "ours").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_for_later_waits_for_its_time_across_a_restart_and_holds_up_no_other_key() {
    let store = Arc::new(MemoryStore::new());
    let bench = Bench::new(&store, options(), done).await;
    let later = bench.outbox.enqueue_later(job("shop", Some("room"), "a.example", "later"), Duration::from_secs(900));
    later.await.unwrap();
    drop(bench);
    let bench = Bench::new(&store, options(), done).await;
    bench.outbox.start();
    for (key, name) in [("room", "behind"), ("other", "beside")] {
        bench.outbox.enqueue(job("shop", Some(key), "a.example", name)).await.unwrap();
    }
    bench.until_empty().await;
    assert_eq!(bench.work.names(), ["beside", "later", "behind"]);
    let times: Vec<_> = bench.work.seen.lock().iter().map(|(at, ..)| *at >= 900_000).collect();
    assert_eq!(times, [false, true, true]);
}
