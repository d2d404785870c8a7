//! Access tokens: JWTs (RFC 7519) that open this API and real-time connections, for a quarter of an hour.
//!
//! They are signed with HS256 and a key that is derived from the tenant's secret, so that neither can be taken for a token
//! that the tenant's backend has made, nor the other way round. `sid` names the session that a token came of; whoever
//! reads one has to ask whether that session is still open.

use std::time::SystemTime;

use natter_chat::User;
use natter_core::EntityId;
use natter_node::auth::{
    ConnectionClaims, InvalidReason, KeyError, TokenError, TokenPurpose, TokenVerifier, Verified, inspect, sign_hs256,
};
use natter_node::config::{Secret, Tenant, TokenAlgorithm};
use natter_rest::Rejection;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// `iss` of every token.
pub const ISSUER: &str = "natter/chatify";
/// What the key is derived for; another text gives other keys.
const KEY_INFO: &[u8] = b"natter/chatify access token, version 1";
/// Seconds that a token is good.
const LIFETIME_S: i64 = 15 * 60;

/// What a token says.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    sub: &'a str,
    aud: &'a str,
    /// Unix seconds.
    iat: i64,
    exp: i64,
    sid: String,
}

/// What is looked at of a token before it is verified.
#[derive(Deserialize)]
struct Origin {
    iss: String,
    #[serde(default)]
    sid: String,
}

/// A token whose signature and time are good.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// Its user.
    pub(crate) user: String,
    /// The session that it came of.
    pub(crate) session: EntityId,
    /// What it opens, as a connection sees it.
    pub(crate) claims: ConnectionClaims,
}

impl Shown {
    /// `iat` in Unix seconds.
    pub(crate) fn issued_at(&self) -> Option<i64> {
        self.claims.issued_at.and_then(|at| i64::try_from(at).ok())
    }

    /// `exp` in Unix milliseconds.
    pub(crate) fn expires_at_ms(&self) -> i64 {
        self.claims.expire_at.and_then(|at| i64::try_from(at).ok()).unwrap_or_default().saturating_mul(1_000)
    }
}

/// Makes and reads the tokens of one tenant.
pub(crate) struct AccessTokens {
    tenant: String,
    key: Secret,
    verifier: TokenVerifier,
}

impl AccessTokens {
    /// Derives the keys of a tenant. One without a secret of its own has none, and no tokens.
    pub(crate) fn new(tenant: &Tenant) -> Result<Self, KeyError> {
        let key = derived(&tenant.token_secret);
        let verified_by = Tenant {
            id: tenant.id.clone(),
            token_secret: key.clone(),
            previous_token_secret: derived(&tenant.previous_token_secret),
            previous_token_secret_until: tenant.previous_token_secret_until,
            token_algorithms: vec![TokenAlgorithm::HS256],
            require_exp: true,
            ..Tenant::default()
        };
        Ok(Self { tenant: tenant.id.clone(), key, verifier: TokenVerifier::new(&verified_by)? })
    }

    /// The tenant.
    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Whether there is a key.
    pub(crate) fn can_issue(&self) -> bool {
        !self.key.is_empty()
    }

    /// A token of a session.
    pub(crate) fn issue(&self, user: &User, session: EntityId, now_s: i64) -> Result<String, Rejection> {
        let iat = user.token_time(now_s);
        let (sub, aud, sid) = (user.id.as_str(), self.tenant.as_str(), session.to_hex());
        let claims = Claims { iss: ISSUER, sub, aud, iat, exp: iat + LIFETIME_S, sid };
        sign_hs256(&claims, self.key.reveal()).map_err(|error| Rejection::internal(&error))
    }

    /// Reads a token; `None` for one that does not claim to be this plugin's.
    pub(crate) fn read(&self, token: &str, now: SystemTime) -> Option<Result<Shown, TokenError>> {
        let origin = Origin::deserialize(inspect(token).ok()?.claims).ok().filter(|origin| origin.iss == ISSUER)?;
        Some(self.verified(token, &origin, now))
    }

