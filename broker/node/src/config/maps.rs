//! `[plugins.centrifugo.namespaces.map]`: how the channels of a namespace keep keys, and who may change them.
//!
//! Names are Centrifugo's but for `ordered` and `max_keys`, which are ours.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::proxy::default_proxy;

/// What is kept of a map besides its keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MapMode {
    /// Not set: the namespace is no map.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// Nothing: whoever comes back reads the whole map. Keys expire.
    Ephemeral,
    /// The stream of its changes. Keys expire.
    Recoverable,
    /// The stream of its changes. Keys stay.
    Persistent,
}

/// The key under which clients publish.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKey {
    /// The one that they name.
    #[default]
    #[serde(rename = "")]
    Any,
    /// The id of their connection, whatever they name.
    ClientId,
    /// Their user id, whatever they name.
    UserId,
}

/// Options of a namespace whose channels are maps.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapOptions {
    /// What is kept besides keys.
    pub mode: MapMode,
    /// How long a key lives after it was last set; 0 is for ever.
    #[serde(deserialize_with = "duration::deserialize")]
    pub key_ttl: Duration,
    /// How many changes the stream keeps; 0 means 100.
    pub stream_size: usize,
    /// How long it keeps them; 0 means a minute.
    #[serde(deserialize_with = "duration::deserialize")]
    pub stream_ttl: Duration,
    /// How long the position of a map without keys is kept; 0 means ten times `stream_ttl`, and for ever in mode
    /// `persistent`.
    #[serde(deserialize_with = "duration::deserialize")]
    pub meta_ttl: Duration,
    /// Pages come in the order of scores, highest first. Ours.
    pub ordered: bool,
    /// Most keys of a channel. Ours.
    pub max_keys: usize,
    /// A client that unsubscribes takes the key with its client id along.
    pub remove_client_on_unsubscribe: bool,
    /// Under which key clients publish.
    pub client_key: ClientKey,
    /// Any user may set keys.
    pub allow_publish_for_client: bool,
    /// Subscribers may set keys.
    pub allow_publish_for_subscriber: bool,
    /// Anonymous users too.
    pub allow_publish_for_anonymous: bool,
    /// Any user may remove keys.
    pub allow_remove_for_client: bool,
    /// Subscribers may remove keys.
    pub allow_remove_for_subscriber: bool,
    /// Anonymous users too.
    pub allow_remove_for_anonymous: bool,
    /// A backend alone decides about keys that clients set, and under which key they stand.
    pub publish_proxy_enabled: bool,
    /// Which one.
    pub publish_proxy_name: String,
    /// A backend alone decides about keys that clients remove.
    pub remove_proxy_enabled: bool,
    /// Which one.
    pub remove_proxy_name: String,
    /// Entries of a page when a client does not say; 0 means 100.
    pub default_page_size: usize,
    /// Fewest entries of a page that a client can ask for; 0 means 100.
    pub min_page_size: usize,
    /// Most entries of a page; 0 means 1000.
    pub max_page_size: usize,
    /// A subscriber that has missed more changes than this begins anew; 0 means `max_page_size`.
    pub live_transition_max_publication_limit: usize,
    /// For how long a subscriber may read pages; 0 means five seconds.
    #[serde(deserialize_with = "duration::deserialize")]
    pub subscribe_catch_up_timeout: Duration,
}

impl Default for MapOptions {
    fn default() -> Self {
        Self {
            mode: MapMode::Unset,
            key_ttl: Duration::ZERO,
            stream_size: 0,
            stream_ttl: Duration::ZERO,
            meta_ttl: Duration::ZERO,
            ordered: false,
            max_keys: 100_000,
            remove_client_on_unsubscribe: false,
            client_key: ClientKey::Any,
            allow_publish_for_client: false,
            allow_publish_for_subscriber: false,
            allow_publish_for_anonymous: false,
            allow_remove_for_client: false,
            allow_remove_for_subscriber: false,
            allow_remove_for_anonymous: false,
            publish_proxy_enabled: false,
            publish_proxy_name: default_proxy(),
            remove_proxy_enabled: false,
            remove_proxy_name: default_proxy(),
            default_page_size: 0,
            min_page_size: 0,
            max_page_size: 0,
            live_transition_max_publication_limit: 0,
            subscribe_catch_up_timeout: Duration::ZERO,
        }
    }
}

impl MapOptions {
    /// Whether changes are kept as a stream, so that subscribers have a position and recover.
    pub fn has_stream(&self) -> bool {
        matches!(self.mode, MapMode::Recoverable | MapMode::Persistent)
    }

    /// How many changes the stream keeps; 0 without one.
    pub fn effective_stream_size(&self) -> usize {
        if self.has_stream() { or(self.stream_size, 100) } else { 0 }
    }

    /// How long it keeps them; 0 without one.
    pub fn effective_stream_ttl(&self) -> Duration {
        match self.stream_ttl {
            _ if !self.has_stream() => Duration::ZERO,
            Duration::ZERO => Duration::from_secs(60),
            ttl => ttl,
        }
    }

    /// How long the position of an empty map is kept; `None` is for ever.
    pub fn effective_meta_ttl(&self) -> Option<Duration> {
        match (self.meta_ttl, self.mode) {
            (Duration::ZERO, MapMode::Persistent) => None,
            (Duration::ZERO, _) => Some((self.effective_stream_ttl() * 10).max(self.key_ttl)),
            (ttl, _) => Some(ttl),
        }
    }

    /// How many entries a page has for a client that asks for `wanted`; 0 or less is for one that does not say.
    pub fn page_size(&self, wanted: i32) -> usize {
        let wanted = usize::try_from(wanted).unwrap_or(0);
        let (min, max) = (or(self.min_page_size, 100), self.largest_page());
        or(wanted, or(self.default_page_size, 100)).max(min).min(max)
    }

    /// Most changes that a subscriber may have missed.
    pub fn live_limit(&self) -> usize {
        or(self.live_transition_max_publication_limit, self.largest_page())
    }

    /// For how long a subscriber may read pages.
    pub fn catch_up_timeout(&self) -> Duration {
        match self.subscribe_catch_up_timeout {
            Duration::ZERO => Duration::from_secs(5),
            timeout => timeout,
        }
    }

    fn largest_page(&self) -> usize {
        or(self.max_page_size, 1_000)
    }
}

/// A number, or what stands for it when it is not set.
fn or(number: usize, unset: usize) -> usize {
    if number == 0 { unset } else { number }
}
