//! New passwords.

use super::bench::{Bench, HOME, PASSWORD, demo};
use crate::AccountError;
use crate::one_time::OneTime;

const NEW: &str = "battery staple";

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let bench = Bench::new();
    let other = bench.register("ada@example.com").await.unwrap();
    let own = bench.login("ada@example.com", PASSWORD).await.unwrap();
    let user = (own.user.id.as_str(), own.session);
    let wrong = bench.accounts.change_password(&demo(), user, ("wrong password", NEW), HOME).await;
    assert_eq!(wrong, Err(AccountError::WrongPassword));
    let short = bench.accounts.change_password(&demo(), user, (PASSWORD, "short"), HOME).await;
    assert!(matches!(short, Err(AccountError::Invalid { field: "password", .. })));
    bench.accounts.change_password(&demo(), user, (PASSWORD, NEW), HOME).await.unwrap();
    assert!(bench.is_open(&own).await && !bench.is_open(&other).await);
    assert_eq!(*bench.ended.0.lock(), [other.session]);
    assert_eq!(bench.refresh(&other.refresh_token).await.unwrap_err(), AccountError::BadToken);
    assert_eq!(bench.login("ada@example.com", PASSWORD).await.unwrap_err(), AccountError::WrongPassword);
    bench.login("ada@example.com", NEW).await.unwrap();
}

#[tokio::test]
async fn guessing_the_old_password_is_throttled_like_signing_in() {
    let bench = Bench::new();
    let own = bench.register("ada@example.com").await.unwrap();
    let user = (own.user.id.as_str(), own.session);
    for _ in 0..10 {
        let wrong = bench.accounts.change_password(&demo(), user, ("wrong password", NEW), HOME).await;
        assert_eq!(wrong, Err(AccountError::WrongPassword));
    }
    let right = bench.accounts.change_password(&demo(), user, (PASSWORD, NEW), HOME).await;
    assert!(matches!(right, Err(AccountError::Throttled { .. })));
    assert!(matches!(bench.login("ada@example.com", PASSWORD).await, Err(AccountError::Throttled { .. })));
}

#[tokio::test]
async fn a_mailed_token_is_good_once() {
    let bench = Bench::new();
    let own = bench.register("ada@example.com").await.unwrap();
    assert!(bench.accounts.forgot(&demo(), "bob@example.com").await.unwrap().is_none());
    let older = bench.accounts.forgot(&demo(), "ada@example.com").await.unwrap().unwrap();
    let mailed = bench.accounts.forgot(&demo(), "ADA@example.com").await.unwrap().unwrap();
    assert_eq!((mailed.email.as_str(), mailed.name.as_str()), ("ada@example.com", "Ada"));
    for bad in ["", "x", &older.token, &mailed.token[1..], &"ü".repeat(44)] {
        assert_eq!(bench.accounts.reset(&demo(), bad, NEW).await, Err(AccountError::BadToken), "{bad}");
    }
    let short = bench.accounts.reset(&demo(), &mailed.token, "short").await;
    assert!(matches!(short, Err(AccountError::Invalid { .. })));
    bench.accounts.reset(&demo(), &mailed.token, NEW).await.unwrap();
    assert!(!bench.is_open(&own).await);
    assert_eq!(bench.accounts.reset(&demo(), &mailed.token, NEW).await, Err(AccountError::BadToken));
    bench.login("ada@example.com", NEW).await.unwrap();
}

#[tokio::test]
async fn a_mailed_token_ends_with_its_hour_and_with_another_new_password() {
    let bench = Bench::new();
    let own = bench.register("ada@example.com").await.unwrap();
    let late = bench.accounts.forgot(&demo(), "ada@example.com").await.unwrap().unwrap();
    bench.pass(60 * 60 * 1_000);
    assert_eq!(bench.accounts.reset(&demo(), &late.token, NEW).await, Err(AccountError::BadToken));
    let dropped = bench.accounts.forgot(&demo(), "ada@example.com").await.unwrap().unwrap();
    let user = (own.user.id.as_str(), own.session);
    bench.accounts.change_password(&demo(), user, (PASSWORD, NEW), HOME).await.unwrap();
    assert_eq!(bench.accounts.reset(&demo(), &dropped.token, PASSWORD).await, Err(AccountError::BadToken));
}

#[tokio::test]
async fn an_address_is_sent_three_mails_in_a_quarter_of_an_hour() {
    let bench = Bench::new();
    bench.register("ada@example.com").await.unwrap();
    let mut sent = 0;
    for _ in 0..5 {
        sent += usize::from(bench.accounts.forgot(&demo(), "ada@example.com").await.unwrap().is_some());
    }
    assert_eq!(sent, 3);
    bench.pass(15 * 60 * 1_000);
    assert!(bench.accounts.forgot(&demo(), "ada@example.com").await.unwrap().is_some());
}

#[test]
fn wrong_guesses_use_a_secret_up() {
    let mut secret = OneTime::new("right", 100);
    assert!(!secret.shown("right", 100).0 && secret.shown("right", 99).0);
    for _ in 0..5 {
        let (is_good, left) = secret.shown("wrong", 0);
        assert!(!is_good);
        secret = left;
    }
    assert!(!secret.shown("right", 0).0);
}