    fn verified(&self, token: &str, origin: &Origin, now: SystemTime) -> Result<Shown, TokenError> {
        let Verified::Done(claims) = self.verifier.verify_connection(token, now) else {
            return Err(TokenError::KeysUnavailable);
        };
        let session = EntityId::parse_hex(&origin.sid).ok_or(TokenError::Invalid(InvalidReason::Claims))?;
        let login = Some(origin.sid.as_str().into());
        let claims = ConnectionClaims { purpose: Some(TokenPurpose::Realtime), login, ..claims? };
        match claims.user.is_empty() {
            true => Err(TokenError::Invalid(InvalidReason::Claims)),
            false => Ok(Shown { user: claims.user.clone(), session, claims }),
        }
    }
}

/// The key that follows from a tenant's secret; none from none.
fn derived(secret: &Secret) -> Secret {
    if secret.is_empty() {
        return Secret::default();
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    Secret::new(hmac::sign(&key, KEY_INFO).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::json;

    use super::*;

    const SECRET: &str = "demo-secret-demo-secret-demo-secret";

    fn tenant(id: &str, secret: &str) -> Tenant {
        Tenant { id: id.to_owned(), token_secret: Secret::new(secret), ..Tenant::default() }
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn signed(claims: &serde_json::Value, secret: &str) -> String {
        sign_hs256(claims, secret).unwrap()
    }

    fn claims() -> serde_json::Value {
        json!({ "iss": ISSUER, "sub": "u", "aud": "demo", "iat": 0, "exp": 900, "sid": "0".repeat(24) })
    }

    #[test]
    fn a_token_opens_what_it_says_until_its_time_is_over() {
        let tokens = AccessTokens::new(&tenant("demo", SECRET)).unwrap();
        let token = signed(&claims(), tokens.key.reveal());
        let shown = tokens.read(&token, at(899)).unwrap().unwrap();
        assert_eq!((shown.user.as_str(), shown.issued_at(), shown.expires_at_ms()), ("u", Some(0), 900_000));
        assert_eq!(shown.claims.purpose, Some(TokenPurpose::Realtime));
        assert_eq!(shown.claims.login.as_deref(), Some(&*"0".repeat(24)));
        assert_eq!(tokens.read(&token, at(900)).unwrap().unwrap_err(), TokenError::Expired);
    }

    #[test]
    fn tokens_of_others_are_left_to_them() {
        let tokens = AccessTokens::new(&tenant("demo", SECRET)).unwrap();
        for token in ["", "x", "a.b.c", &signed(&json!({ "sub": "u" }), SECRET)] {
            assert!(tokens.read(token, at(0)).is_none(), "{token}");
        }
    }

    #[test]
    fn forged_tokens_are_refused() {
        let tokens = AccessTokens::new(&tenant("demo", SECRET)).unwrap();
        let with = |name: &str, value: serde_json::Value| {
            let mut claims = claims();
            claims[name] = value;
            signed(&claims, tokens.key.reveal())
        };
        let other = AccessTokens::new(&tenant("other", "other-secret-other-secret-other-secret")).unwrap();
        for token in [
            // What the tenant's own backend can sign.
            signed(&claims(), SECRET),
            signed(&claims(), other.key.reveal()),
            with("aud", json!("other")),
            with("exp", json!(null)),
            with("sid", json!("x")),
            with("sub", json!("")),
        ] {
            assert!(matches!(tokens.read(&token, at(1)), Some(Err(TokenError::Invalid(_)))), "{token}");
        }
        let none = AccessTokens::new(&tenant("demo", "")).unwrap();
        assert!(!none.can_issue());
        assert!(matches!(none.read(&signed(&claims(), ""), at(1)), Some(Err(TokenError::Invalid(_)))));
    }

    #[test]
    fn the_secret_before_is_accepted_for_its_time() {
        let before = AccessTokens::new(&tenant("demo", SECRET)).unwrap();
        let after = Tenant {
            previous_token_secret: Secret::new(SECRET),
            previous_token_secret_until: 100,
            ..tenant("demo", "another-secret-another-secret-12345")
        };
        let after = AccessTokens::new(&after).unwrap();
        let token = signed(&claims(), before.key.reveal());
        assert!(after.read(&token, at(99)).unwrap().is_ok());
        assert!(after.read(&token, at(101)).unwrap().is_err());
    }
}
