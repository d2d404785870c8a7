//! What outlives a process, and for how long.

use super::super::row::{Stored, encode_pending};
use super::*;

/// The rows of a table, over all partitions that a test can have made.
pub(super) async fn count(bench: &Bench, table: &'static str) -> usize {
    let demo = TenantId::new("demo");
    let mut count = 0;
    let day = (bench.clock.clock())().div_euclid(DAY_MS);
    for partition in partitions(day) {
        count += bench.store.scan_rows(&demo, table, &partition, None, 1_000, 1 << 20).await.unwrap().len();
    }
    count
}

fn partitions(day: i64) -> Vec<String> {
    let days = (day - 3)..=day;
    let bytes = days.flat_map(|day| (0..=u8::MAX).map(move |byte| super::super::claim::partition(day, byte)));
    bytes.chain([String::new()]).collect()
}

/// Writes over all rows of a bench that are pending or answered.
async fn overwrite(bench: &Bench, value: &Bytes) -> usize {
    let demo = TenantId::new("demo");
    let mut count = 0;
    for partition in partitions((bench.clock.clock())().div_euclid(DAY_MS)) {
        for (row, found) in bench.store.scan_rows(&demo, ANSWERS, &partition, None, 1_000, 1 << 20).await.unwrap() {
            let key = natter_store::RowKey { tenant: demo.clone(), table: ANSWERS, partition: partition.clone(), row };
            let written = bench.store.put_row(&key, found.version, value.clone()).await.unwrap();
            assert!(matches!(written, RowWriteOutcome::Written(_)));
            count += 1;
        }
    }
    count
}

fn now(bench: &Bench) -> i64 {
    (bench.clock.clock())()
}

#[tokio::test]
async fn an_answer_survives_a_restart() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let first = send(&app(&bench, &maker, "user:ada"), keyed("/things", "k", "a")).await;
    let restarted = Bench::on(Arc::clone(&bench.store), bench.clock.clone());
    let app = app(&restarted, &maker, "user:ada");
    let again = send(&app, keyed("/things", "k", "a")).await;
    assert!(is_replayed(&again));
    assert_eq!(essence(&again), essence(&first));
    assert_eq!(send(&app, keyed("/things", "k", "b")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_answer_lasts_a_day_and_no_longer() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let app = app(&bench, &maker, "user:ada");
    send(&app, keyed("/things", "k", "a")).await;
    bench.clock.advance(DAY_MS - 1);
    assert!(is_replayed(&send(&app, keyed("/things", "k", "a")).await));
    bench.clock.advance(1);
    let anew = send(&app, keyed("/things", "k", "b")).await;
    assert_eq!((anew.status.as_u16(), anew.body.as_str(), is_replayed(&anew)), (201, "thing 2", false));
}

#[tokio::test]
async fn work_of_a_process_that_died_is_taken_over() {
    let (bench, maker) = (Bench::new(), Maker::open());
    send(&app(&bench, &maker, "user:ada"), keyed("/things", "k", "a")).await;
    let died = encode_pending(now(&bench) + DAY_MS, 77, now(&bench) + LEASE_MS);
    assert_eq!(overwrite(&bench, &died).await, 1);
    let restarted = Bench::on(Arc::clone(&bench.store), bench.clock.clone());
    let app = app(&restarted, &maker, "user:ada");
    assert_eq!(send(&app, keyed("/things", "k", "a")).await.body, "thing 2");
    assert!(is_replayed(&send(&app, keyed("/things", "k", "a")).await));
}

#[tokio::test]
async fn another_node_s_work_is_waited_for_until_its_lease_is_over() {
    let (bench, maker) = (Bench::new(), Maker::open());
    send(&app(&bench, &maker, "user:ada"), keyed("/things", "k", "a")).await;
    let elsewhere = encode_pending(now(&bench) + DAY_MS, 77, now(&bench) + LEASE_MS);
    overwrite(&bench, &elsewhere).await;
    let node = Idempotency::new(Arc::clone(&bench.store), bench.clock.clock(), true);
    let digest = super::super::key::scoped(
        &CallerScope { tenant: TenantId::new("demo"), caller: "user:ada".into() },
        "POST",
        "/things",
        "k",
    );
    tokio::time::pause();
    let demo = TenantId::new("demo");
    assert_eq!(node.claim(&demo, &digest).await.err(), Some(Rejection::unavailable()));
    bench.clock.advance(LEASE_MS);
    let claim = match node.claim(&demo, &digest).await.unwrap() {
        super::super::claim::Found::Claimed(claim) => claim,
        super::super::claim::Found::Answered(answer) => panic!("nobody has answered: {answer:?}"),
    };
    // A row that is renewed is believed again.
    let mut claim = claim;
    bench.clock.advance(LEASE_MS);
    node.renew(&mut claim).await;
    let third = Idempotency::new(Arc::clone(&bench.store), bench.clock.clock(), true);
    assert_eq!(third.claim(&demo, &digest).await.err(), Some(Rejection::unavailable()));
}

#[tokio::test]
async fn expired_days_are_swept() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let app = app(&bench, &maker, "user:ada");
    let demo = TenantId::new("demo");
    for key in 0..40 {
        send(&app, keyed("/things", &key.to_string(), "a")).await;
    }
    bench.clock.advance(DAY_MS);
    send(&app, keyed("/things", "late", "a")).await;
    bench.rest.idempotency().sweep(&demo).await.unwrap();
    assert_eq!((count(&bench, ANSWERS).await, count(&bench, DAYS).await), (41, 2), "yesterday's may still answer");
    bench.clock.advance(DAY_MS);
    bench.rest.idempotency().sweep(&demo).await.unwrap();
    assert_eq!((count(&bench, ANSWERS).await, count(&bench, DAYS).await), (1, 1));
}

#[tokio::test]
async fn a_damaged_row_is_an_error_of_ours() {
    let (bench, maker) = (Bench::new(), Maker::open());
    let app = app(&bench, &maker, "user:ada");
    send(&app, keyed("/things", "k", "a")).await;
    for damage in [&b""[..], b"\x01", b"\x01\0\0\0\xffx", b"\x02\0\0\0\x02{}", b"\x01\0\0\0\x02{}"] {
        let damage = Bytes::copy_from_slice(damage);
        assert!(Stored::decode(&damage).is_none());
        overwrite(&bench, &damage).await;
        assert_eq!(send(&app, keyed("/things", "k", "a")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}

#[tokio::test]
async fn the_store_s_errors_are_not_the_client_s() {
    let store = MemoryStore::new();
    store.close().await;
    let node = Idempotency::new(Arc::new(store), HandClock::new().clock(), false);
    assert!(matches!(node.sweep(&TenantId::new("demo")).await, Err(StoreError::Unavailable(_))));
}
