//! The access token of Google's APIs: a service account signs a claim and gets a token for it (RFC 7523).

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use natter_store::Clock;
use parking_lot::Mutex;
use reqwest::Client;
use serde_json::{Value, json};

use super::config::ServiceAccount;
use super::http;
use super::message::PushResult;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long a claim is good for; the longest that Google takes.
const CLAIM_SECONDS: i64 = 3600;
/// How long before its end a token is not used any more.
const MARGIN_SECONDS: i64 = 60;

struct Token {
    text: String,
    until: i64,
}

/// Gets tokens and keeps the newest.
pub(super) struct FcmTokens {
    account: ServiceAccount,
    key: EncodingKey,
    clock: Clock,
    kept: Mutex<Option<Token>>,
}

impl FcmTokens {
    pub(super) fn new(account: ServiceAccount, key: EncodingKey, clock: Clock) -> Self {
        Self { account, key, clock, kept: Mutex::new(None) }
    }

    pub(super) fn project(&self) -> &str {
        &self.account.project_id
    }

    /// A token that is good for a while.
    pub(super) async fn get(&self, client: &Client) -> Result<String, PushResult> {
        let now = (self.clock)() / 1000;
        if let Some(token) = self.kept.lock().as_ref().filter(|token| token.until > now) {
            return Ok(token.text.clone());
        }
        let claim = self.claim(now).map_err(|error| PushResult::retry(format_args!("no claim: {error}")))?;
        let form = [("grant_type", GRANT), ("assertion", claim.as_str())];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = client.post(&self.account.token_uri);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = http::send(request).await?;
        let text = answer.text("/access_token");
        if !answer.status.is_success() || text.is_empty() {
            let status = answer.status.as_u16();
            return Err(PushResult::retry(format_args!("no access token: status {status} {}", answer.text("/error"))));
        }
        let seconds = answer.body.get("expires_in").and_then(Value::as_i64).unwrap_or(CLAIM_SECONDS);
        let token = Token { text: text.to_owned(), until: now + seconds - MARGIN_SECONDS };
        *self.kept.lock() = Some(token);
        Ok(text.to_owned())
    }

    /// The provider does not take the token.
    pub(super) fn forget(&self) {
        *self.kept.lock() = None;
    }

    fn claim(&self, now: i64) -> jsonwebtoken::errors::Result<String> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.account.private_key_id.clone()).filter(|id| !id.is_empty());
        let claims = json!({
            "iss": self.account.client_email,
            "scope": SCOPE,
            "aud": self.account.token_uri,
            "iat": now,
            "exp": now + CLAIM_SECONDS,
        });
        jsonwebtoken::encode(&header, &claims, &self.key)
    }
}
