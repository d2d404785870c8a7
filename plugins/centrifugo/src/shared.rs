//! What all parts of the plugin share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::http::{HeaderMap, HeaderValue};
use natter_core::ChannelKey;
use natter_node::Broker;
use natter_node::auth::Authenticator;
use natter_node::config::{Centrifugo, Config, Limits};
use natter_node::domain::Domain;
use natter_node::limits::{Allowance, SeatGuard};
use natter_node::metrics::ConnectionMetrics;
use natter_node::tenant::{Tenant, Tenants};
use natter_protocol::centrifuge::codes::ClientError;
use parking_lot::Mutex;

use crate::codec::Codecs;
use crate::namespaces::{NameError, NamespaceRules, Namespaces};
use crate::proxy::{Call, KeysQuestion, KeysResult, Proxies};
use crate::shared_poll::{SharedPolls, Source};

/// What a reload replaces, as one.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `[plugins.centrifugo]`.
    pub(crate) centrifugo: Centrifugo,
    /// `[limits]`.
    pub(crate) limits: Limits,
    /// The namespaces, resolved.
    pub(crate) namespaces: Namespaces,
    /// Patterns of origins, in lower case.
    allowed_origins: Vec<String>,
}

impl Settings {
    pub(crate) fn new(config: &Config, domain: Option<&Arc<dyn Domain>>) -> Self {
        let centrifugo = config.plugins.centrifugo.clone();
        let namespaces = Namespaces::new(&centrifugo, &config.limits, domain);
        let allowed_origins = config.server.allowed_origins.iter().map(|origin| origin.to_ascii_lowercase()).collect();
        Self { centrifugo, limits: config.limits.clone(), namespaces, allowed_origins }
    }

    /// Whether a connection has to keep its request's headers, since a backend may be asked about it.
    pub(crate) fn needs_headers(&self) -> bool {
        let client = &self.centrifugo.client.proxy;
        let channel = &self.centrifugo.channel.proxy;
        let builtin = [&client.connect, &client.refresh, &channel.subscribe, &channel.publish, &channel.sub_refresh];
        let all = builtin.into_iter().chain([&self.centrifugo.rpc.proxy]).chain(&self.centrifugo.proxies);
        all.into_iter().any(|proxy| !proxy.http_headers.is_empty())
    }

    /// The user that a proxy in front has named, where that is configured.
    pub(crate) fn user_header(&self, headers: &HeaderMap) -> Option<String> {
        let name = &self.centrifugo.user_id_http_header;
        let user = (!name.is_empty()).then(|| headers.get(name.as_str()))??.to_str().ok()?;
        (!user.is_empty()).then(|| user.to_owned())
    }
}

/// The plugin's state, shared by its routes and sessions.
pub(crate) struct Shared {
    pub(crate) broker: Broker,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) authenticator: ArcSwap<Authenticator>,
    pub(crate) proxies: ArcSwap<Proxies>,
    pub(crate) settings: ArcSwap<Settings>,
    pub(crate) codecs: Codecs,
    pub(crate) polls: Arc<SharedPolls>,
    pub(crate) connection_metrics: Arc<ConnectionMetrics>,
    /// New connections of the present second.
    pub(crate) connects: Mutex<Allowance>,
}

impl Shared {
    /// The settings that hold now.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Whether a browser's page may connect; what names no origin is no browser.
    pub(crate) fn is_origin_allowed(&self, origin: Option<&HeaderValue>) -> bool {
        let Some(origin) = origin else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let origin = origin.to_ascii_lowercase();
        self.settings.load().allowed_origins.iter().any(|pattern| matches_glob(pattern, &origin))
    }

    /// A place for a new connection, unless the node is full, takes no more in this second, or is going down.
    pub(crate) fn take_seat(&self) -> Option<SeatGuard> {
        if self.broker.is_draining() {
            return None;
        }
        let settings = self.settings.load();
        let is_in_time =
            self.connects.lock().take(settings.limits.connections_per_second, self.broker.clock().now_ms());
        let seat = is_in_time.then(|| self.broker.connections().take(settings.limits.max_connections)).flatten();
        if seat.is_none() {
            metrics::counter!("natter_limited_total", "scope" => "connect").increment(1);
        }
        seat
    }
}

impl Source for Shared {
    fn keys(&self, name: &str, question: &KeysQuestion) -> Call<KeysResult> {
        self.proxies.load().keys(name, question)
    }
}

/// Whether text matches a pattern in which `*` stands for anything.
pub(crate) fn matches_glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    if rest.is_empty() {
        return true;
    }
    text.char_indices().map(|(start, _)| start).chain([text.len()]).any(|start| matches_glob(rest, &text[start..]))
}

/// A channel that has been found legal: its key and its rules.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedChannel {
    pub(crate) key: ChannelKey,
    pub(crate) rules: Arc<NamespaceRules>,
}

impl Settings {
    /// Finds a channel of a tenant by its name; 102 when its namespace is not configured, 107 when it is malformed.
    pub(crate) fn resolve(&self, tenant: &Tenant, channel: &str) -> Result<ResolvedChannel, ClientError> {
        let rules = self.namespaces.rules_of(channel).map_err(|error| match error {
            NameError::UnknownNamespace => ClientError::UNKNOWN_CHANNEL,
            NameError::Malformed => ClientError::BAD_REQUEST,
        })?;
        Ok(ResolvedChannel { key: ChannelKey::new(tenant.id().clone(), channel), rules: Arc::clone(rules) })
    }
}
