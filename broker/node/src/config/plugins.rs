//! `[plugins.*]`: the settings of each protocol. Centrifugo's are in a module of their own.

use serde::Deserialize;

use super::centrifugo::Centrifugo;
use super::secret::Secret;

/// Every plugin that a listener may name.
pub const PLUGIN_NAMES: [&str; 7] =
    ["socketio", "centrifugo", "openchat", "chatify", "campus", "connectnow", "chatsdk"];

/// The settings of all plugins.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plugins {
    /// Socket.IO.
    pub socketio: SocketIo,
    /// Centrifugo's protocol and server API.
    pub centrifugo: Centrifugo,
    /// Open Chat API.
    pub openchat: OpenChat,
    /// Chatify API.
    pub chatify: Chatify,
    /// Campus chats.
    pub campus: Campus,
    /// Connect Now chats.
    pub connectnow: ConnectNow,
    /// ChatSDK REST API.
    pub chatsdk: ChatSdk,
}

/// `[plugins.socketio]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SocketIo {
    /// Path of the endpoint, with a slash at both ends.
    pub path: String,
    /// Tenant of tokens that name none; empty means the first tenant.
    pub tenant: String,
    /// Whether missed events are sent after a reconnect.
    pub connection_state_recovery: bool,
    /// Milliseconds between pings.
    pub ping_interval_ms: u64,
    /// Milliseconds that a client has to answer a ping.
    pub ping_timeout_ms: u64,
    /// Bytes of the largest payload.
    pub max_payload_bytes: usize,
}

impl Default for SocketIo {
    fn default() -> Self {
        Self {
            path: "/socket.io/".to_owned(),
            tenant: String::new(),
            connection_state_recovery: false,
            ping_interval_ms: 25_000,
            ping_timeout_ms: 20_000,
            max_payload_bytes: 1_000_000,
        }
    }
}

/// `[plugins.openchat]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenChat {
    /// Whether a Socket.IO connection without a token is accepted.
    pub allow_anonymous_sockets: bool,
    /// Registrations per minute and client address.
    pub registrations_per_minute: u32,
}

impl Default for OpenChat {
    fn default() -> Self {
        Self { allow_anonymous_sockets: false, registrations_per_minute: 10 }
    }
}

/// `[plugins.chatify]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chatify {
    /// Tenant of its users; empty means the first tenant.
    pub tenant: String,
    /// Registrations per minute and client address.
    pub registrations_per_minute: u32,
}

impl Default for Chatify {
    fn default() -> Self {
        Self { tenant: String::new(), registrations_per_minute: 10 }
    }
}

/// `[plugins.campus]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Campus {
    /// Tenant of tokens that name none; empty means the first tenant.
    pub tenant: String,
    /// Categories of group chats. The first one is that of one-to-one chats.
    pub categories: Vec<String>,
}

impl Default for Campus {
    fn default() -> Self {
        let categories = ["Study", "Courses", "Event", "Party", "Sports", "Clubs", "Housing", "Jobs", "Other"];
        Self { tenant: String::new(), categories: categories.map(str::to_owned).into() }
    }
}

/// `[plugins.connectnow]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectNow {
    /// Tenant of its users; empty means the first tenant.
    pub tenant: String,
    /// Users that exist from the start.
    pub users: Vec<ConnectNowUser>,
}

/// One of `[[plugins.connectnow.users]]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectNowUser {
    /// Shown name.
    pub name: String,
    /// Address, unique among the users.
    pub email: String,
    /// Token of the user's calls.
    pub api_token: Secret,
}

/// `[plugins.chatsdk]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChatSdk {
    /// Rates, unless the tenant has its own.
    pub limits: ChatSdkLimits,
}

/// `plugins.chatsdk.limits`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChatSdkLimits {
    /// Token calls per minute and client address.
    pub tokens_per_minute: u32,
    /// Messages per minute and user.
    pub messages_per_minute: u32,
    /// Other calls per minute and API key.
    pub requests_per_minute: u32,
}

impl Default for ChatSdkLimits {
    fn default() -> Self {
        Self { tokens_per_minute: 100, messages_per_minute: 60, requests_per_minute: 1000 }
    }
}
