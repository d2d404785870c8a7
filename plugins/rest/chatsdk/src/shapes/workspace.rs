//! Workspaces and invites.

use natter_chat::{Invite, NewInvite, NewWorkspace, Role, Workspace, WorkspaceView};
use natter_rest::InRange;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::member::ChatSdkRole;
use super::value::{ChatSdkId, ChatSdkTime};

/// The type of a workspace that says none.
const TYPE_DEFAULT: &str = "team";
const USES_DEFAULT: u32 = 10;
const DAYS_DEFAULT: u32 = 7;

/// A workspace as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkWorkspace {
    id: ChatSdkId,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    image: Option<String>,
    member_count: u64,
    channel_count: u64,
    /// The caller's.
    role: ChatSdkRole,
    /// Whether it is the first one that the caller belongs to.
    is_default: bool,
}

impl From<WorkspaceView> for ChatSdkWorkspace {
    fn from(view: WorkspaceView) -> Self {
        let workspace = view.workspace;
        Self {
            id: workspace.id.into(),
            name: workspace.name,
            kind: workspace.kind,
            image: workspace.image,
            member_count: workspace.member_count,
            channel_count: workspace.channel_count,
            role: view.role.into(),
            is_default: view.is_default,
        }
    }
}

/// The caller's workspaces.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkWorkspaces {
    pub(crate) workspaces: Vec<ChatSdkWorkspace>,
}

/// A workspace to make.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkNewWorkspace {
    name: String,
    /// "team" unless given.
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    image: Option<String>,
}

impl From<ChatSdkNewWorkspace> for NewWorkspace {
    fn from(new: ChatSdkNewWorkspace) -> Self {
        Self { name: new.name, kind: new.kind.unwrap_or_else(|| TYPE_DEFAULT.to_owned()), image: new.image }
    }
}

/// What those who come by an invite may do.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChatSdkInviteRole {
    #[default]
    Member,
    Admin,
}

/// An invite to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkNewInvite {
    /// 1 to 1,000; 10 unless given.
    #[serde(default)]
    max_uses: Option<InRange<1, 1_000>>,
    /// 1 to 30; 7 unless given.
    #[serde(default)]
    expires_in_days: Option<InRange<1, 30>>,
    /// "member" unless given.
    #[serde(default)]
    role: Option<ChatSdkInviteRole>,
}

impl From<ChatSdkNewInvite> for NewInvite {
    fn from(new: ChatSdkNewInvite) -> Self {
        let role = match new.role.unwrap_or_default() {
            ChatSdkInviteRole::Member => Role::Member,
            ChatSdkInviteRole::Admin => Role::Admin,
        };
        Self {
            max_uses: new.max_uses.map_or(USES_DEFAULT, InRange::get).into(),
            expires_in_days: new.expires_in_days.map_or(DAYS_DEFAULT, InRange::get).into(),
            role,
        }
    }
}

/// An invite.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkInvite {
    /// The secret that lets in.
    pub(crate) token: String,
    /// A page that describes it.
    pub(crate) invite_url: String,
    pub(crate) expires_at: ChatSdkTime,
}

/// A way into a workspace, as whoever has its token sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkInviteView {
    pub(crate) workspace: ChatSdkInvitingWorkspace,
    pub(crate) role: ChatSdkRole,
    pub(crate) uses_left: u64,
    pub(crate) expires_at: ChatSdkTime,
}

/// A workspace as those see it who are not in it yet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkInvitingWorkspace {
    id: ChatSdkId,
    name: String,
    image: Option<String>,
    member_count: u64,
}

impl ChatSdkInviteView {
    pub(crate) fn new(invite: &Invite, workspace: Workspace) -> Self {
        Self {
            workspace: ChatSdkInvitingWorkspace {
                id: workspace.id.into(),
                name: workspace.name,
                image: workspace.image,
                member_count: workspace.member_count,
            },
            role: invite.role.into(),
            uses_left: invite.max_uses.saturating_sub(invite.used_by.len() as u64),
            expires_at: ChatSdkTime(invite.expires_at),
        }
    }

    pub(crate) fn workspace_name(&self) -> &str {
        &self.workspace.name
    }
}

/// An invite's token.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkJoin {
    pub(crate) token: String,
}
