//! Making accounts.

use std::sync::Arc;

use natter_chat::{ChatError, User, UserPatch};
use natter_core::TenantId;

use crate::account::{ACCOUNTS, ADDRESSES, Account};
use crate::accounts::{Accounts, NewAccount, SignedIn};
use crate::check;
use crate::error::AccountError;

impl Accounts {
    /// Makes an account with its user, and signs it in. An address whose user has been deleted is free again.
    ///
    /// # Errors
    /// [`AccountError::Invalid`], [`AccountError::Taken`], [`AccountError::Busy`].
    pub async fn register(&self, tenant: &TenantId, new: NewAccount) -> Result<SignedIn, AccountError> {
        let (name, email) = (check::name(&new.name)?, check::email(&new.email)?);
        check::password(&new.password)?;
        let before = self.by_email(tenant, email).await?;
        if let Some(before) = &before
            && !self.is_gone(tenant, before).await?
        {
            return Err(AccountError::Taken);
        }
        let account = Account {
            user: self.new_id()?,
            name: name.to_owned(),
            email: email.to_owned(),
            password: self.hasher().hash(&new.password).await?,
            created_at: self.now_ms(),
            passwords: 0,
        };
        self.claim(tenant, &account, before.as_ref()).await?;
        let user = self.user_of(tenant, &account).await?;
        self.open(tenant, account, user).await
    }

    /// Writes the account, unless somebody else has been faster. What leads to it is there before it.
    async fn claim(&self, tenant: &TenantId, account: &Account, before: Option<&Account>) -> Result<(), AccountError> {
        let key = check::key(&account.email);
        ADDRESSES.create(self.store(), tenant, &account.user_id(), "", &key).await?;
        let write = |known: Option<&Account>| match known.is_none() || known == before {
            true => Ok(Some(account.clone())),
            false => Err(AccountError::Taken),
        };
        let written = ACCOUNTS.update(self.store(), tenant, &key, "", write).await;
        if matches!(written, Err(AccountError::Taken)) {
            ADDRESSES.delete(self.store(), tenant, &account.user_id(), "").await?;
        }
        written.map(|_| ())
    }

    /// The user of an account, made now if a crash has come between the two.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`] when the user has been deleted.
    pub(crate) async fn user_of(&self, tenant: &TenantId, account: &Account) -> Result<Arc<User>, AccountError> {
        let id = account.user_id();
        match self.chat().find_user(tenant, &id).await? {
            Some(user) if user.is_alive() => Ok(user),
            Some(_) => Err(AccountError::WrongPassword),
            None => {
                let (name, email) = (Some(account.name.clone()), Some(account.email.clone()));
                let patch = UserPatch { name: Some(name), email: Some(email), ..UserPatch::default() };
                let made: Result<_, ChatError> = self.chat().upsert_user(tenant, &id, patch).await;
                Ok(made?.0)
            }
        }
    }
}
