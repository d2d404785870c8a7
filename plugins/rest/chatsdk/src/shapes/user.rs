//! Users.

use natter_chat::{User, UserBrief, UserPatch};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::value::{ChatSdkTime, given};

/// A user beside a message or an event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkUserBrief {
    pub(crate) id: String,
    pub(crate) name: String,
    /// URL of an avatar.
    pub(crate) image: Option<String>,
}

impl From<UserBrief> for ChatSdkUserBrief {
    fn from(user: UserBrief) -> Self {
        Self { id: user.id, name: user.name, image: user.image }
    }
}

/// A user in the list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkListedUser {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) image: Option<String>,
    /// `null` for a user who has not been there yet.
    pub(crate) last_active_at: Option<ChatSdkTime>,
    /// Whether there is a connection now.
    pub(crate) online: bool,
}

/// The users of an app, in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkUserList {
    pub(crate) users: Vec<ChatSdkListedUser>,
}

/// All that is known of a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkUserDetail {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) image: Option<String>,
    pub(crate) email: Option<String>,
    /// The app's own data.
    pub(crate) custom: Map<String, Value>,
    pub(crate) last_active_at: Option<ChatSdkTime>,
    pub(crate) online: bool,
    pub(crate) created_at: ChatSdkTime,
    pub(crate) updated_at: ChatSdkTime,
}

/// A user after a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkSavedUser {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) image: Option<String>,
    pub(crate) email: Option<String>,
    /// The app's own data; `email` is repeated in it.
    pub(crate) custom: Map<String, Value>,
}

impl From<&User> for ChatSdkSavedUser {
    fn from(user: &User) -> Self {
        let profile = user.profile.clone();
        let mut custom = profile.custom;
        if let Some(email) = &profile.email {
            custom.insert("email".to_owned(), email.clone().into());
        }
        Self { id: user.id.clone(), name: profile.name, image: profile.image, email: profile.email, custom }
    }
}

/// A user's profile: what is left out stays, `null` clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct ChatSdkProfile {
    /// Up to 200 characters; without one the id is shown.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) name: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) email: Option<Option<String>>,
    /// An http(s) URL.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) image: Option<Option<String>>,
    /// Replaces the app's own data.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    pub(crate) custom: Option<Option<Map<String, Value>>>,
}

impl From<ChatSdkProfile> for UserPatch {
    fn from(profile: ChatSdkProfile) -> Self {
        Self { name: profile.name, email: profile.email, image: profile.image, custom: profile.custom }
    }
}

/// One user of a sync.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkSyncedUser {
    /// 1 to 128 of `A–Z a–z 0–9 _ - . @ + | :`.
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) profile: ChatSdkProfile,
}

/// Users to make or change, at most 1,000. One that is wrong does not keep the others from it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkSync {
    #[schema(value_type = Vec<ChatSdkSyncedUser>)]
    pub(crate) users: Vec<Value>,
}

/// What became of a sync.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkSyncAnswer {
    /// Users that are as asked for now.
    pub(crate) synced: usize,
    pub(crate) created: usize,
    pub(crate) updated: usize,
    pub(crate) errors: Vec<ChatSdkSyncError>,
}

/// A user that was not taken.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct ChatSdkSyncError {
    /// Its place in the request, from 0.
    pub(crate) index: usize,
    /// Its id, if it has one.
    pub(crate) id: Option<String>,
    pub(crate) message: String,
}

/// A deleted user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkDeletedUser {
    pub(crate) success: bool,
    pub(crate) deleted_user_id: String,
}

/// Users to delete, at most 1,000.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkUserIds {
    pub(crate) user_ids: Vec<String>,
}

/// Deleted users; those who were not there are not among them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkDeletedUsers {
    pub(crate) success: bool,
    pub(crate) deleted: Vec<String>,
    pub(crate) count: usize,
}
