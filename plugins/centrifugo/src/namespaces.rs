//! Channel names and what their namespaces say about them (reference: Centrifugo's channel rules).

use std::collections::HashMap;
use std::sync::Arc;

use natter_core::{ChannelOptions, KeyedOptions, RecoveryMode};
use natter_node::config::{Centrifugo, Limits, Namespace, RecoveryMode as ConfiguredMode};
use natter_node::domain::{Domain, RESERVED_NAMESPACES};

/// Asks for a token.
pub(crate) const PRIVATE_PREFIX: char = '$';
/// Separates a namespace from the rest of a name.
const NAMESPACE_BOUNDARY: char = ':';
/// Separates the users that a channel is limited to from the rest of its name.
const USER_BOUNDARY: char = '#';
/// Separates those users from each other.
const USER_SEPARATOR: char = ',';

/// A namespace: what clients may do in it, and what its channels' owners do.
#[derive(Debug)]
pub(crate) struct NamespaceRules {
    /// As configured.
    pub(crate) rules: Namespace,
    /// What the shard acts on.
    pub(crate) options: Arc<ChannelOptions>,
}

/// Why a channel's name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameError {
    /// Its namespace is not configured.
    UnknownNamespace,
    /// It is not ASCII, too long, or does not match its namespace's pattern.
    Malformed,
}

/// All namespaces of the plugin.
#[derive(Debug)]
pub(crate) struct Namespaces {
    by_name: HashMap<String, Arc<NamespaceRules>>,
    /// The reserved ones; empty when no domain owns them.
    reserved: HashMap<&'static str, Arc<NamespaceRules>>,
    name_bytes_max: usize,
}

impl Namespaces {
    pub(crate) fn new(config: &Centrifugo, limits: &Limits, domain: Option<&Arc<dyn Domain>>) -> Self {
        let rules_of = |namespace: &Namespace| {
            let options = Arc::new(channel_options(namespace, config, limits));
            Arc::new(NamespaceRules { rules: namespace.clone(), options })
        };
        let by_name = config.namespaces.iter().map(|namespace| (namespace.name.clone(), rules_of(namespace)));
        Self {
            by_name: by_name.collect(),
            reserved: domain.map(|domain| reserved_rules(&**domain)).unwrap_or_default(),
            name_bytes_max: limits.channel_name_bytes_max,
        }
    }

    /// The rules of a channel, by its name.
    pub(crate) fn rules_of(&self, channel: &str) -> Result<&Arc<NamespaceRules>, NameError> {
        if channel.len() > self.name_bytes_max {
            return Err(NameError::Malformed);
        }
        let (namespace, rest) = split(channel);
        if RESERVED_NAMESPACES.contains(&namespace) {
            return self.reserved.get(namespace).ok_or(NameError::UnknownNamespace);
        }
        let rules = self.by_name.get(namespace).ok_or(NameError::UnknownNamespace)?;
        let is_valid = match rules.rules.channel_regex.as_str().is_empty() {
            true => channel.is_ascii(),
            false => rules.rules.channel_regex.matches(rest),
        };
        is_valid.then_some(rules).ok_or(NameError::Malformed)
    }
}

/// Whether a channel belongs to a domain above the broker.
pub(crate) fn is_reserved(channel: &str) -> bool {
    RESERVED_NAMESPACES.contains(&split(channel).0)
}

/// Whether a channel asks for a subscription token.
pub(crate) fn is_private(channel: &str) -> bool {
    channel.starts_with(PRIVATE_PREFIX)
}

/// Whether a channel's name limits it to users: `None` when it does not, otherwise whether `user` is one of them.
pub(crate) fn allows_user(channel: &str, user: &str) -> Option<bool> {
    let (_, users) = channel.rsplit_once(USER_BOUNDARY)?;
    Some(!user.is_empty() && users.split(USER_SEPARATOR).any(|allowed| allowed == user))
}

/// The channel that a user alone is subscribed to.
pub(crate) fn personal_channel(namespace: &str, user: &str) -> String {
    match namespace.is_empty() {
        true => format!("{USER_BOUNDARY}{user}"),
        false => format!("{namespace}{NAMESPACE_BOUNDARY}{USER_BOUNDARY}{user}"),
    }
}

/// Namespace (`""` for none) and rest of a name, without the private prefix.
fn split(channel: &str) -> (&str, &str) {
    let name = channel.strip_prefix(PRIVATE_PREFIX).unwrap_or(channel);
    name.split_once(NAMESPACE_BOUNDARY).unwrap_or(("", name))
}

/// What subscribers of the reserved namespaces can do: recover where the domain keeps a log, and nothing else.
fn reserved_rules(domain: &dyn Domain) -> HashMap<&'static str, Arc<NamespaceRules>> {
    let rules_of = |name: &'static str| {
        let options = domain.channel_options(name);
        let rules = Namespace {
            name: name.to_owned(),
            history_size: options.history_size,
            history_ttl: std::time::Duration::from_millis(options.history_ttl_ms.unsigned_abs()),
            force_recovery: options.has_history(),
            ..Namespace::default()
        };
        (name, Arc::new(NamespaceRules { rules, options }))
    };
    RESERVED_NAMESPACES.into_iter().map(rules_of).collect()
}

fn channel_options(namespace: &Namespace, config: &Centrifugo, limits: &Limits) -> ChannelOptions {
    if namespace.subscription_type.is_map() {
        return map_options(namespace, limits);
    }
    let meta_ttl = match namespace.history_meta_ttl.is_zero() {
        true => config.history_meta_ttl,
        false => namespace.history_meta_ttl,
    };
    ChannelOptions {
        history_size: namespace.history_size,
        history_ttl_ms: milliseconds(namespace.history_ttl),
        history_meta_ttl_ms: milliseconds(meta_ttl),
        durable: namespace.durable,
        keeps_log: false,
        observed: false,
        presence: namespace.presence,
        join_leave: namespace.join_leave,
        recovery_mode: match namespace.force_recovery_mode {
            ConfiguredMode::Stream => RecoveryMode::Stream,
            ConfiguredMode::Cache => RecoveryMode::Cache,
        },
        recovery_limit: limits.recovery_publications_max,
        subscribers_max: limits.subscribers_per_channel_max as u64,
        presence_members_max: limits.presence_members_max,
        keyed: None,
    }
}

/// A channel with keys: its history is the stream of their changes.
fn map_options(namespace: &Namespace, limits: &Limits) -> ChannelOptions {
    let map = &namespace.map;
    ChannelOptions {
        history_size: map.effective_stream_size(),
        history_ttl_ms: milliseconds(map.effective_stream_ttl()),
        history_meta_ttl_ms: map.effective_meta_ttl().map_or(i64::MAX, milliseconds),
        presence: namespace.presence,
        join_leave: namespace.join_leave,
        subscribers_max: limits.subscribers_per_channel_max as u64,
        presence_members_max: limits.presence_members_max,
        keyed: Some(KeyedOptions {
            key_ttl_ms: milliseconds(map.key_ttl),
            ordered: map.ordered,
            keys_max: map.max_keys,
            catch_up_ms: milliseconds(map.catch_up_timeout()),
            live_limit: map.live_limit(),
        }),
        ..ChannelOptions::default()
    }
}

fn milliseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
