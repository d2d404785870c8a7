//! Members.

use natter_chat::{Role, UserBrief};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::value::ChatSdkTime;

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChatSdkRole {
    Owner,
    Admin,
    Member,
}

impl From<Role> for ChatSdkRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Member => Self::Member,
        }
    }
}

impl From<ChatSdkRole> for Role {
    fn from(role: ChatSdkRole) -> Self {
        match role {
            ChatSdkRole::Owner => Self::Owner,
            ChatSdkRole::Admin => Self::Admin,
            ChatSdkRole::Member => Self::Member,
        }
    }
}

/// A member of a channel or of a workspace.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkMember {
    user_id: String,
    name: String,
    image: Option<String>,
    role: ChatSdkRole,
    joined_at: ChatSdkTime,
    online: bool,
}

impl ChatSdkMember {
    pub(crate) fn new(user: UserBrief, role: Role, joined_at: i64, online: bool) -> Self {
        let UserBrief { id, name, image, .. } = user;
        Self { user_id: id, name, image, role: role.into(), joined_at: ChatSdkTime(joined_at), online }
    }
}

/// Members.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkMembers {
    pub(crate) members: Vec<ChatSdkMember>,
}

/// The caller belongs to the channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkJoined {
    pub(crate) success: bool,
    /// The caller.
    pub(crate) members: Vec<ChatSdkMember>,
}

/// Users to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkNewMembers {
    /// 1 to 1,000.
    pub(crate) user_ids: Vec<String>,
}

/// A member's new role.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkRoleChange {
    pub(crate) role: ChatSdkRole,
}
