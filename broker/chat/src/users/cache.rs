//! Users in memory: those that were asked for last, and when they were active.

use std::sync::Arc;
use std::time::Duration;

use moka::ops::compute::Op;
use moka::sync::Cache;
use natter_core::TenantId;

use super::activity::Activity;
use crate::model::User;
use crate::rows::Versioned;

/// Users that are remembered.
const USERS_MAX: u64 = 100_000;
/// How long a change by another node can go unseen.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

type Key = (TenantId, String);

/// What a node remembers of users.
pub(crate) struct Users {
    rows: Cache<Key, Versioned<Arc<User>>>,
    pub(super) activity: Cache<Key, Activity>,
}

impl Default for Users {
    fn default() -> Self {
        Self {
            rows: Cache::builder().max_capacity(USERS_MAX).time_to_live(SEEN_WITHIN).build(),
            activity: Cache::new(USERS_MAX),
        }
    }
}

impl Users {
    pub(crate) fn get(&self, tenant: &TenantId, id: &str) -> Option<Arc<User>> {
        self.rows.get(&(tenant.clone(), id.to_owned())).map(|row| row.value)
    }

    /// Takes in a row that was read or written; a newer one stays, so that a slow reader does not bring an old one back.
    pub(super) fn remember(&self, tenant: &TenantId, row: Versioned<User>) -> Arc<User> {
        let user = Arc::new(row.value);
        let new = Versioned { version: row.version, value: Arc::clone(&user) };
        self.rows.entry((tenant.clone(), user.id.clone())).and_compute_with(|known| match known {
            Some(known) if known.value().version > new.version => Op::Nop,
            _ => Op::Put(new),
        });
        user
    }
}
