//! The list of plugins. A new one is a line in each function here.

use std::sync::Arc;

use natter_centrifugo::CentrifugoPlugin;
use natter_node::Broker;
use natter_node::auth::KeyError;
use natter_node::config::{Config, Listener, PLUGIN_NAMES};
use natter_node::plugin::{ListenerView, Mount, Plugin};
use natter_node::realtime::NoDomain;
use natter_node::tenant::Tenants;

/// The plugins and features of this build.
pub(crate) const BUILT: [&str; 1] = ["centrifugo"];

/// The plugins of the node.
pub(crate) struct Plugins {
    centrifugo: CentrifugoPlugin,
}

impl Plugins {
    /// Makes them.
    ///
    /// # Errors
    /// A tenant's key that cannot be used.
    pub(crate) fn new(config: &Config, broker: &Broker, tenants: &Arc<Tenants>) -> Result<Self, KeyError> {
        let policy = Arc::new(NoDomain);
        Ok(Self { centrifugo: CentrifugoPlugin::new(config, broker.clone(), Arc::clone(tenants), policy)? })
    }

    /// Hands a new configuration to all of them.
    ///
    /// # Errors
    /// A tenant's key that cannot be used; nothing has changed then.
    pub(crate) fn reload(&self, config: &Config) -> Result<(), KeyError> {
        self.centrifugo.reload(config)
    }

    /// What a listener serves. Paths of plugins that this build does not have are 404. Plugins are told of them all the
    /// same, so that no path means something else once they are there.
    pub(crate) fn mounts(&self, listener: &Listener) -> Vec<Mount> {
        let named = PLUGIN_NAMES.into_iter().filter(|name| listener.serves(name));
        let view = ListenerView { plugins: named.map(str::to_owned).collect() };
        let served = self.all().into_iter().filter(|plugin| listener.serves(plugin.name()));
        served.flat_map(|plugin| plugin.mounts(&view)).collect()
    }

    fn all(&self) -> Vec<&dyn Plugin> {
        vec![&self.centrifugo]
    }
}
