//! New passwords: by whoever knows the old one, and by mail.

use natter_core::{EntityId, TenantId};

use crate::accounts::{Accounts, Credentials};
use crate::check;
use crate::error::AccountError;
use crate::secrets::SECRET_CHARACTERS;

/// How long a mailed token is good, in milliseconds.
const RESET_MS: i64 = 60 * 60 * 1_000;
const RESET: &str = "reset";
/// Digits of a user's id.
const ID_CHARACTERS: usize = 24;

/// What is mailed to somebody who has forgotten a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Reset {
    /// The address of the account.
    pub email: String,
    /// The name that it was registered with.
    pub name: String,
    /// Good once, for an hour.
    pub token: String,
}

impl Accounts {
    /// Changes the password of a user, and ends all sessions but the one that asks.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`] for a wrong old one, which counts as a failed login from `place`;
    /// [`AccountError::Throttled`], [`AccountError::Invalid`], [`AccountError::Busy`].
    pub async fn change_password(
        &self,
        tenant: &TenantId,
        (user, session): (&str, EntityId),
        (old, new): (&str, &str),
        place: &str,
    ) -> Result<(), AccountError> {
        check::password(new)?;
        let account = self.account_of(tenant, user).await?.ok_or(AccountError::WrongPassword)?;
        let shown = Credentials { email: &account.email, password: old, place };
        let account = self.verified(tenant, &shown).await?;
        let password = self.hasher().hash(new).await?;
        self.replace_password(tenant, &account, password).await?;
        self.drop_one_time(tenant, RESET, user).await?;
        self.end_others(tenant, user, Some(session)).await
    }

    /// Makes what is to be mailed to an address; `None` when it has no account, or has been sent enough for now.
    ///
    /// # Errors
    /// The store fails.
    pub async fn forgot(&self, tenant: &TenantId, email: &str) -> Result<Option<Reset>, AccountError> {
        let Some(account) = self.by_email(tenant, email).await? else { return Ok(None) };
        if self.is_gone(tenant, &account).await? {
            return Ok(None);
        }
        match self.resets().begin(&[tenant.as_str(), &check::key(email)]).await {
            Ok(attempt) => attempt.failed(),
            Err(AccountError::Throttled { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
        let user = account.user_id();
        let secret = self.give_one_time(tenant, RESET, &user, RESET_MS).await?;
        Ok(Some(Reset { email: account.email, name: account.name, token: format!("{user}{secret}") }))
    }

    /// Sets a new password by a mailed token, and ends all sessions.
    ///
    /// # Errors
    /// [`AccountError::BadToken`], [`AccountError::Invalid`], [`AccountError::Busy`].
    pub async fn reset(&self, tenant: &TenantId, token: &str, new: &str) -> Result<(), AccountError> {
        check::password(new)?;
        let is_whole = token.len() == ID_CHARACTERS + SECRET_CHARACTERS && token.is_ascii();
        let (user, secret) =
            token.split_at_checked(ID_CHARACTERS).filter(|_| is_whole).ok_or(AccountError::BadToken)?;
        self.take_one_time(tenant, RESET, user, secret).await?;
        let account = self.account_of(tenant, user).await?.ok_or(AccountError::BadToken)?;
        let password = self.hasher().hash(new).await?;
        match self.replace_password(tenant, &account, password).await {
            Err(AccountError::WrongPassword) => return Err(AccountError::BadToken),
            other => other?,
        }
        self.end_others(tenant, user, None).await
    }
}
