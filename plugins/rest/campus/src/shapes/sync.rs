//! What a tenant's backend tells.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::value::{CampusId, given};
use crate::graph::{MeetStatus, Tag};

/// Lists to be entered or changed, and ids to be removed; at most 10,000 entries in all.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Sync)]
pub(crate) struct CampusSync {
    #[serde(default)]
    pub(crate) users: Vec<CampusSyncUser>,
    #[serde(default)]
    pub(crate) meet_me: Vec<CampusSyncMeet>,
    #[serde(default)]
    pub(crate) events: Vec<CampusSyncEvent>,
    #[serde(default)]
    pub(crate) reels: Vec<CampusSyncReel>,
    #[serde(default)]
    pub(crate) tags: Vec<CampusSyncTags>,
    #[serde(default)]
    pub(crate) delete: Option<CampusSyncDelete>,
}

/// A user; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SyncUser)]
pub(crate) struct CampusSyncUser {
    #[serde(rename = "_id")]
    pub(crate) id: CampusId,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) username: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) photo: Option<Option<String>>,
    /// Replaces whom the user follows; at most 10,000.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<CampusId>>)]
    pub(crate) following: Option<Option<Vec<CampusId>>>,
    /// Replaces whom the user blocks; at most 10,000.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<CampusId>>)]
    pub(crate) blocked: Option<Option<Vec<CampusId>>>,
    #[serde(default)]
    pub(crate) score: Option<i64>,
}

/// A connection.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SyncMeet)]
pub(crate) struct CampusSyncMeet {
    #[serde(rename = "_id")]
    pub(crate) id: CampusId,
    /// The two.
    pub(crate) users: [CampusId; 2],
    pub(crate) status: MeetStatus,
}

/// An event; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SyncEvent)]
pub(crate) struct CampusSyncEvent {
    #[serde(rename = "_id")]
    pub(crate) id: CampusId,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<CampusId>)]
    pub(crate) chat: Option<Option<CampusId>>,
    #[serde(default)]
    pub(crate) creator: Option<CampusId>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) starts_at: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) ends_at: Option<Option<String>>,
    #[serde(default)]
    pub(crate) active: Option<bool>,
}

/// A reel; what is left out stays. A new one needs `user` and `chat`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SyncReel)]
pub(crate) struct CampusSyncReel {
    #[serde(rename = "_id")]
    pub(crate) id: CampusId,
    #[serde(default)]
    pub(crate) user: Option<CampusId>,
    #[serde(default)]
    pub(crate) chat: Option<CampusId>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) tag: Option<String>,
    #[serde(default)]
    pub(crate) video: Option<String>,
    #[serde(default)]
    pub(crate) hashtags: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) is_anonymous: Option<bool>,
    #[serde(default)]
    pub(crate) views: Option<u64>,
    #[serde(default)]
    pub(crate) likes: Option<u64>,
    #[serde(default)]
    pub(crate) super_likes: Option<u64>,
    #[serde(default)]
    pub(crate) shares: Option<u64>,
    #[serde(default)]
    pub(crate) comments: Option<u64>,
}

/// The tags of a category.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SyncTags)]
pub(crate) struct CampusSyncTags {
    pub(crate) category: String,
    /// At most 1,000.
    pub(crate) tags: Vec<Tag>,
}

/// What is to be removed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SyncDelete)]
pub(crate) struct CampusSyncDelete {
    #[serde(default)]
    pub(crate) users: Vec<CampusId>,
    #[serde(default)]
    pub(crate) meet_me: Vec<CampusId>,
    #[serde(default)]
    pub(crate) events: Vec<CampusId>,
    #[serde(default)]
    pub(crate) reels: Vec<CampusId>,
    /// Categories.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
}

/// How many entries of each list were taken.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SyncCounts)]
pub(crate) struct CampusSyncCounts {
    pub(crate) users: usize,
    pub(crate) meet_me: usize,
    pub(crate) events: usize,
    pub(crate) reels: usize,
    pub(crate) tags: usize,
}

/// What a call has done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Synced)]
pub(crate) struct CampusSynced {
    #[serde(flatten)]
    pub(crate) entered: CampusSyncCounts,
    /// There when something was to be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deleted: Option<CampusSyncCounts>,
}
