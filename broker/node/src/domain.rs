//! What the broker asks of the domain above it, and tells it.
//!
//! A namespace's options decide about plain channels. Channels of the reserved namespaces belong to a [`Domain`]: it
//! says who may subscribe, it alone publishes to them, and it knows how their events are shown. It is also told of
//! everything that becomes durable in them, in order, before anybody is answered, so that whoever reads its own write
//! finds it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::{ChannelKey, ChannelOptions, Publication, Tags, TenantId};

/// Namespaces that configuration must not define.
pub const RESERVED_NAMESPACES: [&str; 2] = ["chat", "user"];

/// What a domain says about a user's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The user may.
    Granted,
    /// The user may not, or the channel does not exist; nobody is told which.
    Denied,
    /// It cannot be found out now; the client may try again.
    Unavailable,
}

/// A user who has shown a valid token.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The user's tenant.
    pub tenant: TenantId,
    /// The user; never empty.
    pub user: String,
    /// When the token was issued, in Unix seconds, if it says so.
    pub issued_at: Option<i64>,
    /// Whether one of natter's own APIs made the token, for a user of the domain.
    pub is_own_token: bool,
}

/// An event as real-time clients of the reserved namespaces are shown it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// One JSON value.
    pub data: Bytes,
    /// Labels.
    pub tags: Option<Arc<Tags>>,
}

/// What lives above the broker.
#[async_trait]
pub trait Domain: Send + Sync + 'static {
    /// Whether a user who connects is let in: a token may have been revoked. Answers with the channels that the
    /// connection is subscribed to from the start.
    async fn admit(&self, visitor: Visitor) -> Result<Vec<String>, Access>;

    /// Whether `user` may subscribe to a channel of the reserved namespaces.
    async fn may_subscribe(&self, tenant: &TenantId, user: &str, channel: &str) -> Access;

    /// The options of a channel of the reserved namespaces.
    fn channel_options(&self, channel: &str) -> Arc<ChannelOptions>;

    /// How an event of a reserved channel is shown.
    fn render(&self, publication: &Publication) -> Rendered;

    /// These have become durable in an observed channel, directly after what was told before of it. Called on the
    /// channel's own thread: must be quick and must not block. Where nodes are several, each is told of what all of them have
    /// published; a domain that does something once for each event, such as projecting it, is not made for that yet.
    fn committed(&self, channel: &ChannelKey, publications: &[Arc<Publication>]);

    /// Nobody knows what has become durable in this channel, or some of it was not told: what is believed of it has to be
    /// read anew.
    fn lost(&self, channel: &ChannelKey);

    /// A user's first connection on this node.
    fn user_came(&self, tenant: &TenantId, user: &str);

    /// A user's last connection on this node is gone.
    fn user_left(&self, tenant: &TenantId, user: &str);
}
