//! Accounts as they are stored.

use natter_chat::ChatError;
use natter_chat::rows::{Table, Versioned};
use natter_core::{EntityId, TenantId};
use serde::{Deserialize, Serialize};

use crate::accounts::Accounts;
use crate::check;
use crate::error::AccountError;
use crate::hasher::Password;

/// Accounts: partition the email address in lower case.
pub(crate) const ACCOUNTS: Table<Account> = Table::new("accounts");
/// Which address a user signs in with: partition the user's 24 digits. A hint, which is there before its account.
pub(crate) const ADDRESSES: Table<String> = Table::new("account_addresses");

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The user of the domain.
    pub user: EntityId,
    /// The name that it was registered with.
    pub name: String,
    /// The address as it was registered.
    pub email: String,
    pub(crate) password: Password,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Grows with every new password.
    #[serde(default)]
    pub(crate) passwords: u64,
}

impl Account {
    /// The user's id in the domain: 24 hexadecimal digits.
    pub fn user_id(&self) -> String {
        self.user.to_hex()
    }
}

impl Accounts {
    /// The account of an email address, in any letter case.
    pub(crate) async fn by_email(&self, tenant: &TenantId, email: &str) -> Result<Option<Account>, AccountError> {
        if check::email(email).is_err() {
            return Ok(None);
        }
        let found = ACCOUNTS.get(self.store(), tenant, &check::key(email), "").await?;
        Ok(found.map(|found| found.value))
    }

    /// The account of a user.
    ///
    /// # Errors
    /// The store fails.
    pub async fn account_of(&self, tenant: &TenantId, user: &str) -> Result<Option<Account>, AccountError> {
        let Some(user) = EntityId::parse_hex(user) else { return Ok(None) };
        let Some(address) = ADDRESSES.get(self.store(), tenant, &user.to_hex(), "").await? else { return Ok(None) };
        let found = ACCOUNTS.get(self.store(), tenant, &address.value, "").await?;
        Ok(found.map(|found| found.value).filter(|account| account.user == user))
    }

    /// Writes a new password where the account still has the one that was looked at.
    pub(crate) async fn replace_password(
        &self,
        tenant: &TenantId,
        account: &Account,
        password: Password,
    ) -> Result<(), AccountError> {
        let change = |known: Option<&Account>| match known {
            Some(known) if known.user == account.user && known.passwords == account.passwords => {
                let passwords = known.passwords + 1;
                Ok(Some(Account { password: password.clone(), passwords, ..known.clone() }))
            }
            _ => Err(AccountError::WrongPassword),
        };
        let key = check::key(&account.email);
        let _: Option<Versioned<Account>> = ACCOUNTS.update(self.store(), tenant, &key, "", change).await?;
        Ok(())
    }

    /// Whether the user of an account has been deleted, by whatever API.
    pub(crate) async fn is_gone(&self, tenant: &TenantId, account: &Account) -> Result<bool, ChatError> {
        let user = self.chat().find_user(tenant, &account.user_id()).await?;
        Ok(user.is_some_and(|user| !user.is_alive()))
    }
}
