//! One numbered message of a channel, as every part of natter hands it on.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use natter_protocol::centrifuge::schema::ClientInfo;

use crate::keyed::Keyed;

/// Labels of a publication that subscribers can filter by.
pub type Tags = BTreeMap<String, String>;

/// The kind of publication that takes the channel's next `seq`. Publications of every other kind repeat the last one's.
pub const MESSAGE: u8 = 0;

/// A publication of a channel. Immutable once numbered, and shared by everyone who delivers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publication {
    /// The event's number in the channel's log, from 1; 0 in a channel that keeps no log.
    pub offset: u64,
    /// The message's number, from 1. Equal to `offset` in a plain channel; an event of the chat
    /// domain that is no message repeats the number of the message before it.
    pub seq: u64,
    /// What the domain above calls it; [`MESSAGE`] is what `seq` counts.
    pub kind: u8,
    /// When the channel's owner numbered it, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The payload, exactly as it was published. Never a slice of a connection's read buffer.
    pub data: Bytes,
    /// The publishing connection, when a connection published.
    pub info: Option<Arc<ClientInfo>>,
    /// Labels; `None` when there are none.
    pub tags: Option<Arc<Tags>>,
    /// Whether subscribers that negotiated deltas may get this one as a delta.
    pub delta: bool,
    /// The key that it sets or removes, in a channel that keeps keys.
    pub keyed: Option<Arc<Keyed>>,
}

impl Publication {
    /// Whether history that keeps publications for `ttl_ms` has let go of it at `now`.
    pub(crate) fn is_expired(&self, now: i64, ttl_ms: i64) -> bool {
        self.time_ms.saturating_add(ttl_ms) <= now
    }
}
