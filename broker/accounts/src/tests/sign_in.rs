//! Registering and signing in.

use futures_util::future::join_all;
use natter_core::EntityId;

use super::bench::{Bench, PASSWORD, demo};
use crate::{AccountError, Credentials};

#[tokio::test]
async fn an_account_is_a_user_of_the_domain() {
    let bench = Bench::new();
    let made = bench.register("Ada@Example.com").await.unwrap();
    assert_eq!(EntityId::parse_hex(&made.user.id), Some(made.user.entity));
    let user = bench.chat.user(&demo(), &made.user.id).await.unwrap().unwrap();
    assert_eq!((user.profile.name.as_str(), user.profile.email.as_deref()), ("Ada", Some("Ada@Example.com")));
    let back = bench.login("aDA@example.COM", PASSWORD).await.unwrap();
    assert_eq!(back.account, made.account);
    assert!(back.session != made.session && bench.is_open(&back).await && bench.is_open(&made).await);
    assert_eq!(bench.accounts.account_of(&demo(), &made.user.id).await.unwrap(), Some(made.account));
}

#[tokio::test]
async fn an_address_has_one_account_whoever_is_faster() {
    let bench = Bench::new();
    let tries = (0..6).map(|number| {
        let email = if number % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
        bench.register(email)
    });
    let done = join_all(tries).await;
    assert_eq!(done.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(done.iter().all(|result| matches!(result, Ok(_) | Err(AccountError::Taken))));
    assert_eq!(bench.register("ada@example.com").await.unwrap_err(), AccountError::Taken);
}

#[tokio::test]
async fn unknown_and_wrong_are_the_same() {
    let bench = Bench::new();
    bench.register("ada@example.com").await.unwrap();
    for (email, password) in [
        ("ada@example.com", "correct horsf"),
        ("ada@example.com", ""),
        ("bob@example.com", PASSWORD),
        ("nonsense", PASSWORD),
    ] {
        assert_eq!(bench.login(email, password).await.unwrap_err(), AccountError::WrongPassword, "{email}");
    }
}

#[tokio::test]
async fn a_deleted_user_signs_in_no_more_and_frees_the_address() {
    let bench = Bench::new();
    let first = bench.register("ada@example.com").await.unwrap();
    bench.chat.delete_user(&demo(), &first.user.id).await.unwrap();
    assert_eq!(bench.login("ada@example.com", PASSWORD).await.unwrap_err(), AccountError::WrongPassword);
    assert_eq!(bench.refresh(&first.refresh_token).await.unwrap_err(), AccountError::BadToken);
    assert!(!bench.is_open(&first).await);
    let second = bench.register("ada@example.com").await.unwrap();
    assert_ne!(first.user.id, second.user.id);
    bench.login("ada@example.com", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn ten_failures_make_even_the_right_password_wait() {
    let bench = Bench::new();
    bench.register("ada@example.com").await.unwrap();
    // Side by side, so that it is seen that nobody slips through.
    let done = join_all((0..12).map(|_| bench.login("ada@example.com", "wrong password"))).await;
    let wrong = done.iter().filter(|result| matches!(result, Err(AccountError::WrongPassword))).count();
    let throttled = done.iter().filter(|result| matches!(result, Err(AccountError::Throttled { .. }))).count();
    assert_eq!((wrong, throttled), (10, 2));
    let right = bench.login("ADA@example.com", PASSWORD).await.unwrap_err();
    assert!(
        matches!(right, AccountError::Throttled { retry_after_seconds } if (1..=900).contains(&retry_after_seconds))
    );
    let elsewhere = Credentials { email: "ada@example.com", password: PASSWORD, place: "10.0.0.2" };
    bench.accounts.login(&demo(), elsewhere).await.unwrap();
    bench.pass(15 * 60 * 1_000);
    bench.login("ada@example.com", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn right_passwords_side_by_side_all_pass() {
    let bench = Bench::new();
    bench.register("ada@example.com").await.unwrap();
    let done = join_all((0..15).map(|_| bench.login("ada@example.com", PASSWORD))).await;
    assert!(done.iter().all(Result::is_ok));
}
