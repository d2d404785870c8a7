//! The plugin as the node sees it.

use std::sync::Arc;

use natter_node::Broker;
use natter_node::config::Config;
use natter_node::plugin::{ListenerView, Mount, Plugin};
use natter_node::realtime::Sockets;

use crate::endpoint::Endpoint;
use crate::http;
use crate::options::Options;

/// Socket.IO on a broker.
pub struct SocketIoPlugin {
    endpoint: Arc<Endpoint>,
}

impl SocketIoPlugin {
    /// Makes the plugin for the apps that are registered with `sockets`, now or later.
    pub fn new(options: Options, broker: Broker, sockets: Sockets) -> Self {
        Self { endpoint: Endpoint::new(broker, sockets, options) }
    }

    /// Takes a new configuration over. The path stays what it was; sessions keep the times that they were told.
    pub fn reload(&self, config: &Config) {
        let path = self.endpoint.options.load().path.clone();
        self.endpoint.options.store(Arc::new(Options { path, ..Options::from_config(config) }));
    }

    /// The endpoint's part of the path space.
    pub fn mount(&self) -> Mount {
        http::mount(Arc::clone(&self.endpoint))
    }
}

impl Plugin for SocketIoPlugin {
    fn name(&self) -> &'static str {
        "socketio"
    }

    fn mounts(&self, _listener: &ListenerView) -> Vec<Mount> {
        vec![self.mount()]
    }
}
