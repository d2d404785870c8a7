//! Shared poll subscriptions (Centrifugo 6.8): keys that a backend is asked about once for all who track them.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::proxy::default_proxy;
use super::secret::Secret;

/// `plugins.centrifugo.shared_poll`: what all namespaces of the kind have in common.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SharedPoll {
    /// What backends sign lists of keys with. Needed as soon as a namespace is a shared poll.
    pub hmac_secret_key: Secret,
    /// The key before it, still taken while a new one is brought in; empty means none.
    pub hmac_previous_secret_key: Secret,
    /// Signatures of the previous key made after this time, in Unix seconds, are refused; 0 means none are.
    pub hmac_previous_secret_key_valid_until: i64,
    /// Calls to backends that the node has under way together; 0 means 64. Read at the start only.
    pub concurrency_limit: usize,
}

/// How changes of a key's value are told from repetitions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SharedPollMode {
    /// By the value: natter counts versions itself.
    #[default]
    #[serde(alias = "")]
    Versionless,
    /// By the version that the backend gives each value.
    Versioned,
}

/// `shared_poll` of a namespace. A span or number of 0 means its default.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SharedPollOptions {
    /// The proxy that knows the values; `default`, or nothing, is `channel.proxy.shared_poll_refresh`.
    pub proxy_name: String,
    /// Time between two questions about the same key; 10 s.
    #[serde(alias = "refresh_interval_seconds", deserialize_with = "duration::deserialize")]
    pub refresh_interval: Duration,
    /// Keys of one question; 1,000.
    pub refresh_batch_size: usize,
    /// Keys that one connection may track in one channel; 5,000.
    pub max_keys_per_connection: usize,
    /// How changes are told.
    pub mode: SharedPollMode,
    /// How long a channel is remembered whose last key nobody tracks any more; 1 s.
    #[serde(alias = "channel_shutdown_delay_seconds", deserialize_with = "duration::deserialize")]
    pub channel_shutdown_delay: Duration,
    /// How long a key is still tracked after its signature has expired; 25 s.
    #[serde(alias = "track_expired_extra_delay_seconds", deserialize_with = "duration::deserialize")]
    pub track_expired_extra_delay: Duration,
    /// Whether the server API may publish values; needs mode `versioned`.
    pub publish_enabled: bool,
}

impl Default for SharedPollOptions {
    fn default() -> Self {
        Self {
            proxy_name: default_proxy(),
            refresh_interval: Duration::from_secs(10),
            refresh_batch_size: 1_000,
            max_keys_per_connection: 5_000,
            mode: SharedPollMode::Versionless,
            channel_shutdown_delay: Duration::from_secs(1),
            track_expired_extra_delay: Duration::from_secs(25),
            publish_enabled: false,
        }
    }
}

impl SharedPollOptions {
    /// The options with their defaults in place of what is 0 or empty.
    pub fn resolved(&self) -> Self {
        let default = Self::default();
        let span = |own: Duration, default: Duration| if own.is_zero() { default } else { own };
        let number = |own: usize, default: usize| if own == 0 { default } else { own };
        Self {
            proxy_name: if self.proxy_name.is_empty() { default.proxy_name } else { self.proxy_name.clone() },
            refresh_interval: span(self.refresh_interval, default.refresh_interval),
            refresh_batch_size: number(self.refresh_batch_size, default.refresh_batch_size),
            max_keys_per_connection: number(self.max_keys_per_connection, default.max_keys_per_connection),
            mode: self.mode,
            channel_shutdown_delay: span(self.channel_shutdown_delay, default.channel_shutdown_delay),
            track_expired_extra_delay: span(self.track_expired_extra_delay, default.track_expired_extra_delay),
            publish_enabled: self.publish_enabled,
        }
    }
}
