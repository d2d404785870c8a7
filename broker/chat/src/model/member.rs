//! Members of a channel.

use natter_core::EntityId;
use serde::{Deserialize, Serialize};

/// What a member may do. Ordered: a higher one may do what a lower one may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read and write.
    #[default]
    Member,
    /// Also change the channel and its members.
    Admin,
    /// Also change roles and delete the channel.
    Owner,
}

impl Role {
    /// Its name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// A user's membership of a channel, with the read position.
///
/// Unread is arithmetic: what was sent above `last_read_seq`, less the member's own part of it (the channel counts each
/// sender's messages), less what of it was deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The user.
    pub user: String,
    /// Names the membership in documents that do.
    pub id: EntityId,
    /// What the member may do.
    pub role: Role,
    /// Unix milliseconds.
    pub joined_at: i64,
    /// Number of the newest message that the member has read, or that was there when it joined.
    pub last_read_seq: u64,
    /// That message, once the member has read one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_read_id: Option<EntityId>,
    /// Unix milliseconds of reading it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_read_at: Option<i64>,
    /// The member's own messages up to `last_read_seq`.
    pub own_at_read: u64,
    /// Shown first in lists.
    #[serde(default)]
    pub starred: bool,
    /// Pushes nothing and is left out of totals.
    #[serde(default)]
    pub muted: bool,
}

/// A member's read position has been moved, or was there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPosition {
    /// Number of the newest message that has been read.
    pub seq: u64,
    /// That message.
    pub message: Option<EntityId>,
    /// Unix milliseconds.
    pub read_at: i64,
}
