//! Sessions and the refresh tokens that belong to them.

use futures_util::future::join_all;
use proptest::prelude::*;

use super::bench::{Bench, PASSWORD, demo};
use crate::AccountError;
use crate::session::{RefreshToken, Session, Standing};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

#[tokio::test]
async fn a_refresh_token_is_good_once_and_again_ends_its_family() {
    let bench = Bench::new();
    let first = bench.register("ada@example.com").await.unwrap();
    let other = bench.login("ada@example.com", PASSWORD).await.unwrap();
    let second = bench.refresh(&first.refresh_token).await.unwrap();
    assert_eq!(second.session, first.session);
    let third = bench.refresh(&second.refresh_token).await.unwrap();
    assert_eq!(bench.refresh(&first.refresh_token).await.unwrap_err(), AccountError::BadToken);
    assert_eq!(*bench.ended.0.lock(), [first.session]);
    assert_eq!(bench.refresh(&third.refresh_token).await.unwrap_err(), AccountError::BadToken);
    assert!(!bench.is_open(&third).await && bench.is_open(&other).await);
    bench.refresh(&other.refresh_token).await.unwrap();
}

#[tokio::test]
async fn of_uses_side_by_side_one_wins_at_most() {
    let bench = Bench::new();
    let signed_in = bench.register("ada@example.com").await.unwrap();
    let done = join_all((0..4).map(|_| bench.refresh(&signed_in.refresh_token))).await;
    assert!(done.iter().filter(|result| result.is_ok()).count() <= 1);
    assert!(!bench.is_open(&signed_in).await);
}

#[tokio::test]
async fn what_was_made_up_ends_nothing() {
    let bench = Bench::new();
    let signed_in = bench.register("ada@example.com").await.unwrap();
    let token = &signed_in.refresh_token;
    let made_up = format!("{}{}", &token[..48], "0".repeat(128));
    for bad in ["", "x", &token[1..], &made_up, &"ü".repeat(88)] {
        assert_eq!(bench.refresh(bad).await.unwrap_err(), AccountError::BadToken, "{bad}");
    }
    bench.refresh(token).await.unwrap();
}

#[tokio::test]
async fn sessions_and_their_ends_survive_a_restart() {
    let bench = Bench::new();
    let kept = bench.register("ada@example.com").await.unwrap();
    let ended = bench.login("ada@example.com", PASSWORD).await.unwrap();
    bench.accounts.end_session(&demo(), &ended.user.id, ended.session).await.unwrap();
    let bench = Bench::on(bench.store);
    assert!(bench.is_open(&kept).await && !bench.is_open(&ended).await);
    assert_eq!(bench.refresh(&ended.refresh_token).await.unwrap_err(), AccountError::BadToken);
    bench.refresh(&kept.refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_refresh_token_lasts_thirty_days_from_its_making() {
    let bench = Bench::new();
    let first = bench.register("ada@example.com").await.unwrap();
    bench.pass(29 * DAY_MS);
    let second = bench.refresh(&first.refresh_token).await.unwrap();
    bench.pass(29 * DAY_MS);
    let third = bench.refresh(&second.refresh_token).await.unwrap();
    bench.pass(30 * DAY_MS);
    assert_eq!(bench.refresh(&third.refresh_token).await.unwrap_err(), AccountError::BadToken);
    assert!(!bench.is_open(&third).await);
}

#[tokio::test]
async fn revoked_users_sign_in_anew() {
    let bench = Bench::new();
    let before = bench.register("ada@example.com").await.unwrap();
    bench.chat.revoke_tokens(&demo(), &before.user.id).await.unwrap();
    let after = bench.login("ada@example.com", PASSWORD).await.unwrap();
    assert_eq!(bench.refresh(&before.refresh_token).await.unwrap_err(), AccountError::BadToken);
    bench.refresh(&after.refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_user_has_a_hundred_sessions_at_most() {
    let bench = Bench::new();
    let first = bench.register("ada@example.com").await.unwrap();
    for _ in 0..100 {
        bench.pass(1);
        let (account, user) = (first.account.clone(), first.user.clone());
        bench.accounts.open(&demo(), account, user).await.unwrap();
    }
    assert!(!bench.is_open(&first).await);
    assert_eq!(bench.ended.0.lock().len(), 1);
}

/// What happens to a family.
#[derive(Clone, Debug)]
enum Step {
    /// The n-th token that was ever given is shown.
    Show(prop::sample::Index),
    /// The newest is.
    ShowNewest,
    /// A token of another family is.
    ShowForeign,
    /// Days go by.
    Pass(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<prop::sample::Index>().prop_map(Step::Show),
        4 => Just(Step::ShowNewest),
        1 => Just(Step::ShowForeign),
        2 => (0_u8..40).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..30)
}

proptest! {
    #[test]
    fn only_the_newest_token_of_a_living_family_is_good(steps in steps()) {
        let mut family = Family::begin();
        for step in steps {
            match step {
                Step::Pass(days) => family.now_ms += i64::from(days) * DAY_MS,
                Step::ShowForeign => prop_assert_eq!(family.show(&Family::begin().given[0].clone()), Standing::Void),
                Step::Show(_) | Step::ShowNewest => {
                    let newest = family.given.len() - 1;
                    let shown = if let Step::Show(index) = step { index.index(newest + 1) } else { newest };
                    let is_live = family.now_ms < family.newest_at + 30 * DAY_MS;
                    let expected = match (shown == newest, is_live) {
                        (false, _) => Standing::Used,
                        (true, true) => Standing::Newest,
                        (true, false) => Standing::Void,
                    };
                    let token = family.given[shown].clone();
                    prop_assert_eq!(family.show(&token), expected);
                }
            }
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
        prop_assert_eq!(RefreshToken::parse(&text).map(|token| token.text()), None);
    }
}

/// A family with all tokens that were ever given.
struct Family {
    session: Session,
    given: Vec<RefreshToken>,
    newest_at: i64,
    now_ms: i64,
}

impl Family {
    fn begin() -> Self {
        let ids = natter_core::EntityId([1; 12]);
        let (session, token) = Session::begin(ids, ids, 0).unwrap();
        assert_eq!(RefreshToken::parse(&token.text()), Some(token.clone()));
        Self { session, given: vec![token], newest_at: 0, now_ms: 0 }
    }

    fn show(&mut self, token: &RefreshToken) -> Standing {
        let standing = self.session.standing(token, self.now_ms);
        if standing == Standing::Newest {
            let next = token.next().unwrap();
            self.session = self.session.renewed(&next, self.now_ms);
            self.given.push(next);
            self.newest_at = self.now_ms;
        }
        standing
    }
}
