//! All sockets of the node, and the apps that they belong to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use dashmap::DashMap;
use natter_core::{ChannelOptions, TenantId};

use super::app::App;
use super::broadcast::Broadcast;
use super::socket::Socket;
use crate::broker::Broker;

/// The room of everyone in apps that have one.
const EVERYONE: &str = "*";

/// The place of sockets: rooms and ids mean something within it only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The app's name.
    pub app: &'static str,
    /// The app's namespace.
    pub namespace: Arc<str>,
    /// The tenant.
    pub tenant: TenantId,
}

/// All sockets of the node. Cheap to clone.
#[derive(Clone)]
pub struct Sockets(Arc<Inner>);

struct Inner {
    broker: Broker,
    apps: ArcSwap<Vec<Arc<App>>>,
    by_id: DashMap<Arc<str>, Socket>,
    room_options: Arc<ChannelOptions>,
    /// Begins the offsets of this run of the node.
    run: String,
    last_offset: AtomicU64,
}

impl Sockets {
    /// Begins without apps.
    pub fn new(broker: Broker) -> Self {
        let room_options = ChannelOptions { presence: true, ..ChannelOptions::default() };
        let run = broker.node_id().chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        Self(Arc::new(Inner {
            broker,
            apps: ArcSwap::default(),
            by_id: DashMap::new(),
            room_options: Arc::new(room_options),
            run,
            last_offset: AtomicU64::new(0),
        }))
    }

    /// Adds an app behind those that are there. Its namespace is open from now on.
    pub fn register(&self, app: App) {
        let app = Arc::new(app);
        self.0.apps.rcu(|apps| apps.iter().cloned().chain([Arc::clone(&app)]).collect::<Vec<_>>());
    }

    /// The apps of a namespace, in the order in which they are asked.
    pub fn apps_of(&self, namespace: &str) -> Vec<Arc<App>> {
        self.0.apps.load().iter().filter(|app| **app.namespace() == *namespace).cloned().collect()
    }

    /// To a room.
    pub fn to(&self, scope: &Scope, room: &str) -> Broadcast {
        Broadcast::new(self.clone(), scope.clone(), room)
    }

    /// To all sockets of an app that was made with [`App::with_everyone`].
    pub fn everyone(&self, scope: &Scope) -> Broadcast {
        self.to(scope, EVERYONE)
    }

    /// The name of the room of everyone; for plugins.
    pub fn everyone_room(&self) -> &'static str {
        EVERYONE
    }

    /// A socket of this node by its id.
    pub fn get(&self, scope: &Scope, id: &str) -> Option<Socket> {
        let socket = self.0.by_id.get(id).map(|socket| socket.clone())?;
        (socket.scope() == *scope).then_some(socket)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.by_id.is_empty()
    }

    /// Makes a socket known; for plugins.
    pub fn add(&self, socket: &Socket) {
        self.0.by_id.insert(Arc::clone(socket.id()), socket.clone());
    }

    /// Forgets one; for plugins.
    pub fn remove(&self, id: &str) {
        self.0.by_id.remove(id);
    }

    /// The options of rooms' channels.
    pub fn room_options(&self) -> &Arc<ChannelOptions> {
        &self.0.room_options
    }

    /// A new offset: text that no other event of any run of any node has.
    pub fn next_offset(&self) -> String {
        format!("{}:{}", self.0.run, self.0.last_offset.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(super) fn broker(&self) -> &Broker {
        &self.0.broker
    }
}
