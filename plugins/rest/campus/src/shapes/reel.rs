//! Reels.

use serde::Serialize;
use utoipa::ToSchema;

use super::user::CampusUser;
use super::value::CampusTime;

/// A reel's author.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReelUser)]
pub(crate) struct CampusReelUser {
    #[serde(flatten)]
    pub(crate) user: CampusUser,
    /// Whether the caller follows the author.
    #[serde(rename = "isFollowed")]
    pub(crate) is_followed: bool,
}

/// A reel.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reel)]
pub(crate) struct CampusReel {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    /// Left out when the reel is anonymous and not the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<CampusReelUser>,
    pub(crate) chat: String,
    pub(crate) description: String,
    pub(crate) tag: String,
    pub(crate) video: String,
    pub(crate) hashtags: Vec<String>,
    pub(crate) is_anonymous: bool,
    pub(crate) views: u64,
    pub(crate) likes: u64,
    pub(crate) super_likes: u64,
    pub(crate) shares: u64,
    pub(crate) comments: u64,
    pub(crate) created_at: CampusTime,
    pub(crate) updated_at: CampusTime,
    /// Who has liked what is not told to natter: always false.
    pub(crate) is_liked: bool,
    /// Always false.
    pub(crate) is_super_liked: bool,
    /// Always false.
    pub(crate) is_favorite: bool,
}
