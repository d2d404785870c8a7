//! What can be done, for routes and for sockets alike.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::extract::FromRef;
use natter_chat::{Chat, FollowUps};
use natter_node::config::{self, Config};
use natter_rest::Rest;
use natter_store::{Clock, Store};

use crate::graph::Graph;

/// The document on a node. Cheap to clone.
#[derive(Clone)]
pub struct Campus(Arc<Inner>);

struct Inner {
    chat: Chat,
    rest: Arc<Rest>,
    store: Arc<dyn Store>,
    follow_ups: Arc<FollowUps>,
    clock: Clock,
    graph: Graph,
    settings: ArcSwap<config::Campus>,
    default_tenant: ArcSwap<String>,
    files: config::Files,
}

/// What it is made of.
pub struct CampusParts {
    /// The domain.
    pub chat: Chat,
    /// What it shares with the node's other dialects.
    pub rest: Arc<Rest>,
    /// Has the rows of the graph.
    pub store: Arc<dyn Store>,
    /// Takes notices for users' devices.
    pub follow_ups: Arc<FollowUps>,
    /// Unix milliseconds.
    pub clock: Clock,
}

impl Campus {
    /// Puts the parts together.
    pub fn new(config: &Config, parts: CampusParts) -> Self {
        let CampusParts { chat, rest, store, follow_ups, clock } = parts;
        Self(Arc::new(Inner {
            graph: Graph::new(Arc::clone(&store)),
            chat,
            rest,
            store,
            follow_ups,
            clock,
            settings: ArcSwap::from_pointee(config.plugins.campus.clone()),
            default_tenant: ArcSwap::from_pointee(default_tenant(config)),
            files: config.files.clone(),
        }))
    }

    /// Takes a new configuration over.
    pub fn reload(&self, config: &Config) {
        self.0.settings.store(Arc::new(config.plugins.campus.clone()));
        self.0.default_tenant.store(Arc::new(default_tenant(config)));
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

    pub(crate) fn follow_ups(&self) -> &FollowUps {
        &self.0.follow_ups
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.0.graph
    }

    /// `[plugins.campus]`.
    pub(crate) fn settings(&self) -> Arc<config::Campus> {
        self.0.settings.load_full()
    }

    /// The tenant of tokens that name none.
    pub(crate) fn default_tenant(&self) -> Arc<String> {
        self.0.default_tenant.load_full()
    }

    /// `[files]`.
    pub(crate) fn files(&self) -> &config::Files {
        &self.0.files
    }

    pub(crate) fn now_ms(&self) -> i64 {
        (self.0.clock)()
    }
}

fn default_tenant(config: &Config) -> String {
    match config.plugins.campus.tenant.as_str() {
        "" => config.tenants.first().map(|tenant| tenant.id.clone()).unwrap_or_default(),
        named => named.to_owned(),
    }
}

impl FromRef<Campus> for Arc<Rest> {
    fn from_ref(campus: &Campus) -> Self {
        Arc::clone(campus.rest())
    }
}
