//! `[plugins.centrifugo]`: Centrifugo's settings under Centrifugo's names, with natter's shorter spellings beside them.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::namespaces::Namespace;
use super::proxy::{ChannelSection, ClientSection, Proxy, RpcSection};
use super::secret::Secret;
use super::shared_poll::SharedPoll;

/// Settings of the Centrifugo protocol and its server API.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Centrifugo {
    /// Tenant of tokens with no `aud` claim and of connections with no token; empty means the first tenant.
    pub tenant: String,
    /// Accept connections without a token, as anonymous users.
    #[serde(alias = "allow_anonymous_connect_without_token")]
    pub allow_anonymous: bool,
    /// Refuse tokens whose user is empty.
    pub disallow_anonymous_connection_tokens: bool,
    /// Development only: accept connections without a token and allow every operation in every namespace.
    pub insecure: bool,
    /// Time between the server's pings; 0 turns them off.
    #[serde(rename = "ping_interval_seconds", alias = "ping_interval", deserialize_with = "duration::deserialize")]
    pub ping_interval: Duration,
    /// Time that a client has to answer a ping, less than the interval; 0 means that no answer is expected.
    #[serde(rename = "pong_timeout_seconds", alias = "pong_timeout", deserialize_with = "duration::deserialize")]
    pub pong_timeout: Duration,
    /// Time that a new connection has for its `connect` command.
    #[serde(
        rename = "stale_close_delay_seconds",
        alias = "stale_close_delay",
        deserialize_with = "duration::deserialize"
    )]
    pub stale_close_delay: Duration,
    /// Time after its expiry that a connection has to refresh.
    #[serde(
        rename = "expired_close_delay_seconds",
        alias = "expired_close_delay",
        deserialize_with = "duration::deserialize"
    )]
    pub expired_close_delay: Duration,
    /// Time after its expiry that a subscription has to refresh.
    #[serde(
        rename = "expired_sub_close_delay_seconds",
        alias = "expired_sub_close_delay",
        deserialize_with = "duration::deserialize"
    )]
    pub expired_sub_close_delay: Duration,
    /// Time after which an emptied channel's epoch and offset are forgotten, where the namespace sets none.
    #[serde(
        rename = "history_meta_ttl_seconds",
        alias = "history_meta_ttl",
        deserialize_with = "duration::deserialize"
    )]
    pub history_meta_ttl: Duration,
    /// Whether the answer to `connect` tells the server's time.
    pub connect_include_server_time: bool,
    /// HTTP header that a proxy in front sets to the user's id; empty means none. Only believed from trusted proxies.
    pub user_id_http_header: String,
    /// Personal channels.
    pub subscribe_to_user_personal_channel: PersonalChannel,
    /// The server API over HTTP. Its keys are the tenants' `api_keys`.
    pub http_api: HttpApi,
    /// Which transports beside WebSocket are served.
    pub transports: Transports,
    /// Connection-wide proxies.
    pub client: ClientSection,
    /// Channel proxies.
    pub channel: ChannelSection,
    /// Remote calls.
    pub rpc: RpcSection,
    /// Shared poll subscriptions.
    pub shared_poll: SharedPoll,
    /// Further proxies, chosen by name.
    pub proxies: Vec<Proxy>,
    /// Options by the first part of a channel's name.
    pub namespaces: Vec<Namespace>,
}

impl Default for Centrifugo {
    fn default() -> Self {
        Self {
            tenant: String::new(),
            allow_anonymous: false,
            disallow_anonymous_connection_tokens: false,
            insecure: false,
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(8),
            stale_close_delay: Duration::from_secs(10),
            expired_close_delay: Duration::from_secs(25),
            expired_sub_close_delay: Duration::from_secs(25),
            history_meta_ttl: Duration::from_secs(720 * 3600),
            connect_include_server_time: false,
            user_id_http_header: String::new(),
            subscribe_to_user_personal_channel: PersonalChannel::default(),
            http_api: HttpApi::default(),
            transports: Transports::default(),
            client: ClientSection::default(),
            channel: ChannelSection::default(),
            rpc: RpcSection::default(),
            shared_poll: SharedPoll::default(),
            proxies: Vec::new(),
            namespaces: Namespace::defaults(),
        }
    }
}

impl Centrifugo {
    /// The options of a namespace; `""` is the one of channels without a prefix.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.iter().find(|namespace| namespace.name == name)
    }
}

/// `subscribe_to_user_personal_channel`: every user is subscribed to `#user`, or `namespace:#user`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonalChannel {
    /// Whether it happens.
    pub enabled: bool,
    /// Namespace of the personal channels; empty means none.
    pub personal_channel_namespace: String,
    /// Close a user's older connections of this protocol on the node when a new one comes, with 3504 (connection limit).
    /// Has an effect only where personal channels are enabled.
    pub single_connection: bool,
}

/// How the HTTP API tells errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorMode {
    /// Status 200 and an `error` object.
    #[default]
    #[serde(alias = "")]
    Body,
    /// A status derived from the error's code.
    Transport,
}

/// `http_api`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpApi {
    /// Do not serve the API at all.
    pub disabled: bool,
    /// One more key of the plugin's tenant, under the name that Centrifugo's files have it.
    #[serde(alias = "key")]
    pub api_key: Secret,
    /// Development only: no key is asked for.
    pub insecure: bool,
    /// How errors are told, unless a request asks otherwise.
    pub error_mode: ErrorMode,
}

/// `transports`: all of them are on unless turned off.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Transports {
    /// `/connection/websocket`.
    pub websocket: bool,
    /// `/connection/http_stream` with `/emulation`.
    pub http_stream: bool,
    /// `/connection/sse` with `/emulation`.
    pub sse: bool,
    /// `/connection/uni_websocket`.
    pub uni_websocket: bool,
    /// `/connection/uni_http_stream`.
    pub uni_http_stream: bool,
    /// `/connection/uni_sse`.
    pub uni_sse: bool,
}

impl Default for Transports {
    fn default() -> Self {
        Self {
            websocket: true,
            http_stream: true,
            sse: true,
            uni_websocket: true,
            uni_http_stream: true,
            uni_sse: true,
        }
    }
}
