//! Windows, their border, and their bound.

use super::*;
use crate::testing::HandClock;

/// Milliseconds from the test's start to the next minute.
const TO_NEXT_MINUTE_MS: i64 = WINDOW_MS - crate::testing::START_MS.rem_euclid(WINDOW_MS);

#[test]
fn no_more_than_the_limit_passes_in_a_minute() {
    let clock = HandClock::new();
    let limits = RateLimits::new(clock.clock());
    let rates: Vec<Rate> = (0..4).map(|_| limits.take("x", "demo", "ada", 3)).collect();
    assert_eq!(rates.iter().map(|rate| rate.is_allowed).collect::<Vec<_>>(), [true, true, true, false]);
    assert_eq!(rates.iter().map(|rate| rate.remaining).collect::<Vec<_>>(), [2, 1, 0, 0]);
    let reset_seconds = (TO_NEXT_MINUTE_MS / 1000).unsigned_abs();
    assert_eq!(rates[3].reset_seconds, reset_seconds);
    assert_eq!(rates[3].check(), Err(Rejection::RateLimited { retry_after_seconds: reset_seconds }));
    clock.advance(TO_NEXT_MINUTE_MS - 1);
    let rate = limits.take("x", "demo", "ada", 3);
    assert!(!rate.is_allowed && rate.reset_seconds == 1);
}

#[test]
fn a_new_minute_begins_anew() {
    let clock = HandClock::new();
    let limits = RateLimits::new(clock.clock());
    let allowed = (0..5).filter(|_| limits.take("x", "demo", "ada", 3).is_allowed).count();
    assert_eq!(allowed, 3);
    clock.advance(TO_NEXT_MINUTE_MS);
    let rate = limits.take("x", "demo", "ada", 3);
    assert_eq!(rate, Rate { limit: 3, remaining: 2, reset_seconds: 60, is_allowed: true });
    assert_eq!(limits.window.load().counts.len(), 1);
    clock.advance(-1);
    assert_eq!(limits.take("x", "demo", "ada", 3).remaining, 1, "a clock that steps back refills nothing");
}

#[test]
fn scopes_tenants_and_keys_are_counted_apart() {
    let limits = RateLimits::new(HandClock::new().clock());
    for (scope, tenant, key) in
        [("x", "demo", "ada"), ("y", "demo", "ada"), ("x", "other", "ada"), ("x", "demo", "bob")]
    {
        assert!(limits.take(scope, tenant, key, 1).is_allowed);
        assert!(!limits.take(scope, tenant, key, 1).is_allowed);
    }
}

#[test]
fn a_changed_limit_counts_at_once() {
    let limits = RateLimits::new(HandClock::new().clock());
    assert!(limits.take("x", "demo", "ada", 1).is_allowed);
    assert!(!limits.take("x", "demo", "ada", 1).is_allowed);
    assert!(limits.take("x", "demo", "ada", 2).is_allowed);
    assert!(!limits.take("x", "demo", "ada", 0).is_allowed);
}

#[test]
fn a_flood_of_keys_neither_grows_nor_escapes() {
    let limits = RateLimits::with_keys_max(HandClock::new().clock(), 10);
    let allowed = (0..1_000).filter(|key| limits.take("x", "demo", &key.to_string(), 5).is_allowed).count();
    assert_eq!(allowed, 10 + 5, "ten keys of their own, and five calls for all others");
    assert!(limits.window.load().counts.len() <= 11);
    assert!(limits.take("x", "demo", "0", 5).is_allowed, "a key that was there before keeps its counter");
}

#[test]
fn many_threads_share_a_limit() {
    let limits = RateLimits::new(HandClock::new().clock());
    let take = || (0..500).filter(|_| limits.take("x", "demo", "ada", 100).is_allowed).count();
    let allowed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(allowed, 100);
}

#[test]
fn the_inner_limit_s_headers_stay() {
    let mut headers = HeaderMap::new();
    Rate { limit: 60, remaining: 59, reset_seconds: 30, is_allowed: true }.write(&mut headers);
    Rate { limit: 1000, remaining: 1, reset_seconds: 30, is_allowed: true }.write(&mut headers);
    assert_eq!(
        (&headers["x-ratelimit-limit"], &headers["x-ratelimit-remaining"]),
        (&"60".parse().unwrap(), &"59".parse().unwrap())
    );
    assert_eq!(headers["x-ratelimit-reset"], "30");
}

#[test]
fn a_network_of_ipv6_is_one_client() {
    for (address, key) in [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
    ] {
        assert_eq!(address_key(address.parse().unwrap()), key);
    }
}
