//! Every claim, present, absent and wrong.

use super::*;

fn claims(value: &Value) -> Result<ConnectionClaims, TokenError> {
    connect(&demo(), &token(value))
}

#[test]
fn connection_claims_are_read() {
    let read = claims(&json!({
        "sub": "ada", "exp": NOW + 60, "iat": NOW - 5, "info": {"name": "Ada"}, "meta": {"plan": "free"},
        "channels": ["news"], "jti": "ignored",
        "subs": {"room": {"b64info": "aGk=", "data": [1], "override": {"presence": {"value": true}, "join_leave": null}}},
    }))
    .unwrap();
    assert_eq!(&*read.tenant, "demo");
    assert_eq!((read.user.as_str(), read.expire_at, read.issued_at), ("ada", Some(NOW + 60), Some(NOW - 5)));
    assert_eq!(read.info.unwrap(), r#"{"name":"Ada"}"#);
    assert_eq!(read.meta.unwrap(), r#"{"plan":"free"}"#);
    assert_eq!(read.channels, ["news"]);
    let options = &read.subs["room"];
    assert_eq!(options.info.as_deref(), Some(&b"hi"[..]));
    assert_eq!(options.data.as_deref(), Some(&b"[1]"[..]));
    assert_eq!(options.overriding, Override { presence: Some(true), ..Override::default() });
}

#[test]
fn an_empty_token_is_an_anonymous_user_for_ever() {
    let read = claims(&json!({})).unwrap();
    assert_eq!((read.user.as_str(), read.expire_at), ("", None));
}

#[test]
fn times_decide() {
    let cases: [(Value, Result<Option<u64>, TokenError>); 14] = [
        (json!({}), Ok(None)),
        (json!({"exp": 0}), Ok(None)),
        (json!({"exp": NOW + 1}), Ok(Some(NOW + 1))),
        (json!({"exp": NOW as f64 + 1.9}), Ok(Some(NOW + 1))),
        (json!({"exp": NOW}), Err(TokenError::Expired)),
        (json!({"exp": NOW - 1}), Err(TokenError::Expired)),
        (json!({"exp": -1}), Err(TokenError::Expired)),
        (json!({"exp": NOW + 9, "expire_at": 0}), Ok(None)),
        (json!({"exp": NOW + 9, "expire_at": NOW + 5}), Ok(Some(NOW + 5))),
        (json!({"exp": NOW - 9, "expire_at": 0}), Err(TokenError::Expired)),
        (json!({"expire_at": NOW - 1}), Err(TokenError::Expired)),
        (json!({"nbf": NOW}), Ok(None)),
        (json!({"nbf": NOW + 1}), Err(TokenError::Expired)),
        (json!({"exp": 1e300}), Ok(Some(i64::MAX as u64))),
    ];
    for (value, expected) in cases {
        assert_eq!(claims(&value).map(|read| read.expire_at), expected, "{value}");
    }
}

#[test]
fn wrong_claims_are_invalid() {
    let cases = [
        (json!({"sub": 42}), InvalidReason::Malformed),
        (json!({"exp": "soon"}), InvalidReason::Malformed),
        (json!({"b64info": "%"}), InvalidReason::Malformed),
        (json!({"channels": "news"}), InvalidReason::Malformed),
        (json!({"meta": [1]}), InvalidReason::Malformed),
        (json!({"aud": 7}), InvalidReason::Malformed),
        (json!({"channel": "news"}), InvalidReason::Claims),
        (json!([1]), InvalidReason::Malformed),
    ];
    for (value, reason) in cases {
        let token = signed(Algorithm::HS256, None, &EncodingKey::from_secret(SECRET.as_bytes()), &value);
        assert_eq!(connect(&demo(), &token).err(), invalid(reason), "{value}");
    }
}

#[test]
fn a_tenant_may_require_an_expiry() {
    let verifier = TokenVerifier::new(&Tenant { require_exp: true, ..tenant("demo", SECRET) }).unwrap();
    for value in [json!({}), json!({"exp": 0})] {
        assert_eq!(connect(&verifier, &token(&value)).err(), invalid(InvalidReason::Claims));
    }
    assert!(connect(&verifier, &token(&json!({"exp": NOW + 1}))).is_ok());
}

#[test]
fn subscription_claims_are_read_and_checked() {
    let verify = |value: &Value| done(demo().verify_subscription(&token(value), at(NOW)));
    let read = verify(&json!({
        "sub": "ada", "channel": "$room", "exp": NOW + 60, "b64data": "aGk=", "info": 1,
        "override": {"force_recovery": {"value": false}},
    }))
    .unwrap();
    assert_eq!((read.channel.as_str(), read.expire_at), ("$room", Some(NOW + 60)));
    assert_eq!(read.options.data.as_deref(), Some(&b"hi"[..]));
    assert_eq!(read.options.overriding.force_recovery, Some(false));
    assert_eq!(read.check("ada", "$room", "any"), Ok(()));
    assert_eq!(read.check("bob", "$room", "any").err(), invalid(InvalidReason::Claims));
    assert_eq!(read.check("ada", "$other", "any").err(), invalid(InvalidReason::Claims));

    let narrow = verify(&json!({"sub": "ada", "channel": "$room", "client": "c1"})).unwrap();
    assert_eq!(narrow.check("ada", "$room", "c1"), Ok(()));
    assert!(narrow.check("ada", "$room", "c2").is_err());

    assert_eq!(verify(&json!({"sub": "ada"})).err(), invalid(InvalidReason::Claims));
    assert_eq!(verify(&json!({"channel": "r", "exp": NOW})).err(), Some(TokenError::Expired));
}
