//! The throttle against a model that remembers everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use natter_store::Clock;
use proptest::prelude::*;
use tokio::runtime::Builder;

use crate::{AccountError, Throttle, ThrottleRules};

const WINDOW_MS: i64 = 1_000;

fn throttle(rules: ThrottleRules) -> (Throttle, Arc<AtomicI64>) {
    let time = Arc::new(AtomicI64::new(0));
    let now = Arc::clone(&time);
    let clock: Clock = Arc::new(move || now.load(Ordering::Relaxed));
    (Throttle::new(rules, clock), time)
}

fn rules(events_max: usize) -> ThrottleRules {
    ThrottleRules { events_max, window: Duration::from_millis(WINDOW_MS.unsigned_abs()), ..ThrottleRules::default() }
}

proptest! {
    #[test]
    fn so_many_failures_in_any_window_and_no_more(
        steps in prop::collection::vec((0_usize..3, any::<bool>(), 0_i64..400), 0..80),
    ) {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (throttle, time) = throttle(rules(3));
        let mut failures: Vec<(usize, i64)> = Vec::new();
        for (key, fails, pause) in steps {
            let now = time.fetch_add(pause, Ordering::Relaxed) + pause;
            let recent = failures.iter().filter(|(of, at)| *of == key && now - at < WINDOW_MS).count();
            match runtime.block_on(throttle.begin(&[["a", "b", "c"][key]])) {
                Ok(attempt) => {
                    prop_assert!(recent < 3);
                    if fails {
                        attempt.failed();
                        failures.push((key, now));
                    } else {
                        attempt.withdraw();
                    }
                }
                Err(error) => {
                    prop_assert!(recent >= 3);
                    prop_assert_eq!(error, AccountError::Throttled { retry_after_seconds: 1 });
                }
            }
        }
        prop_assert!(throttle.keys() <= 3);
    }
}

#[tokio::test]
async fn an_attempt_that_is_dropped_has_failed() {
    let (throttle, _) = throttle(rules(1));
    drop(throttle.begin(&["a"]).await.unwrap());
    assert!(matches!(throttle.begin(&["a"]).await, Err(AccountError::Throttled { .. })));
}

#[tokio::test]
async fn who_finds_no_room_waits_for_the_decision() {
    let (throttle, _) = throttle(rules(1));
    let first = throttle.begin(&["a"]).await.unwrap();
    let second = tokio::spawn({
        let throttle = throttle.clone();
        async move { throttle.begin(&["a"]).await.map(|attempt| attempt.withdraw()) }
    });
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    first.withdraw();
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn those_that_wait_are_bounded() {
    let (throttle, _) = throttle(ThrottleRules { waiting_max: 0, ..rules(1) });
    let _first = throttle.begin(&["a"]).await.unwrap();
    assert!(matches!(throttle.begin(&["a"]).await, Err(AccountError::Busy)));
}

#[tokio::test]
async fn a_flood_of_keys_shares_one_counter_until_old_ones_go() {
    let (throttle, time) = throttle(ThrottleRules { keys_max: 10, ..rules(2) });
    for number in 0..50 {
        if let Ok(attempt) = throttle.begin(&[&number.to_string()]).await {
            attempt.failed();
        }
    }
    assert!(throttle.keys() <= 11);
    assert!(matches!(throttle.begin(&["another"]).await, Err(AccountError::Throttled { .. })));
    // Whoever has a counter is not harmed.
    throttle.begin(&["0"]).await.unwrap().withdraw();
    time.fetch_add(WINDOW_MS, Ordering::Relaxed);
    throttle.begin(&["another"]).await.unwrap().failed();
    assert_eq!(throttle.keys(), 1);
}
