//! `[[plugins.centrifugo.namespaces]]`: what is allowed and kept in the channels of a namespace.
//!
//! Names are Centrifugo's. `allow_subscribe` is short for `allow_subscribe_for_client`, and so on; a time may also be
//! written with its unit in the name, `history_ttl_seconds = 300`.

use std::time::Duration;

use serde::Deserialize;

use super::duration;
use super::maps::MapOptions;
use super::pattern::Pattern;
use super::proxy::default_proxy;
use super::shared_poll::SharedPollOptions;

/// How a subscriber that comes back gets what it missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecoveryMode {
    /// Every publication since its position.
    #[default]
    #[serde(alias = "")]
    Stream,
    /// The latest publication only.
    Cache,
}

/// A way to send only the difference to the publication before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeltaType {
    /// Fossil's delta format.
    Fossil,
}

/// What the data of publications must be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataFormat {
    /// Whatever the publisher's protocol allows.
    #[default]
    #[serde(rename = "")]
    Any,
    /// Valid JSON.
    Json,
    /// Bytes that are never looked into.
    Binary,
}

/// What subscribers of the namespace follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionType {
    /// A stream of publications.
    #[default]
    #[serde(alias = "")]
    Stream,
    /// Keys whose values a backend is asked for.
    SharedPoll,
    /// Keys and their values.
    Map,
    /// Who is present, by connection.
    MapClients,
    /// Who is present, by user.
    MapUsers,
}

impl SubscriptionType {
    /// Whether channels keep keys.
    pub fn is_map(self) -> bool {
        matches!(self, Self::Map | Self::MapClients | Self::MapUsers)
    }

    /// Its number in Centrifugo's protocol.
    pub fn number(self) -> i32 {
        match self {
            Self::Stream => 0,
            Self::Map => 1,
            Self::MapClients => 2,
            Self::MapUsers => 3,
            Self::SharedPoll => 4,
        }
    }
}

/// Options of one namespace.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Namespace {
    /// Name, the part of a channel's name before `:`; empty for channels without one.
    pub name: String,
    /// History survives a restart, and a publication is acknowledged once it is on disk. Ours.
    pub durable: bool,
    /// Keep who is subscribed.
    pub presence: bool,
    /// Tell subscribers who comes and goes, if they ask.
    pub join_leave: bool,
    /// Tell them without being asked.
    pub force_push_join_leave: bool,
    /// Most publications kept; 0 keeps none.
    pub history_size: usize,
    /// How long publications are kept; 0 keeps none.
    #[serde(alias = "history_ttl_seconds", deserialize_with = "duration::deserialize")]
    pub history_ttl: Duration,
    /// How long epoch and offset outlive the publications; 0 means the plugin's value.
    #[serde(alias = "history_meta_ttl_seconds", deserialize_with = "duration::deserialize")]
    pub history_meta_ttl: Duration,
    /// Watch every subscriber's position for losses.
    pub force_positioning: bool,
    /// Watch the position of those that ask.
    pub allow_positioning: bool,
    /// Recover every subscriber that comes back.
    pub force_recovery: bool,
    /// Recover those that ask.
    pub allow_recovery: bool,
    /// How subscribers recover.
    pub force_recovery_mode: RecoveryMode,
    /// With recovery mode `cache`: send the latest publication to new subscribers too.
    pub auto_cache_recover: bool,
    /// Deltas that subscribers may ask for.
    pub allowed_delta_types: Vec<DeltaType>,
    /// Use deltas for every publication, not only for those that ask for it.
    pub delta_publish: bool,
    /// Subscribers may filter publications by their tags.
    pub allow_tags_filter: bool,
    /// Any user may subscribe.
    #[serde(rename = "allow_subscribe_for_client", alias = "allow_subscribe")]
    pub allow_subscribe: bool,
    /// Anonymous users too.
    pub allow_subscribe_for_anonymous: bool,
    /// Any user may publish.
    #[serde(rename = "allow_publish_for_client", alias = "allow_publish")]
    pub allow_publish: bool,
    /// Subscribers may publish.
    pub allow_publish_for_subscriber: bool,
    /// Anonymous users too.
    pub allow_publish_for_anonymous: bool,
    /// Any user may ask for the presence.
    #[serde(rename = "allow_presence_for_client", alias = "allow_presence")]
    pub allow_presence: bool,
    /// Subscribers may ask for the presence.
    pub allow_presence_for_subscriber: bool,
    /// Anonymous users too.
    pub allow_presence_for_anonymous: bool,
    /// Any user may ask for the history.
    #[serde(rename = "allow_history_for_client", alias = "allow_history")]
    pub allow_history: bool,
    /// Subscribers may ask for the history.
    pub allow_history_for_subscriber: bool,
    /// Anonymous users too.
    pub allow_history_for_anonymous: bool,
    /// Users named after `#` in a channel's name may subscribe to it.
    pub allow_user_limited_channels: bool,
    /// What the part of a channel's name after the namespace must match; empty means anything.
    pub channel_regex: Pattern,
    /// What publications must be.
    pub publication_data_format: DataFormat,
    /// What subscribers follow.
    pub subscription_type: SubscriptionType,
    /// With type `shared_poll`: how the backend is asked.
    pub shared_poll: SharedPollOptions,
    /// How keys are kept, where subscribers follow those.
    pub map: MapOptions,
    /// How long a client gathers changes of a key before it publishes the newest; 0 is not at all.
    #[serde(deserialize_with = "duration::deserialize")]
    pub client_publish_debounce_interval: Duration,
    /// Ask a backend about subscriptions.
    pub subscribe_proxy_enabled: bool,
    /// Which one.
    pub subscribe_proxy_name: String,
    /// Ask a backend about publications.
    pub publish_proxy_enabled: bool,
    /// Which one.
    pub publish_proxy_name: String,
    /// Ask a backend when a subscription expires.
    pub sub_refresh_proxy_enabled: bool,
    /// Which one.
    pub sub_refresh_proxy_name: String,
    /// Have a backend feed subscriptions. Accepted for the sake of existing files; see [`Namespace::without_effect`].
    pub subscribe_stream_proxy_enabled: bool,
    /// Which one.
    pub subscribe_stream_proxy_name: String,
    /// Whether subscribers can write to it.
    #[serde(alias = "subscribe_stream_bidirectional")]
    pub subscribe_stream_proxy_bidirectional: bool,
    /// The connections that are subscribed are keys of the channel with this prefix; empty for none.
    pub map_clients_presence_channel_prefix: String,
    /// The users that are subscribed are keys of the channel with this prefix; empty for none.
    pub map_users_presence_channel_prefix: String,
}

