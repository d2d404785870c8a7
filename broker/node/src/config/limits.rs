//! `[limits]`: the bound of every queue, map and request. A tenant can have narrower ones, `[tenants.limits]`.

use std::time::Duration;

use serde::Deserialize;

use super::duration;

/// Bounds of the node. Where 0 means "off" the field says so; everywhere else 0 is refused.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections of the node.
    pub max_connections: usize,
    /// Connections of one tenant on the node.
    pub max_connections_per_tenant: usize,
    /// Connections of one user on the node; 0 is off.
    pub max_connections_per_user: usize,
    /// New connections per second on the node; 0 is off.
    pub connections_per_second: u32,
    /// Unsent bytes of one connection before it is closed as slow.
    pub connection_queue_bytes_max: usize,
    /// Subscriptions of one connection.
    pub channels_per_connection: usize,
    /// Live channels of one tenant on the node; another one is refused with "limit exceeded".
    pub channels_per_tenant_max: usize,
    /// Subscriptions to one channel.
    pub subscribers_per_channel_max: usize,
    /// Members that the presence of one channel holds.
    pub presence_members_max: usize,
    /// Bytes of a channel's name.
    pub channel_name_bytes_max: usize,
    /// Bytes of one frame or request body of a client.
    pub frame_bytes_max: usize,
    /// Bytes of one request body of a tenant's backend.
    pub api_body_bytes_max: usize,
    /// Commands of one connection that wait for their answer.
    pub commands_in_flight_max: usize,
    /// Publications per second of one connection; 0 is off.
    pub publishes_per_second: u32,
    /// Publications of one history answer to a client.
    pub history_publications_max: usize,
    /// Publications that one recovery sends.
    pub recovery_publications_max: usize,
    /// Channels of one broadcast.
    pub broadcast_channels_max: usize,
    /// Commands of one batch.
    pub batch_commands_max: usize,
    /// How long an idempotency key of a publication is remembered.
    #[serde(
        rename = "idempotency_window_seconds",
        alias = "idempotency_window",
        deserialize_with = "duration::deserialize"
    )]
    pub idempotency_window: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1_000_000,
            max_connections_per_tenant: 1_000_000,
            max_connections_per_user: 0,
            connections_per_second: 0,
            connection_queue_bytes_max: 1_048_576,
            channels_per_connection: 128,
            channels_per_tenant_max: 10_000_000,
            subscribers_per_channel_max: 1_000_000,
            presence_members_max: 100_000,
            channel_name_bytes_max: 255,
            frame_bytes_max: 65_536,
            api_body_bytes_max: 10_485_760,
            commands_in_flight_max: 256,
            publishes_per_second: 0,
            history_publications_max: 300,
            recovery_publications_max: 300,
            broadcast_channels_max: 10_000,
            batch_commands_max: 10_000,
            idempotency_window: Duration::from_secs(300),
        }
    }
}

impl Limits {
    /// The bounds that may not be 0, by their keys.
    pub(super) fn positive(&self) -> [(&'static str, usize); 15] {
        [
            ("max_connections", self.max_connections),
            ("max_connections_per_tenant", self.max_connections_per_tenant),
            ("connection_queue_bytes_max", self.connection_queue_bytes_max),
            ("channels_per_connection", self.channels_per_connection),
            ("channels_per_tenant_max", self.channels_per_tenant_max),
            ("subscribers_per_channel_max", self.subscribers_per_channel_max),
            ("presence_members_max", self.presence_members_max),
            ("channel_name_bytes_max", self.channel_name_bytes_max),
            ("frame_bytes_max", self.frame_bytes_max),
            ("api_body_bytes_max", self.api_body_bytes_max),
            ("commands_in_flight_max", self.commands_in_flight_max),
            ("history_publications_max", self.history_publications_max),
            ("recovery_publications_max", self.recovery_publications_max),
            ("broadcast_channels_max", self.broadcast_channels_max),
            ("batch_commands_max", self.batch_commands_max),
        ]
    }
}

/// `[tenants.limits]`: what one tenant has instead of the node's bounds. Unset means the node's.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantLimits {
    /// Connections of the tenant on the node.
    pub max_connections: Option<usize>,
    /// Connections of one user; 0 is off.
    pub max_connections_per_user: Option<usize>,
    /// Live channels.
    pub channels_max: Option<usize>,
    /// Publications per second of one connection; 0 is off.
    pub publishes_per_second: Option<u32>,
    /// ChatSDK: token calls per minute and client address.
    pub tokens_per_minute: Option<u32>,
    /// ChatSDK: messages per minute and user.
    pub messages_per_minute: Option<u32>,
    /// ChatSDK: other calls per minute and API key.
    pub requests_per_minute: Option<u32>,
}
