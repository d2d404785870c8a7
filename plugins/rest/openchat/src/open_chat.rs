//! What can be done, for routes and for sockets alike.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::extract::FromRef;
use moka::sync::Cache;
use natter_chat::Chat;
use natter_core::EntityId;
use natter_node::config::{self, Config};
use natter_outbox::Outbox;
use natter_outbox::guard::GuardedClient;
use natter_rest::Rest;
use natter_store::{Clock, Store};

use crate::accounts::Accounts;
use crate::sockets::Sockets;

/// Rooms of which it is remembered how far they have been told.
const TOLD_MAX: u64 = 200_000;

/// Open Chat on a node. Cheap to clone.
#[derive(Clone)]
pub struct OpenChat(Arc<Inner>);

struct Inner {
    chat: Chat,
    rest: Arc<Rest>,
    store: Arc<dyn Store>,
    accounts: Accounts,
    outbox: Outbox,
    client: GuardedClient,
    sockets: Arc<dyn Sockets>,
    clock: Clock,
    settings: ArcSwap<config::OpenChat>,
    files: config::Files,
    told: Cache<EntityId, u64>,
}

/// What Open Chat is made of.
pub struct OpenChatParts {
    /// The domain.
    pub chat: Chat,
    /// What it shares with the node's other dialects.
    pub rest: Arc<Rest>,
    /// Has the partners' accounts.
    pub store: Arc<dyn Store>,
    /// Takes webhooks.
    pub outbox: Outbox,
    /// Knows which webhooks can be reached.
    pub client: GuardedClient,
    /// Reaches the partners' sockets.
    pub sockets: Arc<dyn Sockets>,
    /// Unix milliseconds.
    pub clock: Clock,
}

impl OpenChat {
    /// Puts the parts together.
    pub fn new(config: &Config, parts: OpenChatParts) -> Self {
        let OpenChatParts { chat, rest, store, outbox, client, sockets, clock } = parts;
        let tenants = Arc::clone(rest.callers().tenants());
        let accounts = Accounts::new(Arc::clone(&store), tenants, Arc::clone(&clock));
        let settings = ArcSwap::from_pointee(config.plugins.openchat.clone());
        let files = config.files.clone();
        let told = Cache::new(TOLD_MAX);
        Self(Arc::new(Inner { chat, rest, store, accounts, outbox, client, sockets, clock, settings, files, told }))
    }

    /// Takes a new configuration over.
    pub fn reload(&self, config: &Config) {
        self.0.settings.store(Arc::new(config.plugins.openchat.clone()));
    }

    /// The partners, who are the deliverer's directory of their webhooks as well.
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    /// The domain.
    pub fn chat(&self) -> &Chat {
        &self.0.chat
    }

    /// `[plugins.openchat]`.
    pub fn settings(&self) -> Arc<config::OpenChat> {
        self.0.settings.load_full()
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

    pub(crate) fn client(&self) -> &GuardedClient {
        &self.0.client
    }

    pub(crate) fn sockets(&self) -> &dyn Sockets {
        &*self.0.sockets
    }

    pub(crate) fn told(&self) -> &Cache<EntityId, u64> {
        &self.0.told
    }

    pub(crate) fn files(&self) -> &config::Files {
        &self.0.files
    }

    pub(crate) fn now_ms(&self) -> i64 {
        (self.0.clock)()
    }
}

impl FromRef<OpenChat> for Arc<Rest> {
    fn from_ref(open_chat: &OpenChat) -> Self {
        Arc::clone(open_chat.rest())
    }
}
