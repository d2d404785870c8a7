//! Partners: accounts, their tokens and their webhooks.
//!
//! The account's row is the truth, and the moment of a registration; what is written before it (the claim of the email
//! address, the tenant, the token's row) means nothing without it and is taken over by whoever registers next. Tokens are
//! stored as hashes only: a row leads from the hash to the account, and the account says which of them count.

mod body;
mod register;
pub(crate) mod rows;
mod secrets;
mod sweep;
mod tokens;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use moka::ops::compute::Op;
use moka::sync::Cache;
use natter_core::TenantId;
use natter_node::run_time_tenants::SELF_REGISTERED_PREFIX;
use natter_node::tenant::Tenants;
use natter_rest::Rejection;
use natter_store::{Clock, RowWriteOutcome, Store};
use serde::{Deserialize, Serialize};

use crate::errors::ApiError;

pub(crate) use body::{Me, NewAccessToken, Registered, WebhookBody, WebhookView};
pub use body::{RegisterBody, SocketTokenBody};
pub use tokens::Scoped;

/// Accounts and tokens that are remembered.
const REMEMBERED_MAX: u64 = 100_000;
/// How long a change by another node can go unseen.
const SEEN_WITHIN: Duration = Duration::from_secs(5);
/// Tries to write a row that somebody else writes at the same time.
const WRITES_MAX: usize = 16;

/// A partner's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The name as it was registered.
    pub username: String,
    /// The email address as it was registered.
    pub email: String,
    /// Unix milliseconds.
    pub created_at: i64,
    /// The access tokens that count.
    tokens: Vec<AccessToken>,
    /// Where it is told what happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) webhook: Option<Webhook>,
}

/// An access token, by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AccessToken {
    hash: String,
    /// Unix milliseconds; `None` for the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    good_until: Option<i64>,
}

/// A partner's endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) secret: String,
}

impl Account {
    /// The name that makes it unique.
    pub fn key(&self) -> String {
        self.username.to_ascii_lowercase()
    }
}

/// All accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    tenants: Arc<Tenants>,
    clock: Clock,
    /// By name in lower case, with the row's version.
    accounts: Cache<String, (u64, Arc<Account>)>,
    /// By hash.
    tokens: Cache<String, Arc<tokens::Token>>,
}

impl Accounts {
    /// Begins over a store.
    pub(crate) fn new(store: Arc<dyn Store>, tenants: Arc<Tenants>, clock: Clock) -> Self {
        let accounts = Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(SEEN_WITHIN).build();
        let tokens = Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(SEEN_WITHIN).build();
        Self(Arc::new(Inner { store, tenants, clock, accounts, tokens }))
    }

    /// Whether a tenant is a partner's.
    pub fn is_partner(&self, tenant: &TenantId) -> bool {
        tenant.as_str().starts_with(SELF_REGISTERED_PREFIX)
    }

    /// The account that a tenant is, if it is a partner's.
    ///
    /// # Errors
    /// The store fails.
    pub async fn of_tenant(&self, tenant: &str) -> Result<Option<Arc<Account>>, ApiError> {
        match tenant.strip_prefix(SELF_REGISTERED_PREFIX) {
            Some(key) => Ok(self.account(key).await?.map(|(_, account)| account)),
            None => Ok(None),
        }
    }

    /// An account by its name in lower case, with the version of its row.
    async fn account(&self, key: &str) -> Result<Option<(u64, Arc<Account>)>, ApiError> {
        if let Some(known) = self.0.accounts.get(key) {
            return Ok(Some(known));
        }
        let found = rows::get::<Account>(&*self.0.store, &rows::account(key)).await?;
        Ok(found.map(|(version, account)| self.remember(version, account)))
    }

    /// Changes an account by a pure function.
    async fn change(&self, key: &str, change: impl Fn(&mut Account)) -> Result<Arc<Account>, ApiError> {
        let row = rows::account(key);
        for _ in 0..WRITES_MAX {
            let found = rows::get::<Account>(&*self.0.store, &row).await?;
            let Some((version, mut account)) = found else { break };
            change(&mut account);
            if let RowWriteOutcome::Written(version) = rows::put(&*self.0.store, &row, version, &account).await? {
                return Ok(self.remember(version, account).1);
            }
        }
        Err(Rejection::unavailable().into())
    }

    /// Remembers a row; a newer one stays, so that a slow reader does not bring an old one back.
    fn remember(&self, version: u64, account: Account) -> (u64, Arc<Account>) {
        let new = (version, Arc::new(account));
        self.0.accounts.entry(new.1.key()).and_compute_with(|known| match known {
            Some(known) if known.value().0 > version => Op::Nop,
            _ => Op::Put(new.clone()),
        });
        new
    }

    fn now_ms(&self) -> i64 {
        (self.0.clock)()
    }
}
