//! The list of plugins. A new one is a line in each function here.

use std::sync::Arc;

use natter_centrifugo::CentrifugoPlugin;
use natter_chat::Chat;
use natter_chatsdk::ChatSdkPlugin;
use natter_node::Broker;
use natter_node::auth::KeyError;
use natter_node::config::{Config, Listener, PLUGIN_NAMES};
use natter_node::plugin::{ListenerView, Mount, Plugin};
use natter_node::realtime::{App, Sockets, UserTokens};
use natter_node::tenant::Tenants;
use natter_openchat::{OpenChat, OpenChatPlugin};
use natter_rest::{ApiDocument, Rest, docs_mounts};
use natter_socketio::{Options, SocketIoPlugin};

/// The plugins and features of this build.
pub(crate) const BUILT: &[&str] = &[
    "centrifugo",
    "socketio",
    "openchat",
    "chatsdk",
    "files",
    "webhooks",
    "link_previews",
    "push",
    #[cfg(feature = "scylla")]
    "scylla",
];

/// The plugins of the node.
pub(crate) struct Plugins {
    centrifugo: CentrifugoPlugin,
    socketio: SocketIoPlugin,
    openchat: OpenChatPlugin,
    chatsdk: ChatSdkPlugin,
    /// What the REST APIs have in common.
    rest: Arc<Rest>,
    /// The base of the REST APIs' paths.
    public_url: String,
    /// Who may connect with Socket.IO when no dialect knows the client.
    users: UserTokens,
}

impl Plugins {
    /// Makes them.
    ///
    /// # Errors
    /// A tenant's key that cannot be used.
    pub(crate) fn new(
        config: &Config,
        broker: &Broker,
        tenants: &Arc<Tenants>,
        chat: &Chat,
        rest: &Arc<Rest>,
        open_chat: OpenChat,
    ) -> Result<Self, KeyError> {
        let sockets = Sockets::new(broker.clone());
        let users = UserTokens::new(config, broker.clone(), Arc::clone(tenants))?;
        // Dialects register before this: it knows every client that shows a user's token.
        sockets.register(App::new("users", "/", users.clone()));
        Ok(Self {
            centrifugo: CentrifugoPlugin::new(config, broker.clone(), Arc::clone(tenants))?,
            socketio: SocketIoPlugin::new(Options::from_config(config), broker.clone(), sockets),
            openchat: OpenChatPlugin::new(open_chat),
            chatsdk: ChatSdkPlugin::new(config, chat.clone(), rest),
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
        self.openchat.reload(config);
        self.chatsdk.reload(config);
        Ok(())
    }

    /// What a listener serves. Paths of plugins that this build does not have are 404. Plugins are told of them all the
    /// same, so that no path means something else once they are there.
    pub(crate) fn mounts(&self, listener: &Listener) -> Vec<Mount> {
        let named = PLUGIN_NAMES.into_iter().filter(|name| listener.serves(name));
        let view = ListenerView { plugins: named.map(str::to_owned).collect() };
        let served = self.all().into_iter().filter(|plugin| listener.serves(plugin.name()));
        served.flat_map(|plugin| plugin.mounts(&view)).chain(self.beside_rest(listener)).collect()
    }

    /// What is served wherever a REST API is: files, and the APIs' descriptions.
    fn beside_rest(&self, listener: &Listener) -> Vec<Mount> {
        let described = [self.openchat.document(), self.chatsdk.document()];
        let served = described.into_iter().filter(|document| listener.serves(document.plugin()));
        let documents: Vec<ApiDocument> = served.cloned().collect();
        if documents.is_empty() {
            return Vec::new();
        }
        let mut mounts = docs_mounts(&documents, &self.public_url);
        mounts.push(Mount { prefix: "/files", router: natter_files::routes(self.rest.files().clone()) });
        mounts
    }

    fn all(&self) -> Vec<&dyn Plugin> {
        vec![&self.centrifugo, &self.socketio, &self.openchat, &self.chatsdk]
    }
}
