//! The signatures were made with Python's `hmac` and `hashlib`.

use natter_node::config::{Secret, SharedPoll};

use super::*;

const IAT: i64 = 1_700_000_000;
const EXP: i64 = 1_700_003_600;
/// For ada, in `poll:a`, the key `k1`.
const ONE: &str = "1700000000:1700003600:b7191039bda5c14e6289396cd65863d0a0ab2496bff7621c28ee0f1b6ae89210";
/// The same for the keys `k1` and `k2`.
const TWO: &str = "1700000000:1700003600:f1c9fc3f6027f8913d094d97825b1065792c9bba7a7f328994c6d05cb6b84fb4";
/// Without an expiry, for nobody in particular, in `poll:a:b`, the keys `ключ`, the empty one, and one with a space.
const ODD: &str = "1700000000:0:a4e65426ba476d431c7469872a164112d9713de3f4dd83724cd547a4795075b4";
/// As ONE, with the key before.
const OLD: &str = "1700000000:1700003600:2a011b48a806d92131ff51f9eefc7d7444bb338f18ce6ba1be123b6fbf4d2ba1";
/// As ONE, but expiring "soon".
const SOON: &str = "1700000000:soon:1e0ef9be67605a19f8092c552b370e8fb5a5fd7d95c6d09dea218f8a5174d1f7";

const ADA: Tracker<'static> = Tracker { user: "ada", channel: "poll:a", now: IAT };

fn config(previous: &str, valid_until: i64) -> SharedPoll {
    SharedPoll {
        hmac_secret_key: Secret::new("test-poll-secret"),
        hmac_previous_secret_key: Secret::new(previous),
        hmac_previous_secret_key_valid_until: valid_until,
        ..SharedPoll::default()
    }
}

fn verify(signature: &str, keys: &[&str], tracker: Tracker<'_>) -> Result<i64, ClientError> {
    Verifier::new(&config("", 0)).verify(signature, keys.iter().copied(), tracker)
}

#[test]
fn what_a_backend_has_signed_is_valid() {
    assert_eq!(verify(ONE, &["k1"], ADA), Ok(EXP));
    assert_eq!(verify(TWO, &["k1", "k2"], ADA), Ok(EXP));
    let anybody = Tracker { user: "", channel: "poll:a:b", now: EXP };
    assert_eq!(verify(ODD, &["ключ", "", " x"], anybody), Ok(0));
}

#[test]
fn nothing_else_is() {
    let denied = Err(ClientError::PERMISSION_DENIED);
    for keys in [&["k1", "k2"][..], &["k2"], &[], &["k1", ""]] {
        assert_eq!(verify(ONE, keys, ADA), denied, "{keys:?}");
    }
    assert_eq!(verify(TWO, &["k2", "k1"], ADA), denied);
    assert_eq!(verify(ONE, &["k1"], Tracker { user: "eve", ..ADA }), denied);
    assert_eq!(verify(ONE, &["k1"], Tracker { channel: "poll:b", ..ADA }), denied);
    let upper = ONE.to_uppercase();
    let longer = format!("{ONE}0");
    let later = ONE.replace("1700003600", "1700003601");
    let earlier = ONE.replace("1700000000", "1699999999");
    for signature in [&*upper, &longer, &later, &earlier, SOON, OLD, "", ":", "::", "1:2:3", "invalid-signature"] {
        assert_eq!(verify(signature, &["k1"], ADA), denied, "{signature}");
    }
}

#[test]
fn a_signature_expires_after_a_grace() {
    let at = |now| verify(ONE, &["k1"], Tracker { now, ..ADA });
    assert_eq!(at(EXP + 5), Ok(EXP));
    assert_eq!(at(EXP + 6), Err(ClientError::TOKEN_EXPIRED));
}

#[test]
fn the_key_before_is_valid_for_a_while() {
    let verify = |config: SharedPoll| Verifier::new(&config).verify(OLD, ["k1"].into_iter(), ADA);
    assert_eq!(verify(config("old-secret", 0)), Ok(EXP));
    assert_eq!(verify(config("old-secret", IAT)), Ok(EXP));
    assert_eq!(verify(config("old-secret", IAT - 1)), Err(ClientError::PERMISSION_DENIED));
    assert_eq!(verify(config("older-secret", 0)), Err(ClientError::PERMISSION_DENIED));
}

#[test]
fn without_a_key_nothing_is_valid() {
    let verifier = Verifier::new(&SharedPoll::default());
    assert_eq!(verifier.verify(ONE, ["k1"].into_iter(), ADA), Err(ClientError::PERMISSION_DENIED));
}
