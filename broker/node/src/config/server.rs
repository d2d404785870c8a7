//! How the node listens: `[server]`, `[[listeners]]`, `[quic]`, `[metrics]`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::address::{self, AddressRange};
use super::duration;

/// `[server]`: what all listeners share.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Base of the links that natter makes, without a slash at its end.
    pub public_url: String,
    /// Where `/metrics`, `/healthz`, `/readyz` and `/admin` are served; never public.
    #[serde(deserialize_with = "address::socket")]
    pub internal_address: SocketAddr,
    /// Worker threads; 0 means one per core.
    pub workers: usize,
    /// Glob patterns of the `Origin` header; "*" allows any, an empty list allows none.
    pub allowed_origins: Vec<String>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// Longest drain after SIGTERM.
    #[serde(rename = "shutdown_seconds", alias = "shutdown", deserialize_with = "duration::deserialize")]
    pub shutdown: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8000".to_owned(),
            internal_address: SocketAddr::from(([127, 0, 0, 1], 9000)),
            workers: 0,
            allowed_origins: vec!["*".to_owned()],
            trusted_proxies: Vec::new(),
            shutdown: Duration::from_secs(10),
        }
    }
}

/// One of `[[listeners]]`: a TCP address.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Address to accept on.
    #[serde(deserialize_with = "address::socket")]
    pub address: SocketAddr,
    /// Names of the plugins served here; empty means every enabled one.
    #[serde(default)]
    pub plugins: Vec<String>,
}

impl Listener {
    /// Whether this listener serves a plugin.
    pub fn serves(&self, plugin: &str) -> bool {
        self.plugins.is_empty() || self.plugins.iter().any(|name| name == plugin)
    }

    pub(super) fn defaults() -> Vec<Self> {
        vec![Self { address: SocketAddr::from(([127, 0, 0, 1], 8000)), plugins: Vec::new() }]
    }
}

/// `[quic]`: the UDP address of native QUIC and WebTransport. Off without the section.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quic {
    /// UDP address.
    #[serde(deserialize_with = "address::socket")]
    pub address: SocketAddr,
    /// PEM file of the certificate chain; without it a self-signed certificate is made.
    pub certificate: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub private_key: Option<PathBuf>,
}

impl Default for Quic {
    fn default() -> Self {
        Self { address: SocketAddr::from(([127, 0, 0, 1], 8443)), certificate: None, private_key: None }
    }
}

/// `[metrics]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// How many tenants get labels of their own; the others share one. Bounds the number of series.
    pub tenant_limit: usize,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { tenant_limit: 50 }
    }
}
