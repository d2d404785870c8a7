//! Access tokens, and tokens that act for one shop or user only.

use std::sync::Arc;

use natter_rest::{Rejection, Unauthorized};
use natter_store::RowWriteOutcome;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{NewAccessToken, SocketTokenBody};
use super::{AccessToken, Accounts, rows, secrets};
use crate::caller::Caller;
use crate::check;
use crate::errors::ApiError;
use crate::side::SideId;
use crate::time::iso;

/// How long an access token is good after it was replaced, in milliseconds.
const GRACE_MS: i64 = 60_000;
/// Access tokens that an account has at a time; replacing more of them within the grace ends the oldest.
const TOKENS_MAX: usize = 8;
/// Seconds that a scoped token is good for, unless the caller says so, and at most.
const SCOPED_SECONDS: u32 = 3_600;
const SCOPED_SECONDS_MAX: u32 = 30 * 24 * 3_600;

/// What a token's hash leads to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Token {
    /// The account's name in lower case.
    account: String,
    /// The side that it acts for; `None` for the partner's own, which the account has to name as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<SideId>,
    /// Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<i64>,
}

impl Token {
    /// A partner's own.
    pub(super) fn of_account(key: &str) -> Self {
        Self { account: key.to_owned(), scope: None, expires_at: None }
    }
}

/// A token that acts for one shop or user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Scoped {
    /// 100 letters and digits.
    pub token: String,
    /// When it ends.
    pub expires_at: String,
}

const UNKNOWN: Rejection = Rejection::Unauthorized(Unauthorized::TokenInvalid("unknown"));

impl Accounts {
    /// Finds out whose a token is.
    ///
    /// # Errors
    /// 4001 for a token of nobody or one whose time is over; the store fails.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, ApiError> {
        let hash = secrets::hash(token).ok_or(UNKNOWN)?;
        let found = self.token(&hash).await?.ok_or(UNKNOWN)?;
        let now_ms = self.now_ms();
        if found.expires_at.is_some_and(|until| until <= now_ms) {
            return Err(Rejection::Unauthorized(Unauthorized::TokenExpired).into());
        }
        let (_, account) = self.account(&found.account).await?.ok_or(UNKNOWN)?;
        let mut good_until = found.expires_at;
        if found.scope.is_none() {
            let own = account.tokens.iter().find(|own| own.hash == hash).ok_or(UNKNOWN)?;
            if own.good_until.is_some_and(|until| until <= now_ms) {
                return Err(Rejection::Unauthorized(Unauthorized::TokenExpired).into());
            }
            good_until = own.good_until;
        }
        let tenant = self.tenant(&found.account).await?;
        Ok(Caller::new(account, tenant, found.scope.clone()).until(good_until))
    }

    /// A partner as a caller who has shown no token, where that is allowed; `name` in any letter case.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn without_token(&self, name: &str) -> Result<Option<Caller>, ApiError> {
        let key = name.to_ascii_lowercase();
        let Some((_, account)) = self.account(&key).await? else { return Ok(None) };
        Ok(Some(Caller::new(account, self.tenant(&key).await?, None)))
    }

    /// Gives a partner a new access token; the one before stays good for a minute.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn rotate(&self, caller: &Caller) -> Result<NewAccessToken, ApiError> {
        caller.require_partner()?;
        let key = caller.account().key();
        let access_token = secrets::token()?;
        let hash = self.put_token(&access_token, Token::of_account(&key)).await?;
        let now_ms = self.now_ms();
        let before = Arc::clone(caller.account());
        let account = self.change(&key, |account| {
            account.tokens.retain(|token| token.good_until.is_none_or(|until| until > now_ms));
            for token in &mut account.tokens {
                token.good_until.get_or_insert(now_ms + GRACE_MS);
            }
            account.tokens.push(AccessToken { hash: hash.clone(), good_until: None });
            let surplus = account.tokens.len().saturating_sub(TOKENS_MAX);
            account.tokens.drain(..surplus);
        });
        let account = account.await?;
        for gone in before.tokens.iter().filter(|token| !account.tokens.iter().any(|own| own.hash == token.hash)) {
            self.remove_token(&gone.hash).await?;
        }
        let previous_token_expires_at = iso(now_ms + GRACE_MS);
        Ok(NewAccessToken { username: account.username.clone(), access_token, previous_token_expires_at })
    }

    /// Makes a token that acts for one shop or user of the caller.
    ///
    /// # Errors
    /// 1000, or 4003 for a caller who is no partner itself.
    pub async fn make_scoped(&self, caller: &Caller, body: SocketTokenBody) -> Result<Scoped, ApiError> {
        caller.check_username(body.username.as_deref())?;
        caller.require_partner()?;
        check::id("id", &body.id)?;
        let seconds = body.expires_in.unwrap_or(SCOPED_SECONDS);
        if !(1..=SCOPED_SECONDS_MAX).contains(&seconds) {
            return Err(Rejection::invalid("expires_in", format!("must be 1 to {SCOPED_SECONDS_MAX} seconds")).into());
        }
        let expires_at = self.now_ms() + i64::from(seconds) * 1_000;
        let scope = Some(SideId { by: body.by, id: body.id });
        let token = secrets::token()?;
        let row = Token { account: caller.account().key(), scope, expires_at: Some(expires_at) };
        self.put_token(&token, row).await?;
        Ok(Scoped { token, expires_at: iso(expires_at) })
    }

    /// Writes the row of a new token, and answers with the hash.
    pub(super) async fn put_token(&self, token: &str, row: Token) -> Result<String, ApiError> {
        let hash = secrets::hash(token).ok_or_else(|| Rejection::internal(&"a token of another form was made"))?;
        match rows::put(&*self.0.store, &rows::token(&hash), 0, &row).await? {
            RowWriteOutcome::Written(_) => Ok(hash),
            RowWriteOutcome::Conflict(_) => Err(Rejection::internal(&"two tokens are the same").into()),
        }
    }

    /// Removes the row of a token that does not count any more.
    pub(super) async fn remove_token(&self, hash: &str) -> Result<(), ApiError> {
        self.0.tokens.invalidate(hash);
        let row = rows::token(hash);
        if let Some(found) = self.0.store.get_row(&row).await? {
            self.0.store.delete_row(&row, found.version).await?;
        }
        Ok(())
    }

    async fn token(&self, hash: &str) -> Result<Option<Arc<Token>>, ApiError> {
        if let Some(known) = self.0.tokens.get(hash) {
            return Ok(Some(known));
        }
        let Some((_, token)) = rows::get::<Token>(&*self.0.store, &rows::token(hash)).await? else { return Ok(None) };
        let token = Arc::new(token);
        self.0.tokens.insert(hash.to_owned(), Arc::clone(&token));
        Ok(Some(token))
    }
}
