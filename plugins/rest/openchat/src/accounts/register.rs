//! Registering.

use std::sync::Arc;

use natter_node::run_time_tenants::{self, RegisterError};
use natter_node::tenant::Tenant;
use natter_rest::Rejection;
use natter_store::RowWriteOutcome;
use serde::{Deserialize, Serialize};

use super::body::{RegisterBody, Registered};
use super::tokens::Token;
use super::{AccessToken, Account, Accounts, rows, secrets};
use crate::check;
use crate::errors::{ApiError, Code};
use crate::time::iso;

/// How long a claim without an account is believed, in milliseconds: its registration may be under way.
const CLAIM_MS: i64 = 60_000;
const EXISTS: ApiError = ApiError::Refused(Code::Exists, "User already exists with this username or email");

/// Who has an email address.
#[derive(Debug, Serialize, Deserialize)]
struct Claim {
    /// The account's name in lower case.
    account: String,
    /// Unix milliseconds.
    at: i64,
}

impl Accounts {
    /// Makes a partner, its tenant and its first access token.
    ///
    /// # Errors
    /// 1000, or 1006 when the name or the address is taken.
    pub(crate) async fn register(&self, body: RegisterBody) -> Result<Registered, ApiError> {
        check::username(&body.username)?;
        check::email(&body.email)?;
        let key = body.username.to_ascii_lowercase();
        if self.account(&key).await?.is_some() {
            return Err(EXISTS);
        }
        self.claim_email(&key, &body.email.to_lowercase()).await?;
        self.tenant(&key).await?;
        let access_token = secrets::token()?;
        let hash = self.put_token(&access_token, Token::of_account(&key)).await?;
        let created_at = self.now_ms();
        let account = Account {
            username: body.username,
            email: body.email,
            created_at,
            tokens: vec![AccessToken { hash: hash.clone(), good_until: None }],
            webhook: None,
        };
        match rows::put(&*self.0.store, &rows::account(&key), 0, &account).await? {
            RowWriteOutcome::Written(version) => {
                self.remember(version, account.clone());
                let Account { username, email, .. } = account;
                Ok(Registered { username, email, access_token, created_at: iso(created_at) })
            }
            RowWriteOutcome::Conflict(_) => {
                self.remove_token(&hash).await?;
                Err(EXISTS)
            }
        }
    }

    /// The tenant of an account, which is made if a node has not seen it yet.
    pub(super) async fn tenant(&self, key: &str) -> Result<Arc<Tenant>, ApiError> {
        let made = run_time_tenants::register(&*self.0.store, &self.0.tenants, key).await;
        made.map_err(|error| match error {
            RegisterError::Store(error) => error.into(),
            RegisterError::Busy => Rejection::unavailable().into(),
            RegisterError::Name => Rejection::internal(&error).into(),
        })
    }

    /// Takes an email address for an account to be made.
    async fn claim_email(&self, key: &str, email: &str) -> Result<(), ApiError> {
        let row = rows::email(email);
        let claim = Claim { account: key.to_owned(), at: self.now_ms() };
        let (version, known) = match rows::put(&*self.0.store, &row, 0, &claim).await? {
            RowWriteOutcome::Written(_) => return Ok(()),
            RowWriteOutcome::Conflict(Some(found)) => (found.version, rows::decode::<Claim>(&found)?),
            RowWriteOutcome::Conflict(None) => return Err(Rejection::unavailable().into()),
        };
        if known.account == key {
            return Ok(());
        }
        // An account never changes its address: one that has another has lost this claim for good.
        let is_taken = match self.account(&known.account).await? {
            Some((_, owner)) => owner.email.to_lowercase() == email,
            None => claim.at - known.at < CLAIM_MS,
        };
        if is_taken {
            return Err(EXISTS);
        }
        match rows::put(&*self.0.store, &row, version, &claim).await? {
            RowWriteOutcome::Written(_) => Ok(()),
            RowWriteOutcome::Conflict(_) => Err(EXISTS),
        }
    }
}
