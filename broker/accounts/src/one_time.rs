//! Secrets that are good once, for a while, and cannot be guessed by trying.

use natter_chat::rows::Table;
use natter_core::TenantId;
use serde::{Deserialize, Serialize};

use crate::accounts::Accounts;
use crate::error::AccountError;
use crate::secrets;

/// One-time secrets: partition the purpose and whom it is for, so that the newest replaces the one before.
const ONE_TIME: Table<OneTime> = Table::new("account_one_time");
/// Wrong secrets after which the right one is void as well.
const TRIES_MAX: u32 = 5;

/// A one-time secret as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OneTime {
    hash: String,
    /// Unix milliseconds.
    expires_at: i64,
    /// 0 once it has been used.
    tries_left: u32,
}

impl OneTime {
    pub(crate) fn new(secret: &str, expires_at: i64) -> Self {
        Self { hash: secrets::hash(secret), expires_at, tries_left: TRIES_MAX }
    }

    /// Whether a secret is good now, and what is left after it was shown.
    pub(crate) fn shown(&self, secret: &str, now_ms: i64) -> (bool, Self) {
        let is_live = self.tries_left > 0 && now_ms < self.expires_at;
        let is_good = is_live && secrets::is_secret(secret, &self.hash);
        let tries_left = if is_good { 0 } else { self.tries_left.saturating_sub(1) };
        (is_good, Self { tries_left, ..self.clone() })
    }
}

/// What a secret is for, and for whom.
fn partition(purpose: &str, subject: &str) -> String {
    format!("{purpose}:{subject}")
}

impl Accounts {
    /// Makes a secret for somebody, in the place of the one before.
    pub(crate) async fn give_one_time(
        &self,
        tenant: &TenantId,
        purpose: &str,
        subject: &str,
        lifetime_ms: i64,
    ) -> Result<String, AccountError> {
        let secret = secrets::secret()?;
        let row = OneTime::new(&secret, self.now_ms() + lifetime_ms);
        let write = |_: Option<&OneTime>| Ok::<_, AccountError>(Some(row.clone()));
        ONE_TIME.update(self.store(), tenant, &partition(purpose, subject), "", write).await?;
        Ok(secret)
    }

    /// Uses a secret up.
    ///
    /// # Errors
    /// [`AccountError::BadToken`].
    pub(crate) async fn take_one_time(
        &self,
        tenant: &TenantId,
        purpose: &str,
        subject: &str,
        secret: &str,
    ) -> Result<(), AccountError> {
        let mut is_good = false;
        let now_ms = self.now_ms();
        let take = |known: Option<&OneTime>| {
            let (good, after) = known.map(|known| known.shown(secret, now_ms)).unzip();
            is_good = good.unwrap_or_default();
            Ok::<_, AccountError>(after.filter(|after| Some(after) != known))
        };
        ONE_TIME.update(self.store(), tenant, &partition(purpose, subject), "", take).await?;
        if is_good { Ok(()) } else { Err(AccountError::BadToken) }
    }

    /// Makes a secret void that nobody has used.
    pub(crate) async fn drop_one_time(
        &self,
        tenant: &TenantId,
        purpose: &str,
        subject: &str,
    ) -> Result<(), AccountError> {
        ONE_TIME.delete(self.store(), tenant, &partition(purpose, subject), "").await?;
        Ok(())
    }
}
