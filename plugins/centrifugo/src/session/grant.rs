//! What a connection is allowed in a channel, and by whom.

use bytes::Bytes;
use natter_node::auth::{SubscribeOptions, SubscriptionClaims};
use natter_node::config::Namespace;
use natter_node::session::SubscriptionOverrides;
use natter_protocol::centrifuge::schema::SubscribeRequest;

use crate::shared::ResolvedChannel;

/// A subscription that has been permitted: by a token, a backend, or the channel's rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grant {
    /// What others are shown of the subscriber in this channel.
    pub(crate) info: Bytes,
    /// What the subscriber itself is given.
    pub(crate) data: Bytes,
    /// Unix seconds at which it expires.
    pub(crate) expire_at: Option<u64>,
    /// Whether the client is to refresh it before it expires; otherwise the tenant's backend is asked.
    pub(crate) is_refreshed_by_client: bool,
    /// What differs from the namespace's options.
    pub(crate) overrides: SubscriptionOverrides,
    /// Whether the connection token made it: another token without it ends the connection.
    pub(crate) is_from_connection_token: bool,
}

impl Grant {
    pub(crate) fn from_token(claims: SubscriptionClaims, channel: &ResolvedChannel) -> Self {
        let (expire_at, is_refreshed_by_client) = (claims.expire_at, is_refreshed_by_client(channel));
        Self { expire_at, is_refreshed_by_client, ..Self::from_options(claims.options) }
    }

    pub(crate) fn from_options(options: SubscribeOptions) -> Self {
        Self {
            info: options.info.unwrap_or_default(),
            data: options.data.unwrap_or_default(),
            overrides: options.overriding,
            ..Self::default()
        }
    }
}

/// Whether clients refresh their subscriptions to a channel: not where the tenant's backend is asked, even for those that
/// came with a token (section 6.7).
pub(super) fn is_refreshed_by_client(channel: &ResolvedChannel) -> bool {
    !channel.rules.rules.sub_refresh_proxy_enabled
}

/// How a subscription behaves: its namespace, what its grant overrides, and what the client asked for (section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Features {
    /// Listed in presence or announced.
    pub(super) is_visible: bool,
    /// Gets joins and leaves.
    pub(super) gets_presence_edges: bool,
    /// Recoverable by position.
    pub(super) is_recoverable: bool,
    /// Told when its position cannot be vouched for.
    pub(super) is_positioned: bool,
}

impl Features {
    pub(super) fn new(
        rules: &Namespace,
        overrides: &SubscriptionOverrides,
        wanted: &SubscribeRequest,
        access: Access,
    ) -> Self {
        let has_presence = overrides.presence.unwrap_or(rules.presence);
        let has_join_leave = overrides.join_leave.unwrap_or(rules.join_leave);
        let is_forced_edges = overrides.force_push_join_leave.unwrap_or(rules.force_push_join_leave);
        let wants_edges = wanted.join_leave && access.presence;
        let is_forced_recovery = overrides.force_recovery.unwrap_or(rules.force_recovery);
        let wants_recovery = wanted.recoverable && (rules.allow_recovery || access.history);
        let is_forced_positioning = overrides.force_positioning.unwrap_or(rules.force_positioning);
        let wants_positioning = wanted.positioned && (rules.allow_positioning || access.history);
        let is_recoverable = rules.keeps_history() && (is_forced_recovery || wants_recovery);
        Self {
            is_visible: has_presence || has_join_leave,
            gets_presence_edges: has_join_leave && (is_forced_edges || wants_edges),
            is_recoverable,
            is_positioned: is_recoverable || (rules.keeps_history() && (is_forced_positioning || wants_positioning)),
        }
    }
}

/// What a user may read of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) presence: bool,
    pub(super) history: bool,
}

/// Whether one of Centrifugo's triples of flags lets a user do something: clients in general or subscribers of the
/// channel may, and anonymous ones only if they may too.
pub(super) fn permits(
    for_client: bool,
    for_subscriber: bool,
    for_anonymous: bool,
    user: &str,
    is_subscribed: bool,
) -> bool {
    (for_client || (for_subscriber && is_subscribed)) && (!user.is_empty() || for_anonymous)
}
