//! Tokens that somebody made up.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn encoded(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A token with any header, its signature made with the tenant's own secret.
fn with_header(header: &Value) -> String {
    let signed = format!("{}.{}", encoded(header), encoded(&json!({"sub": "ada"})));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{signed}.{signature}")
}

#[test]
fn headers_choose_nothing() {
    let cases = [
        (json!({"alg": "none"}), invalid(InvalidReason::Algorithm)),
        (json!({"alg": "None"}), invalid(InvalidReason::Algorithm)),
        (json!({"alg": "hs256"}), invalid(InvalidReason::Algorithm)),
        (json!({"alg": "PS256"}), invalid(InvalidReason::Algorithm)),
        (json!({"alg": ""}), invalid(InvalidReason::Algorithm)),
        (json!({"typ": "JWT"}), invalid(InvalidReason::Malformed)),
        (json!({"alg": ["HS256"]}), invalid(InvalidReason::Malformed)),
        (json!({"alg": "HS256", "crit": ["exp"]}), invalid(InvalidReason::Malformed)),
        (json!({"alg": "HS256", "kid": 7}), invalid(InvalidReason::Malformed)),
        (json!({"alg": "HS256", "kid": "k".repeat(300)}), invalid(InvalidReason::Malformed)),
        (json!({"alg": "HS256", "kid": "../../dev/null"}), None),
        (json!({"alg": "HS256", "jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/", "jwk": {}}), None),
    ];
    for (header, expected) in cases {
        assert_eq!(connect(&demo(), &with_header(&header)).err(), expected, "{header}");
    }
}

#[test]
fn the_unsigned_form_does_not_pass() {
    let payload = encoded(&json!({"sub": "ada"}));
    for header in [json!({"alg": "none"}), json!({"alg": "HS256"})] {
        for signature in ["", "AAAA"] {
            assert!(connect(&demo(), &format!("{}.{payload}.{signature}", encoded(&header))).is_err());
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let pem = include_str!("../fixtures/rsa.pub.pem");
    let tenant =
        Tenant { rsa_public_key: pem.to_owned(), token_algorithms: vec![TokenAlgorithm::RS256], ..tenant("demo", "") };
    let forged = sign_hs256(&json!({"sub": "ada"}), pem).unwrap();
    let verifier = TokenVerifier::new(&tenant).unwrap();
    assert_eq!(connect(&verifier, &forged).err(), invalid(InvalidReason::Algorithm));
}

#[test]
fn a_tenant_without_keys_accepts_nothing() {
    let verifier = TokenVerifier::new(&tenant("demo", "")).unwrap();
    let forged = sign_hs256(&json!({"sub": "ada"}), "").unwrap();
    assert_eq!(connect(&verifier, &forged).err(), invalid(InvalidReason::Algorithm));
}

#[test]
fn other_forms_are_malformed() {
    let good = token(&json!({"sub": "ada"}));
    let long = token(&json!({"sub": "a".repeat(TOKEN_BYTES_MAX)}));
    let broken = [String::new(), ".".into(), "..".into(), "a.b".into(), format!("{good}.x"), format!("x.{good}"), long];
    for token in broken {
        assert_eq!(connect(&demo(), &token).err(), invalid(InvalidReason::Malformed));
    }
    for changed in [format!("{good}="), format!("{good}A"), good.replace('.', ".A")] {
        assert!(connect(&demo(), &changed).is_err(), "{changed}");
    }
}

#[test]
fn any_changed_byte_is_noticed() {
    let good = token(&json!({"sub": "ada"}));
    for position in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(connect(&demo(), &changed).is_err(), "{position}");
    }
}

#[test]
fn inspection_shows_both_parts() {
    let shown = inspect(&token(&json!({"sub": "ada"}))).unwrap();
    assert_eq!(shown.header["alg"], "HS256");
    assert_eq!(shown.claims["sub"], "ada");
    assert!(inspect("nonsense").is_err());
}

proptest::proptest! {
    #[test]
    fn no_token_panics(text in "[A-Za-z0-9_.=-]{0,200}", header in ".{0,60}", payload in ".{0,60}") {
        let made = format!("{}.{}.{text}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        for token in [text, made] {
            proptest::prop_assert!(connect(&demo(), &token).is_err());
            let _ = inspect(&token);
        }
    }
}