impl Default for Namespace {
    fn default() -> Self {
        Self {
            name: String::new(),
            durable: false,
            presence: false,
            join_leave: false,
            force_push_join_leave: false,
            history_size: 0,
            history_ttl: Duration::ZERO,
            history_meta_ttl: Duration::ZERO,
            force_positioning: false,
            allow_positioning: false,
            force_recovery: false,
            allow_recovery: false,
            force_recovery_mode: RecoveryMode::Stream,
            auto_cache_recover: false,
            allowed_delta_types: Vec::new(),
            delta_publish: false,
            allow_tags_filter: false,
            allow_subscribe: false,
            allow_subscribe_for_anonymous: false,
            allow_publish: false,
            allow_publish_for_subscriber: false,
            allow_publish_for_anonymous: false,
            allow_presence: false,
            allow_presence_for_subscriber: false,
            allow_presence_for_anonymous: false,
            allow_history: false,
            allow_history_for_subscriber: false,
            allow_history_for_anonymous: false,
            allow_user_limited_channels: false,
            channel_regex: Pattern::default(),
            publication_data_format: DataFormat::Any,
            subscription_type: SubscriptionType::Stream,
            shared_poll: SharedPollOptions::default(),
            map: MapOptions::default(),
            client_publish_debounce_interval: Duration::ZERO,
            subscribe_proxy_enabled: false,
            subscribe_proxy_name: default_proxy(),
            publish_proxy_enabled: false,
            publish_proxy_name: default_proxy(),
            sub_refresh_proxy_enabled: false,
            sub_refresh_proxy_name: default_proxy(),
            subscribe_stream_proxy_enabled: false,
            subscribe_stream_proxy_name: default_proxy(),
            subscribe_stream_proxy_bidirectional: false,
            map_clients_presence_channel_prefix: String::new(),
            map_users_presence_channel_prefix: String::new(),
        }
    }
}

impl Namespace {
    /// Whether publications are kept at all; a durable namespace needs this.
    pub fn keeps_history(&self) -> bool {
        self.history_size > 0 && !self.history_ttl.is_zero()
    }

    /// Options that are set, accepted and have no effect in this version.
    pub fn without_effect(&self) -> Vec<&'static str> {
        let set = [("subscribe_stream_proxy_enabled", self.subscribe_stream_proxy_enabled)];
        set.into_iter().filter_map(|(option, set)| set.then_some(option)).collect()
    }

    /// The namespaces of a node that is told nothing: everything, speed, durability.
    pub(super) fn defaults() -> Vec<Self> {
        let open = Self { allow_subscribe: true, allow_publish: true, ..Self::default() };
        let everything = Self {
            allow_presence: true,
            allow_history: true,
            presence: true,
            join_leave: true,
            history_size: 100,
            history_ttl: Duration::from_secs(300),
            force_recovery: true,
            ..open.clone()
        };
        let durable = Self {
            name: "durable".to_owned(),
            allow_history: true,
            history_size: 100_000,
            history_ttl: Duration::from_secs(604_800),
            force_recovery: true,
            durable: true,
            ..open.clone()
        };
        vec![everything, Self { name: "fast".to_owned(), ..open }, durable]
    }
}
