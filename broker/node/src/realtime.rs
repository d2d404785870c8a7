//! What real-time protocols ask of those who know what a channel is for.
//!
//! A namespace's options decide about plain channels. Channels of the reserved namespaces belong to a domain above
//! the broker, which says through a [`ChannelPolicy`] who may do what with them.

use natter_core::TenantId;

/// Namespaces that configuration must not define.
pub const RESERVED_NAMESPACES: [&str; 2] = ["chat", "user"];

/// What a domain says about a user's access to one of its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The user may.
    Granted,
    /// The user may not, or the channel does not exist; nobody is told which.
    Denied,
}

/// Decides about the channels of the reserved namespaces.
pub trait ChannelPolicy: Send + Sync + 'static {
    /// Whether `user` may subscribe to `channel`.
    fn may_subscribe(&self, tenant: &TenantId, user: &str, channel: &str) -> Access;

    /// Whether `user` may publish to `channel` as a client.
    fn may_publish(&self, tenant: &TenantId, user: &str, channel: &str) -> Access;
}

/// The policy of a node without a domain: its reserved channels do not exist.
#[derive(Debug, Default)]
pub struct NoDomain;

impl ChannelPolicy for NoDomain {
    fn may_subscribe(&self, _tenant: &TenantId, _user: &str, _channel: &str) -> Access {
        Access::Denied
    }

    fn may_publish(&self, _tenant: &TenantId, _user: &str, _channel: &str) -> Access {
        Access::Denied
    }
}
