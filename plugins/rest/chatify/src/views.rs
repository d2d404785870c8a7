//! The document's shapes, made of what the domain knows by pure functions.

use natter_chat::{Attachment, Conversation, Message, User, UserBrief};
use natter_core::EntityId;
use natter_rest::iso;
use serde::Serialize;
use utoipa::ToSchema;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// 24 hexadecimal digits.
    #[serde(rename = "_id")]
    #[schema(example = "672c05fc60f3fb044dc2d12c")]
    pub(crate) id: String,
    /// Display name.
    #[schema(example = "John Doe")]
    pub(crate) name: String,
    /// `null` for a user that another API has made without one.
    #[schema(example = "john@example.com")]
    pub(crate) email: Option<String>,
}

/// A user beside a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SenderView {
    /// 24 hexadecimal digits.
    #[serde(rename = "_id")]
    pub(crate) id: String,
    /// Display name.
    pub(crate) name: String,
}

/// A conversation as one of its participants sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConversationView {
    /// 24 hexadecimal digits.
    #[serde(rename = "_id")]
    #[schema(example = "672c05fc60f3fb044dc2d12c")]
    pub(crate) id: String,
    /// Ids of the two, first who began it.
    pub(crate) participants: Vec<String>,
    /// The newest message's text, or the name of its first file; `null` while there is none.
    #[schema(example = "Hello!")]
    pub(crate) last_message: Option<String>,
    /// When something was said last, else when it was made.
    #[schema(example = "2024-01-15T12:00:00.000Z")]
    pub(crate) updated_at: String,
    /// When it was made.
    pub(crate) created_at: String,
    /// Messages of the other one that this participant has not read.
    pub(crate) unread: u64,
}

/// A message as its sender is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SentView {
    /// 24 hexadecimal digits.
    #[serde(rename = "_id")]
    pub(crate) id: String,
    /// The conversation.
    pub(crate) conversation: String,
    /// Id of the sender.
    pub(crate) sender: String,
    /// The text.
    #[schema(example = "Hello!")]
    pub(crate) content: String,
    /// Absolute URLs.
    pub(crate) files: Vec<String>,
    /// When it was sent.
    #[schema(example = "2024-01-15T12:00:00.000Z")]
    pub(crate) created_at: String,
    /// 1, 2, 3 … in the conversation.
    pub(crate) seq: u64,
}

/// A message in a list, or on a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView {
    /// 24 hexadecimal digits.
    #[serde(rename = "_id")]
    pub(crate) id: String,
    /// The conversation; on sockets, where a list would say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conversation: Option<String>,
    /// Who sent it.
    pub(crate) sender: SenderView,
    /// The text.
    #[schema(example = "Hello!")]
    pub(crate) content: String,
    /// Absolute URLs.
    pub(crate) files: Vec<String>,
    /// When it was sent.
    #[schema(example = "2024-01-15T12:00:00.000Z")]
    pub(crate) created_at: String,
    /// 1, 2, 3 … in the conversation.
    pub(crate) seq: u64,
}

impl UserView {
    pub(crate) fn of(user: &User) -> Self {
        Self { id: user.entity.to_hex(), name: user.profile.name.clone(), email: user.profile.email.clone() }
    }
}

impl SenderView {
    pub(crate) fn of(user: &UserBrief) -> Self {
        Self { id: user.entity.to_hex(), name: user.name.clone() }
    }
}

impl ConversationView {
    /// A conversation as `viewer` sees it; `participants` are the ids of the two, first who began it.
    pub(crate) fn of(conversation: &Conversation, participants: &[EntityId], viewer: &str) -> Self {
        let own = conversation.members.iter().find(|(member, _)| member.user == viewer);
        Self {
            id: conversation.channel.id.to_hex(),
            participants: participants.iter().map(|id| id.to_hex()).collect(),
            last_message: conversation.last_message.as_ref().map(shown_of),
            updated_at: iso(conversation.activity_at),
            created_at: iso(conversation.channel.created_at),
            unread: own.map_or(0, |(_, unread)| *unread),
        }
    }
}

impl SentView {
    pub(crate) fn of(message: &Message) -> Self {
        Self {
            id: message.id.to_hex(),
            conversation: message.channel.to_hex(),
            sender: message.sender.entity.to_hex(),
            content: message.text.clone(),
            files: files_of(&message.attachments),
            created_at: iso(message.created_at),
            seq: message.seq,
        }
    }
}

impl MessageView {
    /// A message in a list of its conversation.
    pub(crate) fn of(message: &Message) -> Self {
        Self {
            id: message.id.to_hex(),
            conversation: None,
            sender: SenderView::of(&message.sender),
            content: message.text.clone(),
            files: files_of(&message.attachments),
            created_at: iso(message.created_at),
            seq: message.seq,
        }
    }

    /// A message among those of all conversations.
    pub(crate) fn with_conversation(self, conversation: EntityId) -> Self {
        Self { conversation: Some(conversation.to_hex()), ..self }
    }
}

fn files_of(attachments: &[Attachment]) -> Vec<String> {
    attachments.iter().map(|attachment| attachment.url.clone()).collect()
}

/// What a list shows of a message: its text, or the name of its first file.
fn shown_of(message: &Message) -> String {
    match (message.text.trim().is_empty(), message.attachments.first()) {
        (true, Some(file)) => file.name.clone(),
        _ => message.text.clone(),
    }
}
