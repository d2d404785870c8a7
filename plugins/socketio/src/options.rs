//! How an endpoint behaves.

use natter_node::config::Config;

/// What an endpoint speaks above Engine.IO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layer {
    /// Socket.IO.
    #[default]
    SocketIo,
    /// Nothing: every message goes back as it came, for tests of Engine.IO alone.
    Echo,
}

/// The settings of one endpoint. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Its path, with a slash at both ends.
    pub path: String,
    /// What is spoken above Engine.IO.
    pub layer: Layer,
    /// Between pings.
    pub ping_interval_ms: u64,
    /// That an answer to a ping may take.
    pub ping_timeout_ms: u64,
    /// Until a client must have joined a namespace.
    pub connect_timeout_ms: u64,
    /// That going over to a WebSocket may take.
    pub upgrade_timeout_ms: u64,
    /// Before a session that begins with a WebSocket is opened. Only for clients that listen too late: their libraries
    /// lose a message that arrives together with the answer to the handshake.
    pub open_delay_ms: u64,
    /// Bytes of a body or of a message.
    pub payload_bytes_max: usize,
    /// Whether missed events are sent after a reconnect.
    pub has_recovery: bool,
    /// How long a lost connection can be gone on with.
    pub recovery_ms: u64,
    /// Patterns of the origins whose pages may connect, in lower case; `*` stands for anything.
    pub allowed_origins: Vec<String>,
    /// Connections of the node, of all kinds.
    pub connections_max: usize,
    /// Connections of one tenant, unless it has its own bound.
    pub connections_per_tenant_max: usize,
    /// Connections of one user, unless the tenant has its own bound; 0 is no bound.
    pub connections_per_user_max: usize,
    /// New connections per second; 0 is no bound.
    pub connections_per_second: u32,
    /// Rooms and channels that the sockets of one connection are in.
    pub channels_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            path: "/socket.io/".to_owned(),
            layer: Layer::default(),
            ping_interval_ms: 25_000,
            ping_timeout_ms: 20_000,
            connect_timeout_ms: 45_000,
            upgrade_timeout_ms: 10_000,
            open_delay_ms: 0,
            payload_bytes_max: 1_000_000,
            has_recovery: false,
            recovery_ms: 120_000,
            allowed_origins: vec!["*".to_owned()],
            connections_max: 1_000_000,
            connections_per_tenant_max: 1_000_000,
            connections_per_user_max: 0,
            connections_per_second: 0,
            channels_max: 128,
        }
    }
}

impl Options {
    /// The settings that a configuration means.
    pub fn from_config(config: &Config) -> Self {
        let socketio = &config.plugins.socketio;
        Self {
            path: socketio.path.clone(),
            ping_interval_ms: socketio.ping_interval_ms,
            ping_timeout_ms: socketio.ping_timeout_ms,
            payload_bytes_max: socketio.max_payload_bytes,
            has_recovery: socketio.connection_state_recovery,
            allowed_origins: config.server.allowed_origins.iter().map(|origin| origin.to_ascii_lowercase()).collect(),
            connections_max: config.limits.max_connections,
            connections_per_tenant_max: config.limits.max_connections_per_tenant,
            connections_per_user_max: config.limits.max_connections_per_user,
            connections_per_second: config.limits.connections_per_second,
            channels_max: config.limits.channels_per_connection,
            ..Self::default()
        }
    }
}
