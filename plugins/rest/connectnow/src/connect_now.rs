//! What can be done, for routes and for sockets alike.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::extract::FromRef;
use moka::sync::Cache;
use natter_chat::Chat;
use natter_core::{EntityId, TenantId};
use natter_node::Broker;
use natter_node::config::Config;
use natter_node::realtime::Sockets;
use natter_node::tenant::Tenant;
use natter_outbox::Outbox;
use natter_rest::{Rejection, Rest};
use natter_store::{Clock, Store};

use crate::api_users::ConfiguredUsers;
use crate::tokens::Token;

/// Tokens that are remembered.
const TOKENS_MAX: u64 = 100_000;
/// How long a change by another node can go unseen.
const SEEN_WITHIN: Duration = Duration::from_secs(5);
/// Addresses nobody has that are remembered as asked for, for as long as their limit goes back.
const STRANGERS_MAX: u64 = 100_000;
const STRANGERS_FOR: Duration = Duration::from_secs(3_600);

/// Connect Now on a node. Cheap to clone.
#[derive(Clone)]
pub struct ConnectNow(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    chat: Chat,
    rest: Arc<Rest>,
    store: Arc<dyn Store>,
    outbox: Outbox,
    broker: Broker,
    sockets: Sockets,
    clock: Clock,
    public_url: String,
    settings: ArcSwap<Settings>,
    /// By hash.
    pub(crate) tokens: Cache<String, Arc<Token>>,
    /// When codes were asked for that nobody got.
    pub(crate) strangers: Cache<(EntityId, String), Vec<i64>>,
}

struct Settings {
    tenant: TenantId,
    users: Arc<ConfiguredUsers>,
}

impl Settings {
    fn new(config: &Config) -> Self {
        let own = &config.plugins.connectnow;
        Self { tenant: TenantId::new(own.tenant.as_str()), users: Arc::new(ConfiguredUsers::new(own)) }
    }
}

/// What Connect Now is made of.
pub struct ConnectNowParts {
    /// The domain.
    pub chat: Chat,
    /// What it shares with the node's other dialects.
    pub rest: Arc<Rest>,
    /// Has what the domain does not know.
    pub store: Arc<dyn Store>,
    /// Takes mails.
    pub outbox: Outbox,
    /// Ends connections.
    pub broker: Broker,
    /// Where chat users' sockets are.
    pub sockets: Sockets,
    /// Unix milliseconds.
    pub clock: Clock,
}

impl ConnectNow {
    /// Puts the parts together.
    pub fn new(config: &Config, parts: ConnectNowParts) -> Self {
        let ConnectNowParts { chat, rest, store, outbox, broker, sockets, clock } = parts;
        Self(Arc::new(Inner {
            chat,
            rest,
            store,
            outbox,
            broker,
            sockets,
            clock,
            public_url: config.server.public_url.trim_end_matches('/').to_owned(),
            settings: ArcSwap::from_pointee(Settings::new(config)),
            tokens: Cache::builder().max_capacity(TOKENS_MAX).time_to_live(SEEN_WITHIN).build(),
            strangers: Cache::builder().max_capacity(STRANGERS_MAX).time_to_live(STRANGERS_FOR).build(),
        }))
    }

    /// Takes a new configuration over.
    pub(crate) fn reload(&self, config: &Config) {
        self.0.settings.store(Arc::new(Settings::new(config)));
    }

    pub(crate) fn chat(&self) -> &Chat {
        &self.0.chat
    }

    pub(crate) fn rest(&self) -> &Arc<Rest> {
        &self.0.rest
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    pub(crate) fn broker(&self) -> &Broker {
        &self.0.broker
    }

    pub(crate) fn sockets(&self) -> &Sockets {
        &self.0.sockets
    }

    pub(crate) fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// The one tenant whose chats these are.
    pub(crate) fn tenant(&self) -> TenantId {
        self.0.settings.load().tenant.clone()
    }

    /// The tenant with its settings; `None` when configuration names one that is not there.
    pub(crate) fn whole_tenant(&self) -> Option<Arc<Tenant>> {
        self.0.rest.callers().tenants().get(self.tenant().as_str())
    }

    pub(crate) fn api_users(&self) -> Arc<ConfiguredUsers> {
        Arc::clone(&self.0.settings.load().users)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        (self.0.clock)()
    }

    /// A new id.
    pub(crate) fn new_id(&self) -> Result<EntityId, Rejection> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| Rejection::internal(&error))?;
        Ok(EntityId::new(self.now_ms().unsigned_abs(), u64::from_be_bytes(random)))
    }
}

impl FromRef<ConnectNow> for Arc<Rest> {
    fn from_ref(connect_now: &ConnectNow) -> Self {
        Arc::clone(connect_now.rest())
    }
}
