//! The plugins, side by side on the listeners. A REST API is one more in the list that `serve` hands over.

use std::sync::Arc;

use natter_centrifugo::CentrifugoPlugin;
use natter_node::Broker;
use natter_node::auth::KeyError;
use natter_node::config::{Config, Listener, PLUGIN_NAMES};
use natter_node::plugin::{ListenerView, Mount, Plugin};
use natter_node::realtime::{App, Sockets, UserTokens};
use natter_rest::{Rest, RestPlugin, docs_mounts};
use natter_socketio::{Options, SocketIoPlugin};

/// The plugins and features of this build.
pub(crate) const BUILT: &[&str] = &[
    "centrifugo",
    "socketio",
    "openchat",
    "chatify",
    "connectnow",
    "chatsdk",
    "campus",
    "files",
    "webhooks",
    "link_previews",
    "push",
    "mail",
    "scylla",
];

/// The plugins of the node.
pub(crate) struct Plugins {
    centrifugo: CentrifugoPlugin,
    socketio: SocketIoPlugin,
    /// The REST APIs, each with what its clients see on sockets.
    apis: Vec<Box<dyn RestPlugin>>,
    /// What they have in common.
    rest: Arc<Rest>,
    /// The base of the REST APIs' paths.
    public_url: String,
    /// Who may connect with Socket.IO when no dialect knows the client.
    users: UserTokens,
}

impl Plugins {
    /// Makes them. The dialects have registered their apps with `sockets`.
    ///
    /// # Errors
    /// A tenant's key that cannot be used.
    pub(crate) fn new(
        config: &Config,
        broker: &Broker,
        sockets: Sockets,
        rest: &Arc<Rest>,
        apis: Vec<Box<dyn RestPlugin>>,
    ) -> Result<Self, KeyError> {
        let tenants = rest.callers().tenants();
        let users = UserTokens::new(config, broker.clone(), Arc::clone(tenants))?;
        // Dialects have registered before this: it knows every client that shows a user's token.
        sockets.register(App::new("users", "/", users.clone()));
        Ok(Self {
            centrifugo: CentrifugoPlugin::new(config, broker.clone(), Arc::clone(tenants))?,
            socketio: SocketIoPlugin::new(Options::from_config(config), broker.clone(), sockets),
            apis,
            rest: Arc::clone(rest),
            public_url: config.server.public_url.clone(),
            users,
        })
    }

    /// Hands a new configuration to all of them.
    ///
    /// # Errors
    /// A tenant's key that cannot be used; nothing has changed then.
    pub(crate) fn reload(&self, config: &Config) -> Result<(), KeyError> {
        self.rest.reload(config)?;
        self.centrifugo.reload(config)?;
        self.users.reload(config)?;
        self.socketio.reload(config);
        self.apis.iter().try_for_each(|api| api.reload(config))
    }

    /// What a listener serves. Paths of plugins that this build does not have are 404. Plugins are told of them all the
    /// same, so that no path means something else once they are there.
    pub(crate) fn mounts(&self, listener: &Listener) -> Vec<Mount> {
        let named = PLUGIN_NAMES.into_iter().filter(|name| listener.serves(name));
        let view = ListenerView { plugins: named.map(str::to_owned).collect() };
        let others: [&dyn Plugin; 2] = [&self.centrifugo, &self.socketio];
        let apis = self.apis.iter().map(|api| &**api as &dyn Plugin);
        let served = others.into_iter().chain(apis).filter(|plugin| listener.serves(plugin.name()));
        served.flat_map(|plugin| plugin.mounts(&view)).chain(self.beside_rest(listener)).collect()
    }

    /// What is served wherever a REST API is: files, and the APIs' descriptions.
    fn beside_rest(&self, listener: &Listener) -> Vec<Mount> {
        let served: Vec<_> = self.apis.iter().filter(|api| listener.serves(api.name())).collect();
        if served.is_empty() {
            return Vec::new();
        }
        let documents: Vec<_> = served.iter().map(|api| api.document().clone()).collect();
        let events: Vec<_> = served.iter().map(|api| api.events()).collect();
        let mut mounts = docs_mounts(&documents, &events, &self.public_url);
        mounts.push(Mount { prefix: "/files", router: natter_files::routes(self.rest.files().clone()) });
        mounts
    }
}
