//! Channels.

use natter_chat::{Channel, ChannelOverview, ChannelPatch, ChannelType};
use natter_rest::{Limit, Offset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::member::ChatSdkMember;
use super::message::ChatSdkMessage;
use super::value::{ChatSdkId, ChatSdkTime, given};

/// What a channel is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChatSdkChannelType {
    Messaging,
    Group,
    Team,
    Livestream,
    Public,
    Private,
}

impl From<ChatSdkChannelType> for ChannelType {
    fn from(kind: ChatSdkChannelType) -> Self {
        match kind {
            ChatSdkChannelType::Messaging => Self::Messaging,
            ChatSdkChannelType::Group => Self::Group,
            ChatSdkChannelType::Team => Self::Team,
            ChatSdkChannelType::Livestream => Self::Livestream,
            ChatSdkChannelType::Public => Self::Public,
            ChatSdkChannelType::Private => Self::Private,
        }
    }
}

impl From<ChannelType> for ChatSdkChannelType {
    fn from(kind: ChannelType) -> Self {
        match kind {
            ChannelType::Messaging => Self::Messaging,
            ChannelType::Group => Self::Group,
            ChannelType::Team => Self::Team,
            ChannelType::Livestream => Self::Livestream,
            ChannelType::Public => Self::Public,
            ChannelType::Private => Self::Private,
        }
    }
}

/// A channel as the caller sees it in the list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkChannel {
    id: ChatSdkId,
    /// `type:slug`, unique in the app.
    cid: String,
    /// Empty for a conversation without one.
    name: String,
    #[serde(rename = "type")]
    kind: ChatSdkChannelType,
    image: Option<String>,
    member_count: u64,
    /// Messages of others above the caller's read position.
    unread_count: u64,
    /// The newest message that is not deleted; its reactions do not say which are the caller's.
    last_message: Option<ChatSdkMessage>,
    starred: bool,
    muted: bool,
    created_at: ChatSdkTime,
}

impl From<ChannelOverview> for ChatSdkChannel {
    fn from(overview: ChannelOverview) -> Self {
        let (channel, membership) = (overview.channel, overview.membership.as_ref());
        Self {
            id: channel.id.into(),
            cid: channel.cid(),
            name: channel.name,
            kind: channel.kind.into(),
            image: channel.image,
            member_count: channel.member_count,
            unread_count: overview.unread,
            last_message: overview.last_message.map(ChatSdkMessage::for_everyone),
            starred: membership.is_some_and(|member| member.starred),
            muted: membership.is_some_and(|member| member.muted),
            created_at: ChatSdkTime(channel.created_at),
        }
    }
}

/// The caller's channels: starred first, then by newest activity.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkChannelList {
    pub(crate) channels: Vec<ChatSdkChannel>,
}

/// All of a channel.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkChannelDetail {
    #[serde(flatten)]
    channel: ChatSdkChannel,
    description: Option<String>,
    /// The first 100.
    members: Vec<ChatSdkMember>,
    /// The user who made it.
    created_by: String,
    workspace_id: Option<ChatSdkId>,
    /// Number of the newest message.
    max_seq: u64,
}

impl ChatSdkChannelDetail {
    pub(crate) fn new(overview: ChannelOverview, members: Vec<ChatSdkMember>) -> Self {
        Self {
            description: overview.channel.description.clone(),
            members,
            created_by: overview.channel.creator.clone(),
            workspace_id: overview.channel.workspace.map(Into::into),
            max_seq: overview.max_seq,
            channel: overview.into(),
        }
    }
}

/// A channel as everyone sees it in events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkChannelView {
    id: ChatSdkId,
    cid: String,
    name: String,
    #[serde(rename = "type")]
    kind: ChatSdkChannelType,
    image: Option<String>,
    description: Option<String>,
    member_count: u64,
    created_by: String,
    workspace_id: Option<ChatSdkId>,
    created_at: ChatSdkTime,
}

impl From<Channel> for ChatSdkChannelView {
    fn from(channel: Channel) -> Self {
        Self {
            id: channel.id.into(),
            cid: channel.cid(),
            name: channel.name,
            kind: channel.kind.into(),
            image: channel.image,
            description: channel.description,
            member_count: channel.member_count,
            created_by: channel.creator,
            workspace_id: channel.workspace.map(Into::into),
            created_at: ChatSdkTime(channel.created_at),
        }
    }
}

/// Which channels.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChatSdkChannelQuery {
    /// Most channels; at most 100.
    pub(crate) limit: Limit<50, 100>,
    /// Channels to pass over.
    pub(crate) offset: Offset,
    /// Only those of a type.
    #[serde(rename = "type")]
    #[param(rename = "type", inline)]
    pub(crate) kind: Option<ChatSdkChannelType>,
}

/// A channel to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkNewChannel {
    /// 1 to 255 characters; a conversation needs none.
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: ChatSdkChannelType,
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// An http(s) URL.
    #[serde(default)]
    pub(crate) image: Option<String>,
    /// Members beside the caller; a conversation has exactly one.
    #[serde(default)]
    pub(crate) member_ids: Option<Vec<String>>,
    /// A workspace that the caller belongs to.
    #[serde(default)]
    pub(crate) workspace_id: Option<ChatSdkId>,
}

/// A change of a channel: what is left out stays, `null` clears.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkChannelPatch {
    #[serde(default)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    image: Option<Option<String>>,
}

impl From<ChatSdkChannelPatch> for ChannelPatch {
    fn from(patch: ChatSdkChannelPatch) -> Self {
        Self { name: patch.name, description: patch.description, image: patch.image, ..Self::default() }
    }
}

/// A number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkCount {
    pub(crate) count: u64,
}

/// The caller's own settings of a channel; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkSettings {
    /// Shown first in the list.
    #[serde(default)]
    pub(crate) starred: Option<bool>,
    /// Pushes nothing and is left out of the total of unread messages.
    #[serde(default)]
    pub(crate) muted: Option<bool>,
}

/// The settings as they are now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkSettingsAnswer {
    pub(crate) success: bool,
    pub(crate) starred: bool,
    pub(crate) muted: bool,
}

/// Whether the caller types.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkTyping {
    /// True unless given.
    #[serde(default)]
    pub(crate) typing: Option<bool>,
}
