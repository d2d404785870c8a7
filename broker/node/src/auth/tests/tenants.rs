//! The audience chooses the tenant, and nothing crosses.

use super::*;

const OTHER: &str = "other-secret-other-secret-other-secret";

fn both() -> Authenticator {
    Authenticator::new(&[tenant("demo", SECRET), tenant("other", OTHER)]).unwrap()
}

fn of(secret: &str, claims: &Value, default: &str) -> Result<String, TokenError> {
    let token = sign_hs256(claims, secret).unwrap();
    done(both().authenticate_connection(&token, default, at(NOW))).map(|claims| claims.tenant.to_string())
}

#[test]
fn audiences() {
    let tenant_error = Err(TokenError::Invalid(InvalidReason::Tenant));
    let signature_error = Err(TokenError::Invalid(InvalidReason::Signature));
    let cases = [
        (SECRET, json!({}), "demo", Ok("demo".to_owned())),
        (OTHER, json!({}), "other", Ok("other".to_owned())),
        (OTHER, json!({"aud": "other"}), "demo", Ok("other".to_owned())),
        (OTHER, json!({"aud": ["x", "other"]}), "demo", Ok("other".to_owned())),
        (SECRET, json!({"aud": []}), "demo", Ok("demo".to_owned())),
        (SECRET, json!({"aud": null}), "demo", Ok("demo".to_owned())),
        (OTHER, json!({}), "demo", signature_error.clone()),
        (SECRET, json!({"aud": "other"}), "demo", signature_error),
        (SECRET, json!({"aud": "nobody"}), "demo", tenant_error.clone()),
        (SECRET, json!({"aud": ""}), "demo", tenant_error.clone()),
        (SECRET, json!({}), "nobody", tenant_error),
    ];
    for (secret, claims, default, expected) in cases {
        assert_eq!(of(secret, &claims, default), expected, "{claims} {default}");
    }
}

#[test]
fn a_subscription_token_stays_in_its_tenant() {
    let verify = |secret: &str, claims: &Value| {
        done(both().authenticate_subscription(&sign_hs256(claims, secret).unwrap(), "demo", at(NOW))).err()
    };
    assert_eq!(verify(SECRET, &json!({"channel": "r"})), None);
    assert_eq!(verify(SECRET, &json!({"channel": "r", "aud": "demo"})), None);
    assert_eq!(verify(OTHER, &json!({"channel": "r", "aud": "other"})), invalid(InvalidReason::Tenant));
    assert_eq!(verify(OTHER, &json!({"channel": "r"})), invalid(InvalidReason::Signature));
}

#[test]
fn a_reload_keeps_what_did_not_change() {
    let before = both();
    let after = before.rebuilt(&[tenant("demo", SECRET), tenant("other", SECRET)]).unwrap();
    let same = |id: &str| std::sync::Arc::ptr_eq(before.tenant(id).unwrap(), after.tenant(id).unwrap());
    assert!(same("demo") && !same("other"));
    assert!(before.rebuilt(&[]).unwrap().tenant("demo").is_none());
}
