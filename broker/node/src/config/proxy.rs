//! Proxies: which questions of clients go to a tenant's backend, and how (`client.proxy`, `channel.proxy`, `rpc`,
//! `proxies`).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::duration;

/// `plugins.centrifugo.client`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSection {
    /// Proxies of whole connections.
    pub proxy: ClientProxies,
}

/// `client.proxy`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientProxies {
    /// Asked about connections that bring no token.
    pub connect: Proxy,
    /// Asked when a connection expires.
    pub refresh: Proxy,
}

/// `plugins.centrifugo.channel`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSection {
    /// The proxies called `default` in namespaces.
    pub proxy: ChannelProxies,
}

/// `channel.proxy`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelProxies {
    /// Asked about subscriptions.
    pub subscribe: Proxy,
    /// Asked about publications.
    pub publish: Proxy,
    /// Asked when a subscription expires.
    pub sub_refresh: Proxy,
    /// Asked about keys of maps that clients set.
    pub map_publish: Proxy,
    /// Asked about keys of maps that clients remove.
    pub map_remove: Proxy,
    /// Asked for the values of tracked keys.
    pub shared_poll_refresh: Proxy,
}

/// `plugins.centrifugo.rpc`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RpcSection {
    /// The proxy called `default`.
    pub proxy: Proxy,
    /// Methods without a namespace.
    pub without_namespace: RpcOptions,
    /// Methods named `namespace:method`.
    pub namespaces: Vec<RpcNamespace>,
}

/// Whether and where remote calls go.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RpcOptions {
    /// Whether they go to a proxy at all.
    pub proxy_enabled: bool,
    /// Which one.
    pub proxy_name: String,
}

impl Default for RpcOptions {
    fn default() -> Self {
        Self { proxy_enabled: false, proxy_name: DEFAULT_PROXY.to_owned() }
    }
}

/// One of `rpc.namespaces`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RpcNamespace {
    /// Its name.
    pub name: String,
    /// Whether its methods go to a proxy.
    #[serde(default)]
    pub proxy_enabled: bool,
    /// Which one.
    #[serde(default = "default_proxy")]
    pub proxy_name: String,
}

/// Name of the proxies that sections define.
pub const DEFAULT_PROXY: &str = "default";

pub(super) fn default_proxy() -> String {
    DEFAULT_PROXY.to_owned()
}

/// One backend that is asked over HTTP.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    /// Its name, in `proxies` only.
    pub name: String,
    /// Whether it is asked. Proxies in `channel.proxy`, `rpc.proxy` and `proxies` are enabled where they are used.
    pub enabled: bool,
    /// URL of the backend, `http://` or `https://`.
    pub endpoint: String,
    /// Longest wait for an answer.
    #[serde(rename = "timeout", alias = "timeout_seconds", deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
    /// Names of the client's request headers that are passed on.
    pub http_headers: Vec<String>,
    /// Names of headers that a client may bring inside its `connect` command.
    pub emulated_headers: Vec<String>,
    /// Send and expect data as base64.
    pub binary_encoding: bool,
    /// Send the connection's meta.
    pub include_connection_meta: bool,
    /// What is special to HTTP.
    pub http: ProxyHttp,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            name: String::new(),
            enabled: false,
            endpoint: String::new(),
            timeout: Duration::from_secs(1),
            http_headers: Vec::new(),
            emulated_headers: Vec::new(),
            binary_encoding: false,
            include_connection_meta: false,
            http: ProxyHttp::default(),
        }
    }
}

/// `http` of a proxy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProxyHttp {
    /// Headers sent with every request.
    pub static_headers: BTreeMap<String, String>,
    /// What a status other than 200 means to the client.
    pub status_to_code_transforms: Vec<StatusTransform>,
}

/// One of `status_to_code_transforms`: exactly one of the two outcomes is set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusTransform {
    /// Status of the backend's answer.
    pub status_code: u16,
    /// The error that the client gets.
    pub to_error: Option<TransformError>,
    /// The disconnect that the client gets.
    pub to_disconnect: Option<TransformDisconnect>,
}

/// An error made from a status.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformError {
    /// Code, 400 to 1999.
    pub code: u32,
    /// Text.
    pub message: String,
    /// Whether the client may try again.
    #[serde(default)]
    pub temporary: bool,
}

/// A disconnect made from a status.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformDisconnect {
    /// Code, 4000 to 4999.
    pub code: u32,
    /// Reason, at most 32 bytes.
    pub reason: String,
}
