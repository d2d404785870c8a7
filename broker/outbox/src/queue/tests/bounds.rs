//! Every bound, and that nobody pays for somebody else's failures.

use std::sync::Arc;
use std::time::Duration;

use super::support::{Bench, Step, done, job, options};
use crate::queue::job::{Delivery, Outcome};
use crate::{EnqueueError, OutboxOptions};

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_overall_by_tenant_and_by_host() {
    let limits = OutboxOptions { attempts_max: 10, attempts_per_tenant_max: 6, attempts_per_host_max: 4, ..options() };
    let cases: [(&[&str], &[&str], usize); 3] = [
        (&["shop"], &["a.example"], 4),
        (&["shop"], &["a.example", "b.example"], 6),
        (&["shop", "other", "third"], &["a.example", "b.example"], 10),
    ];
    for (tenants, hosts, most) in cases {
        let bench = Bench::taking(Duration::from_secs(1), &Arc::default(), limits.clone(), done).await;
        for (index, tenant) in tenants.iter().flat_map(|tenant| std::iter::repeat_n(tenant, 40)).enumerate() {
            let host = hosts[index % hosts.len()];
            bench.outbox.enqueue(job(tenant, None, host, &index.to_string())).await.unwrap();
        }
        bench.outbox.start();
        bench.until_empty().await;
        assert_eq!(*bench.work.running_max.lock(), most);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_host_slows_nobody_else() {
    let limits = OutboxOptions { attempts_max: 8, attempts_per_host_max: 4, ..options() };
    let script = |delivery: &Delivery| match delivery.host.as_str() {
        "dead.example" => Step::Hang,
        _ => Step::Answer(Outcome::Done),
    };
    let bench = Bench::new(&Arc::default(), limits, script).await;
    bench.outbox.start();
    for index in 0..500 {
        bench.outbox.enqueue(job("shop", Some(&index.to_string()), "dead.example", "dead")).await.unwrap();
    }
    bench.until_attempts(4).await;
    for index in 0..20 {
        bench.outbox.enqueue(job("shop", Some(&format!("live-{index}")), "live.example", "live")).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let names = bench.work.names();
    // The hanging attempts are not over yet, so nothing has waited for them.
    assert_eq!(names.iter().filter(|name| *name == "dead").count(), 4);
    assert_eq!(names.iter().filter(|name| *name == "live").count(), 20);
    assert_eq!(bench.outbox.0.schedule.lock().running(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_failing_host_is_probed_by_one_attempt_at_a_time() {
    let bench = Bench::new(&Arc::default(), options(), |_| Step::Hang).await;
    for index in 0..100 {
        bench.outbox.enqueue(job("shop", None, "dead.example", &index.to_string())).await.unwrap();
    }
    bench.outbox.start();
    bench.until_attempts(17).await;
    assert_eq!(bench.outbox.0.schedule.lock().running(), 1);
}

#[tokio::test(start_paused = true)]
async fn more_lanes_than_fit_into_memory_are_all_served() {
    let limits = OutboxOptions { lanes_max: 16, ..options() };
    let bench = Bench::taking(Duration::from_millis(20), &Arc::default(), limits, done).await;
    bench.outbox.start();
    for index in 0..300 {
        let (tenant, host) = (format!("tenant-{}", index % 7), format!("{}.example", index % 11));
        bench.outbox.enqueue(job(&tenant, None, &host, &index.to_string())).await.unwrap();
        assert!(bench.outbox.0.schedule.lock().len() <= 16);
    }
    bench.until_empty().await;
    let mut names = bench.work.names();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_backlog_has_an_end_and_only_for_its_tenant() {
    let limits = OutboxOptions { backlog_per_tenant_max: 3, ..options() };
    let bench = Bench::new(&Arc::default(), limits, done).await;
    for _ in 0..3 {
        bench.outbox.enqueue(job("shop", None, "a.example", "x")).await.unwrap();
    }
    let refused = bench.outbox.enqueue(job("shop", None, "a.example", "x")).await;
    assert!(matches!(refused, Err(EnqueueError::Full)));
    bench.outbox.enqueue(job("other", None, "a.example", "x")).await.unwrap();
    bench.outbox.start();
    bench.until_empty().await;
    bench.outbox.enqueue(job("shop", None, "a.example", "x")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_is_refused() {
    let bench = Bench::new(&Arc::default(), options(), done).await;
    let sound = job("shop", Some("room"), "a.example", "x");
    let long = |bytes: usize| "x".repeat(bytes + 1);
    let wrong = [
        crate::Job { host: long(crate::HOST_BYTES_MAX), ..sound.clone() },
        crate::Job { order_key: Some(long(crate::ORDER_KEY_BYTES_MAX)), ..sound.clone() },
        crate::Job { payload: long(crate::PAYLOAD_BYTES_MAX).into(), ..sound.clone() },
    ];
    for job in wrong {
        assert!(matches!(bench.outbox.enqueue(job).await, Err(EnqueueError::TooLarge(_))));
    }
    let largest = crate::Job {
        host: "x".repeat(crate::HOST_BYTES_MAX),
        order_key: Some("x".repeat(crate::ORDER_KEY_BYTES_MAX)),
        payload: vec![0; crate::PAYLOAD_BYTES_MAX].into(),
        ..sound
    };
    bench.outbox.enqueue(largest).await.unwrap();
}
