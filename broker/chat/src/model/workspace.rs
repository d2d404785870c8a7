//! Workspaces: groups of users with channels of their own.

use natter_core::EntityId;
use serde::{Deserialize, Serialize};

use super::Role;

/// A workspace as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Its id.
    pub id: EntityId,
    /// Display name.
    pub name: String,
    /// What kind it is, in the client's own words.
    #[serde(rename = "type")]
    pub kind: String,
    /// URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The user who made it.
    pub creator: String,
    /// How many users belong to it.
    pub member_count: u64,
    /// How many channels belong to it.
    pub channel_count: u64,
    /// Unix milliseconds.
    pub created_at: i64,
}

/// A workspace to be made.
#[derive(Clone, Debug)]
pub struct NewWorkspace {
    /// 1 to 200 characters.
    pub name: String,
    /// 1 to 50 characters, such as `team`.
    pub kind: String,
    /// An http(s) URL of up to 2,048 bytes.
    pub image: Option<String>,
}

/// A user who belongs to a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceMember {
    /// The user.
    pub user: String,
    /// [`Role::Member`] or [`Role::Admin`].
    pub role: Role,
    /// Unix milliseconds.
    pub joined_at: i64,
}

/// A workspace as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceView {
    /// The workspace.
    pub workspace: Workspace,
    /// What the caller may do in it.
    pub role: Role,
    /// Unix milliseconds of the caller's joining.
    pub joined_at: i64,
    /// Whether it is the first one that the caller belongs to.
    pub is_default: bool,
}

/// An invite to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewInvite {
    /// How many users may join by it, 1 to 1,000.
    pub max_uses: u64,
    /// How long it lasts, 1 to 30.
    pub expires_in_days: u64,
    /// What they may do: [`Role::Member`] or [`Role::Admin`].
    pub role: Role,
}

/// A way into a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The secret that lets in.
    pub token: String,
    /// The workspace.
    pub workspace: EntityId,
    /// What those who come by it may do.
    pub role: Role,
    /// How many users may join by it.
    pub max_uses: u64,
    /// Those who have.
    pub used_by: Vec<String>,
    /// The admin who made it.
    pub creator: String,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub expires_at: i64,
}
