//! The handle to all accounts of a node, and what goes in and out of it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use natter_chat::{Chat, User};
use natter_core::{EntityId, TenantId};
use natter_store::{Clock, Store};

use crate::account::Account;
use crate::error::AccountError;
use crate::hasher::Hasher;
use crate::secrets;
use crate::throttle::{Throttle, ThrottleRules};

/// Wrong passwords of an address from one place, before even the right one has to wait.
const FAILURES_MAX: usize = 10;
/// Mails that an address is sent.
const RESETS_MAX: usize = 3;
/// The time in which both are counted.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// All accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    chat: Chat,
    store: Arc<dyn Store>,
    clock: Clock,
    hasher: Hasher,
    logins: Throttle,
    resets: Throttle,
    watch: OnceLock<Arc<dyn SessionWatch>>,
}

/// What accounts are made of.
pub struct AccountsParts {
    /// The domain whose users have them.
    pub chat: Chat,
    /// Keeps them.
    pub store: Arc<dyn Store>,
    /// Unix milliseconds.
    pub clock: Clock,
}

/// Is told of sessions that have ended, to close what they have opened.
pub trait SessionWatch: Send + Sync + 'static {
    /// A session of a user is over. Must not block.
    fn ended(&self, tenant: &TenantId, user: &str, session: EntityId);
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// 1 to 100 characters.
    pub name: String,
    /// Unique in any letter case.
    pub email: String,
    /// 8 to 128 characters.
    pub password: String,
}

/// What somebody shows who wants to sign in.
#[derive(Clone, Debug)]
pub struct Credentials<'a> {
    /// In any letter case.
    pub email: &'a str,
    /// As it is.
    pub password: &'a str,
    /// Where it comes from: failures are counted for each address and place.
    pub place: &'a str,
}

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The account.
    pub account: Account,
    /// Its user.
    pub user: Arc<User>,
    /// The session that its access tokens name.
    pub session: EntityId,
    /// Good once, for 30 days.
    pub refresh_token: String,
}

impl Accounts {
    /// Puts the parts together.
    pub fn new(parts: AccountsParts) -> Self {
        let AccountsParts { chat, store, clock } = parts;
        let rules = |events_max| ThrottleRules { events_max, window: WINDOW, ..ThrottleRules::default() };
        Self(Arc::new(Inner {
            chat,
            store,
            hasher: Hasher::default(),
            logins: Throttle::new(rules(FAILURES_MAX), Arc::clone(&clock)),
            resets: Throttle::new(rules(RESETS_MAX), Arc::clone(&clock)),
            clock,
            watch: OnceLock::new(),
        }))
    }

    /// Tells somebody of sessions that end from now on. Only the first call has an effect.
    pub fn watch(&self, watch: Arc<dyn SessionWatch>) {
        let _ = self.0.watch.set(watch);
    }

    pub(crate) fn chat(&self) -> &Chat {
        &self.0.chat
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn logins(&self) -> &Throttle {
        &self.0.logins
    }

    pub(crate) fn resets(&self) -> &Throttle {
        &self.0.resets
    }

    pub(crate) fn now_ms(&self) -> i64 {
        (self.0.clock)()
    }

    pub(crate) fn new_id(&self) -> Result<EntityId, AccountError> {
        let random = u64::from_be_bytes(secrets::random()?);
        Ok(EntityId::new(self.now_ms().unsigned_abs(), random))
    }

    pub(crate) fn tell_ended(&self, tenant: &TenantId, user: &str, session: EntityId) {
        if let Some(watch) = self.0.watch.get() {
            watch.ended(tenant, user, session);
        }
    }
}
