//! Messages.

use natter_chat::{Attachment, AttachmentType, Entry, LinkPreview, Message};
use natter_rest::Limit;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reaction::ChatSdkReaction;
use super::user::ChatSdkUserBrief;
use super::value::{ChatSdkId, ChatSdkTime};

/// A message as it is now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkMessage {
    id: ChatSdkId,
    channel_id: ChatSdkId,
    /// Who sent it.
    user_id: String,
    text: String,
    /// 1, 2, 3 … in the channel.
    seq: u64,
    user: ChatSdkUserBrief,
    reactions: Vec<ChatSdkReaction>,
    /// Ids of users that the text names, in order.
    mentions: Vec<String>,
    attachments: Vec<ChatSdkAttachment>,
    /// Known some time after the message.
    link_previews: Vec<ChatSdkLinkPreview>,
    /// The message that this one answers.
    parent_id: Option<ChatSdkId>,
    reply_count: u64,
    last_reply_at: Option<ChatSdkTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_at: Option<ChatSdkTime>,
    /// The sender's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    created_at: ChatSdkTime,
    /// Of the last edit, else of the sending.
    updated_at: ChatSdkTime,
}

impl ChatSdkMessage {
    /// As a caller sees it.
    pub(crate) fn new(mut message: Message) -> Self {
        let reactions = ChatSdkReaction::all(std::mem::take(&mut message.reactions));
        Self::with(reactions, message)
    }

    /// As everyone sees it.
    pub(crate) fn for_everyone(mut message: Message) -> Self {
        let reactions = ChatSdkReaction::all_for_everyone(std::mem::take(&mut message.reactions));
        Self::with(reactions, message)
    }

    fn with(reactions: Vec<ChatSdkReaction>, message: Message) -> Self {
        let (pinned_by, pinned_at) = message.pin.map(|pin| (pin.by, ChatSdkTime(pin.at))).unzip();
        Self {
            id: message.id.into(),
            channel_id: message.channel.into(),
            user_id: message.sender.id.clone(),
            text: message.text,
            seq: message.seq,
            user: message.sender.into(),
            reactions,
            mentions: message.mentions,
            attachments: message.attachments.into_iter().map(Into::into).collect(),
            link_previews: message.link_previews.into_iter().map(Into::into).collect(),
            parent_id: message.parent.map(Into::into),
            reply_count: message.reply_count,
            last_reply_at: message.last_reply_at.map(ChatSdkTime),
            pinned_by,
            pinned_at,
            client_id: message.client_id,
            created_at: ChatSdkTime(message.created_at),
            updated_at: ChatSdkTime(message.updated_at),
        }
    }
}

/// What stands at a place in a channel.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ChatSdkEntry {
    Message(Box<ChatSdkMessage>),
    Deleted(ChatSdkDeletedMessage),
}

/// What is left of a deleted message; only under `since_seq`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkDeletedMessage {
    id: ChatSdkId,
    seq: u64,
    deleted_at: ChatSdkTime,
}

impl From<Entry> for ChatSdkEntry {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Message(message) => Self::Message(Box::new(ChatSdkMessage::new(*message))),
            Entry::Deleted { id, seq, deleted_at } => {
                Self::Deleted(ChatSdkDeletedMessage { id: id.into(), seq, deleted_at: ChatSdkTime(deleted_at) })
            }
        }
    }
}

/// A page of messages, in ascending order of `seq`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkMessagePage {
    pub(crate) messages: Vec<ChatSdkEntry>,
    /// Number of the channel's newest message.
    pub(crate) max_seq: u64,
    /// Whether there is more in the direction that was asked for.
    pub(crate) has_more: bool,
}

/// Which page. At most one of the cursors; none: the newest messages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChatSdkMessageQuery {
    /// Most messages; at most 200.
    pub(crate) limit: Limit<100, 200>,
    /// The messages directly before this one.
    pub(crate) before: Option<String>,
    /// The messages directly after this one.
    pub(crate) after: Option<String>,
    /// The messages after this number, with what is left of deleted ones.
    pub(crate) since_seq: Option<u64>,
    /// The newest answers to this message.
    #[serde(rename = "parentId")]
    #[param(rename = "parentId")]
    pub(crate) parent_id: Option<String>,
}

/// A message to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkNewMessage {
    /// 1 to 10,000 characters; may be empty with attachments.
    #[serde(default)]
    pub(crate) text: String,
    /// At most 10.
    #[serde(default)]
    pub(crate) attachments: Vec<ChatSdkAttachment>,
    /// The message that this one answers.
    #[serde(default)]
    pub(crate) parent_id: Option<ChatSdkId>,
    /// Up to 64 characters: sent again with the same one, the first message is the answer.
    #[serde(default)]
    pub(crate) client_id: Option<String>,
}

/// A message's new text.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkMessageEdit {
    pub(crate) text: String,
}

/// Something that comes with a message.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkAttachment {
    #[serde(rename = "type")]
    kind: ChatSdkAttachmentType,
    /// http or https.
    url: String,
    name: String,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
}

/// What an attachment is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChatSdkAttachmentType {
    Image,
    Video,
    Audio,
    File,
}

impl From<ChatSdkAttachment> for Attachment {
    fn from(attachment: ChatSdkAttachment) -> Self {
        let kind = match attachment.kind {
            ChatSdkAttachmentType::Image => AttachmentType::Image,
            ChatSdkAttachmentType::Video => AttachmentType::Video,
            ChatSdkAttachmentType::Audio => AttachmentType::Audio,
            ChatSdkAttachmentType::File => AttachmentType::File,
        };
        let ChatSdkAttachment { url, name, size, mime_type, .. } = attachment;
        Self { kind, url, name, size, mime_type, extra: serde_json::Map::new() }
    }
}

impl From<Attachment> for ChatSdkAttachment {
    fn from(attachment: Attachment) -> Self {
        let kind = match attachment.kind {
            AttachmentType::Image => ChatSdkAttachmentType::Image,
            AttachmentType::Video => ChatSdkAttachmentType::Video,
            AttachmentType::Audio => ChatSdkAttachmentType::Audio,
            AttachmentType::File => ChatSdkAttachmentType::File,
        };
        let Attachment { url, name, size, mime_type, .. } = attachment;
        Self { kind, url, name, size, mime_type }
    }
}

/// What is shown of a link in a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkLinkPreview {
    /// As it stands in the message.
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site_name: Option<String>,
    /// `website`, `video` or `article`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// YouTube and Vimeo only.
    #[serde(skip_serializing_if = "Option::is_none")]
    video_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embed_url: Option<String>,
    /// Who made it, such as a channel's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
}

impl From<LinkPreview> for ChatSdkLinkPreview {
    fn from(preview: LinkPreview) -> Self {
        let LinkPreview { url, title, description, image, site_name, link_type, video_id, embed_url, author } = preview;
        let kind = link_type.as_str();
        Self { url, title, description, image, site_name, kind, video_id, embed_url, author }
    }
}

/// Pinned messages, the newest pin first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkPins {
    pub(crate) messages: Vec<ChatSdkMessage>,
}

/// Found messages, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkFound {
    pub(crate) messages: Vec<ChatSdkMessage>,
    pub(crate) has_more: bool,
}
