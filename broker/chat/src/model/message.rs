//! Messages.

use natter_core::EntityId;
use natter_outbox::preview::LinkPreview;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::UserBrief;

/// What an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttachmentType {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// Anything else.
    File,
}

/// Something that comes with a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: AttachmentType,
    /// Where it is: http or https, up to 2,048 bytes.
    pub url: String,
    /// Its name for people; up to 255 characters.
    pub name: String,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// What only one document knows of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// One emoji under a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// An emoji or a short name.
    pub emoji: String,
    /// How many users.
    pub count: u64,
    /// The first 100 of them.
    pub users: Vec<UserBrief>,
    /// Whether the caller is one of them; false in events, which go to everyone.
    #[serde(default, skip_serializing)]
    pub own: bool,
}

/// Who has pinned a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The user.
    pub by: String,
    /// Unix milliseconds.
    pub at: i64,
}

/// A message as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: EntityId,
    /// The channel's id.
    pub channel: EntityId,
    /// 1, 2, 3 … in the channel.
    pub seq: u64,
    /// Who sent it.
    pub sender: UserBrief,
    /// Up to 10,000 characters.
    pub text: String,
    /// Up to 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<EntityId>,
    /// Ids of users that the text names, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// In the order of their first use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// What is shown of its links, once it is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub link_previews: Vec<LinkPreview>,
    /// Whether and by whom it is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// How many messages answer it.
    #[serde(default)]
    pub reply_count: u64,
    /// Unix milliseconds of the newest answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reply_at: Option<i64>,
    /// The sender's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What only one document knows of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds of its last edit, else of its sending.
    pub updated_at: i64,
}

/// What stands at a place in a channel.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A message.
    Message(Box<Message>),
    /// What is left of a deleted one.
    Deleted {
        /// Its id.
        id: EntityId,
        /// Its number.
        seq: u64,
        /// Unix milliseconds.
        deleted_at: i64,
    },
}

/// A message to be sent.
#[derive(Clone, Debug, Default)]
pub struct NewMessage {
    /// 1 to 10,000 characters; may be empty with attachments.
    pub text: String,
    /// Up to 10.
    pub attachments: Vec<Attachment>,
    /// The message that this one answers.
    pub parent: Option<EntityId>,
    /// The sender's own name for it, up to 64 characters: a repeat answers with the first.
    pub client_id: Option<String>,
    /// Makes a repeat of the same call harmless where there is no `client_id`.
    pub key: Option<String>,
    /// What only one document knows of it.
    pub extra: Map<String, Value>,
}

/// A message that has been sent, now or before.
#[derive(Clone, Debug)]
pub struct Sent {
    /// As it is now.
    pub message: Message,
    /// Whether it was there already: nothing has been sent.
    pub is_repeat: bool,
}
