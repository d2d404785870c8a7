//! The plugin as the node sees it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use natter_node::Broker;
use natter_node::auth::{Authenticator, KeyError};
use natter_node::config::Config;
use natter_node::metrics::ConnectionMetrics;
use natter_node::plugin::{ListenerView, Mount, Plugin};
use natter_node::tenant::Tenants;
use parking_lot::Mutex;

use crate::codec::Codecs;
use crate::proxy::Proxies;
use crate::routes;
use crate::shared::{Settings, Shared};
use crate::shared_poll::SharedPolls;

/// Centrifugo's protocol and API on a broker.
pub struct CentrifugoPlugin {
    shared: Arc<Shared>,
}

impl CentrifugoPlugin {
    /// Makes the plugin. The broker's domain, if there is to be one, is in place by now.
    ///
    /// # Errors
    /// A tenant's key that cannot be used.
    pub fn new(config: &Config, broker: Broker, tenants: Arc<Tenants>) -> Result<Self, KeyError> {
        crate::metrics::describe();
        let settings = Settings::new(config, broker.domain());
        let codecs = Codecs::new(broker.domain());
        let authenticator = Authenticator::new(&config.tenants)?.asking(broker.token_sources());
        let shared = Shared {
            broker,
            tenants,
            authenticator: ArcSwap::from_pointee(authenticator),
            proxies: ArcSwap::from_pointee(Proxies::new(&settings.centrifugo)),
            polls: Arc::new(SharedPolls::new(settings.centrifugo.shared_poll.concurrency_limit)),
            settings: ArcSwap::from_pointee(settings),
            codecs,
            connection_metrics: ConnectionMetrics::new("ws", "centrifugo"),
            connects: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Takes a new configuration over: limits, tenants and namespaces. Connections see it at their next ping.
    ///
    /// # Errors
    /// A tenant's key that cannot be used; everything stays as it is.
    pub fn reload(&self, config: &Config) -> Result<(), KeyError> {
        let authenticator = self.shared.authenticator.load().rebuilt(&config.tenants)?;
        let settings = Settings::new(config, self.shared.broker.domain());
        self.shared.proxies.store(Arc::new(Proxies::new(&settings.centrifugo)));
        self.shared.authenticator.store(Arc::new(authenticator));
        self.shared.settings.store(Arc::new(settings));
        Ok(())
    }
}

impl Plugin for CentrifugoPlugin {
    fn name(&self) -> &'static str {
        "centrifugo"
    }

    fn mounts(&self, listener: &ListenerView) -> Vec<Mount> {
        routes::mounts(&self.shared, listener)
    }
}
