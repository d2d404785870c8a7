//! When a job is tried again, and what becomes of one that never works.

use std::sync::Arc;
use std::time::Duration;

use super::support::{Bench, Step, job, options};
use crate::queue::job::{Delivery, JobKind, Outcome};
use crate::queue::options::RetryPolicy;
use crate::queue::outbox::Outbox;
use crate::{JobId, Selection};

fn always_fails(_: &Delivery) -> Step {
    Step::Answer(Outcome::retry("the answer was 500"))
}

async fn dead(outbox: &Outbox) -> Vec<crate::JobView> {
    outbox.list(Selection::Dead, None, 100).await.unwrap().jobs
}

#[tokio::test(start_paused = true)]
async fn waits_double_up_to_the_longest_and_the_name_stays() {
    let bench = Bench::new(&Arc::default(), options(), always_fails).await;
    let id = bench.outbox.enqueue(job("shop", None, "a.example", "x")).await.unwrap();
    bench.outbox.start();
    bench.until_attempts(9).await;
    let seen = bench.work.seen.lock().clone();
    assert!(seen.iter().all(|(.., name)| *name == id.to_string()));
    let waits: Vec<i64> = seen.windows(2).map(|pair| (pair[1].0 - pair[0].0) / 1000).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn the_ceiling_never_overflows() {
    let policy =
        RetryPolicy { initial: Duration::from_secs(1), max: Duration::from_secs(3600), give_up_after: Duration::MAX };
    assert_eq!(policy.ceiling_ms(1), 1_000);
    assert_eq!(policy.ceiling_ms(u32::MAX), 3_600_000);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_asks_for_patience_gets_it_within_bounds() {
    for (asked, got) in [(30, 30), (86_400, 60)] {
        let after = Some(Duration::from_secs(asked));
        let script = move |_: &Delivery| Step::Answer(Outcome::Retry { reason: "429".to_owned(), after });
        let bench = Bench::new(&Arc::default(), options(), script).await;
        bench.outbox.enqueue(job("shop", None, "a.example", "x")).await.unwrap();
        bench.outbox.start();
        bench.until_attempts(2).await;
        let seen = bench.work.seen.lock().clone();
        assert_eq!((seen[1].0 - seen[0].0) / 1000, got);
        bench.outbox.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_tried_at_once_when_somebody_wants_it() {
    let bench = Bench::new(&Arc::default(), options(), always_fails).await;
    for tenant in ["shop", "other"] {
        bench.outbox.enqueue(job(tenant, Some("room"), "a.example", tenant)).await.unwrap();
    }
    bench.outbox.start();
    bench.until_attempts(12).await;
    let before = bench.work.names().len();
    assert_eq!(bench.outbox.hurry(JobKind::Mail, None), 0);
    assert_eq!(bench.outbox.hurry(JobKind::Webhook, Some("shop")), 1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(bench.work.names()[before..], ["shop"], "one attempt more, and of nobody else");
    bench.until_attempts(before + 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_too_old_is_dead_with_its_last_reason() {
    let bench = Bench::new(&Arc::default(), options(), always_fails).await;
    let id = bench.outbox.enqueue(job("shop", Some("room"), "a.example", "x")).await.unwrap();
    bench.outbox.start();
    bench.until_empty().await;
    let dead = dead(&bench.outbox).await;
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].id.as_str(), dead[0].order_key.as_deref()), (id.to_string().as_str(), Some("room")));
    assert!(dead[0].reason.ends_with("the answer was 500"), "{}", dead[0].reason);
    assert!(dead[0].died_ms - dead[0].created_ms >= 3_600_000);
}

#[tokio::test(start_paused = true)]
async fn dead_at_once_and_brought_back() {
    let script = |delivery: &Delivery| match delivery.payload.as_ref() {
        b"gone" => Step::Answer(Outcome::dead("the answer was 410")),
        _ => Step::Answer(Outcome::Done),
    };
    let bench = Bench::new(&Arc::default(), options(), script).await;
    bench.outbox.start();
    let gone = bench.outbox.enqueue(job("shop", Some("room"), "a.example", "gone")).await.unwrap();
    bench.outbox.enqueue(job("shop", Some("room"), "a.example", "next")).await.unwrap();
    bench.until_empty().await;
    assert_eq!(bench.work.names(), ["gone", "next"]);
    assert_eq!(dead(&bench.outbox).await[0].reason, "the answer was 410");

    assert!(bench.outbox.retry_dead(gone).await.unwrap());
    bench.until_attempts(3).await;
    bench.until_empty().await;
    assert_eq!(bench.work.seen.lock()[2].2, gone.to_string());
    assert_eq!(dead(&bench.outbox).await.len(), 1);

    assert!(bench.outbox.discard_dead(gone).await.unwrap());
    assert!(dead(&bench.outbox).await.is_empty());
    assert!(!bench.outbox.discard_dead(gone).await.unwrap());
    assert!(!bench.outbox.retry_dead(gone).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn lists_go_on_where_they_stopped() {
    let bench = Bench::new(&Arc::default(), options(), always_fails).await;
    let mut ids = Vec::new();
    for index in 0..70 {
        ids.push(bench.outbox.enqueue(job("shop", None, "a.example", &index.to_string())).await.unwrap());
    }
    let (mut found, mut from) = (Vec::<JobId>::new(), None);
    for _ in 0..200 {
        let listing = bench.outbox.list(Selection::Waiting, from.as_deref(), 3).await.unwrap();
        assert!(listing.jobs.len() <= 3);
        found.extend(listing.jobs.iter().map(|job| job.id.parse::<JobId>().unwrap()));
        from = listing.next;
        if from.is_none() {
            break;
        }
    }
    found.sort();
    assert_eq!(found, ids);
    let wrong = bench.outbox.list(Selection::Waiting, Some("nonsense"), 3).await.unwrap();
    assert!(wrong.jobs.is_empty() && wrong.next.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_hang_are_failures_like_others() {
    let script = |delivery: &Delivery| match (delivery.payload.as_ref(), delivery.attempts) {
        (b"panic", 0) => Step::Panic,
        (b"hang", 0) => Step::Hang,
        _ => Step::Answer(Outcome::Done),
    };
    let bench = Bench::new(&Arc::default(), options(), script).await;
    bench.outbox.start();
    for name in ["panic", "hang"] {
        bench.outbox.enqueue(job("shop", None, "a.example", name)).await.unwrap();
    }
    bench.until_empty().await;
    assert_eq!(bench.work.names().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_dead_are_bounded() {
    let limits = crate::OutboxOptions { dead_max: 3, ..options() };
    let bench = Bench::new(&Arc::default(), limits, |_| Step::Answer(Outcome::dead("no"))).await;
    bench.outbox.start();
    for index in 0..5 {
        bench.outbox.enqueue(job("shop", Some("room"), "a.example", &index.to_string())).await.unwrap();
    }
    bench.until_empty().await;
    assert_eq!(dead(&bench.outbox).await.len(), 3);
}
