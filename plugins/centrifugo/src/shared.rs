//! What all parts of the plugin share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use natter_core::ChannelKey;
use natter_node::Broker;
use natter_node::config::{Centrifugo, Config, Limits};
use natter_node::realtime::ChannelPolicy;
use natter_node::tenant::{Tenant, Tenants};
use natter_protocol::centrifuge::codes::ClientError;

use crate::namespaces::{NameError, NamespaceRules, Namespaces};

/// What a reload replaces, as one.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `[plugins.centrifugo]`.
    pub(crate) centrifugo: Centrifugo,
    /// `[limits]`.
    pub(crate) limits: Limits,
    /// The namespaces, resolved.
    pub(crate) namespaces: Namespaces,
}

impl Settings {
    pub(crate) fn new(config: &Config) -> Self {
        let centrifugo = config.plugins.centrifugo.clone();
        let namespaces = Namespaces::new(&centrifugo, &config.limits);
        Self { centrifugo, limits: config.limits.clone(), namespaces }
    }
}

/// The plugin's state, shared by its routes and sessions.
pub(crate) struct Shared {
    pub(crate) broker: Broker,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) settings: ArcSwap<Settings>,
    pub(crate) policy: Arc<dyn ChannelPolicy>,
}

impl Shared {
    /// The settings that hold now.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }
}

/// A channel that has been found legal: its key and its rules.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedChannel {
    pub(crate) key: ChannelKey,
    pub(crate) rules: Arc<NamespaceRules>,
}

impl Settings {
    /// Finds a channel of a tenant by its name; 102 when its namespace is not configured, 107 when it is malformed.
    pub(crate) fn resolve(&self, tenant: &Tenant, channel: &str) -> Result<ResolvedChannel, ClientError> {
        let rules = self.namespaces.rules_of(channel).map_err(|error| match error {
            NameError::UnknownNamespace => ClientError::UNKNOWN_CHANNEL,
            NameError::Malformed => ClientError::BAD_REQUEST,
        })?;
        Ok(ResolvedChannel { key: ChannelKey::new(tenant.id().clone(), channel), rules: Arc::clone(rules) })
    }
}
