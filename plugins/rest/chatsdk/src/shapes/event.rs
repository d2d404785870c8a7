//! Events: `{type, payload}`.

use serde::Serialize;
use utoipa::ToSchema;

use super::channel::ChatSdkChannelView;
use super::message::ChatSdkMessage;
use super::reaction::ChatSdkReaction;
use super::user::ChatSdkUserBrief;
use super::value::{ChatSdkId, ChatSdkTime};

/// What happened, as real-time clients see it.
#[derive(Debug, Serialize)]
#[serde(tag = "type", content = "payload")]
pub(crate) enum ChatSdkEvent {
    #[serde(rename = "message.new")]
    MessageNew(MessagePayload),
    #[serde(rename = "message.updated")]
    MessageUpdated(MessagePayload),
    #[serde(rename = "message.deleted")]
    MessageDeleted(DeletionPayload),
    #[serde(rename = "message.pinned")]
    MessagePinned(PinPayload),
    #[serde(rename = "message.unpinned")]
    MessageUnpinned(PinPayload),
    #[serde(rename = "reaction.added")]
    ReactionAdded(ReactionPayload),
    #[serde(rename = "reaction.removed")]
    ReactionRemoved(ReactionPayload),
    #[serde(rename = "typing.start")]
    TypingStart(MemberPayload),
    #[serde(rename = "typing.stop")]
    TypingStop(MemberPayload),
    #[serde(rename = "channel.member_joined")]
    MemberJoined(MemberPayload),
    #[serde(rename = "channel.member_left")]
    MemberLeft(MemberPayload),
    #[serde(rename = "channel.created")]
    ChannelCreated(ChannelPayload),
    #[serde(rename = "channel.updated")]
    ChannelUpdated(ChannelPayload),
    #[serde(rename = "channel.deleted")]
    ChannelDeleted(ChannelIdPayload),
    #[serde(rename = "read.updated")]
    ReadUpdated(ReadPayload),
    #[serde(rename = "read_receipt")]
    ReadReceipt(ReceiptPayload),
    #[serde(rename = "channel.unread_changed")]
    UnreadChanged(UnreadPayload),
    #[serde(rename = "channel.total_unread_changed")]
    TotalUnreadChanged(TotalPayload),
    #[serde(rename = "presence.online")]
    PresenceOnline(PresencePayload),
    #[serde(rename = "presence.offline")]
    PresenceOffline(PresencePayload),
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessagePayload {
    pub(crate) message: ChatSdkMessage,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletionPayload {
    pub(crate) channel_id: ChatSdkId,
    pub(crate) message_id: ChatSdkId,
    pub(crate) seq: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PinPayload {
    pub(crate) channel_id: ChatSdkId,
    pub(crate) message_id: ChatSdkId,
    pub(crate) user_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReactionPayload {
    pub(crate) channel_id: ChatSdkId,
    pub(crate) message_id: ChatSdkId,
    pub(crate) emoji: String,
    pub(crate) user_id: String,
    pub(crate) reactions: Vec<ChatSdkReaction>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberPayload {
    pub(crate) channel_id: ChatSdkId,
    pub(crate) user_id: String,
    pub(crate) user: ChatSdkUserBrief,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelPayload {
    pub(crate) channel: ChatSdkChannelView,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelIdPayload {
    pub(crate) channel_id: ChatSdkId,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadPayload {
    pub(crate) channel_id: ChatSdkId,
    pub(crate) user_id: String,
    pub(crate) last_read_seq: u64,
    pub(crate) last_read_message_id: Option<ChatSdkId>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceiptPayload {
    pub(crate) channel_id: ChatSdkId,
    pub(crate) message_id: ChatSdkId,
    pub(crate) user_id: String,
    pub(crate) read_at: ChatSdkTime,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UnreadPayload {
    pub(crate) channel_id: ChatSdkId,
    pub(crate) count: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotalPayload {
    pub(crate) count: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PresencePayload {
    pub(crate) user_id: String,
    pub(crate) last_active_at: ChatSdkTime,
}
