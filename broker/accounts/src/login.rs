//! Signing in with a password.

use natter_core::TenantId;

use crate::account::Account;
use crate::accounts::{Accounts, Credentials, SignedIn};
use crate::check;
use crate::error::AccountError;

impl Accounts {
    /// Signs somebody in. An unknown address takes as long as a wrong password.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`] for both, [`AccountError::Throttled`] after too many of them, [`AccountError::Busy`].
    pub async fn login(&self, tenant: &TenantId, shown: Credentials<'_>) -> Result<SignedIn, AccountError> {
        let account = self.verified(tenant, &shown).await?;
        let user = self.user_of(tenant, &account).await?;
        let signed_in = self.open(tenant, account.clone(), user).await?;
        // A new password ends the sessions that it finds. One that was opened with the old password meanwhile ends here.
        let now = self.by_email(tenant, &account.email).await?;
        if now.is_none_or(|now| now.user != account.user || now.passwords != account.passwords) {
            self.end_session(tenant, &account.user_id(), signed_in.session).await?;
            return Err(AccountError::WrongPassword);
        }
        Ok(signed_in)
    }

    /// The account whose password it is. Every failure counts.
    pub(crate) async fn verified(&self, tenant: &TenantId, shown: &Credentials<'_>) -> Result<Account, AccountError> {
        let parts = [tenant.as_str(), &check::key(shown.email), shown.place];
        let attempt = self.logins().begin(&parts).await?;
        let verified = self.compare(tenant, shown).await;
        match &verified {
            Err(AccountError::WrongPassword) => attempt.failed(),
            // Neither the right password nor our own trouble is a failure.
            _ => attempt.withdraw(),
        }
        verified
    }

    async fn compare(&self, tenant: &TenantId, shown: &Credentials<'_>) -> Result<Account, AccountError> {
        let account = self.by_email(tenant, shown.email).await?;
        let is_gone = match &account {
            Some(account) => self.is_gone(tenant, account).await?,
            None => true,
        };
        let password = account.as_ref().map(|account| &account.password);
        let is_right = self.hasher().verify(shown.password, password).await?;
        account.filter(|_| is_right && !is_gone).ok_or(AccountError::WrongPassword)
    }
}
