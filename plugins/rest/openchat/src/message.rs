//! A message as it is shown, and what of it the domain keeps where.
//!
//! The document's `type` and `sender_name` stand in the message's `extra`. A message of type image, file or audio whose
//! text is a URL has it as an attachment as well, so that other APIs show it as one. One that another API has sent has no
//! `extra`: its type is that of its first attachment, its name that of the side.

use natter_chat::{Attachment, AttachmentType, Message};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use utoipa::ToSchema;

use crate::room::{EXTRA, Room};
use crate::side::Side;
use crate::time::iso;

/// Bytes of a URL that is an attachment.
const URL_BYTES_MAX: usize = 2_048;
/// Characters of an attachment's name.
const FILE_NAME_MAX: usize = 255;

/// What a message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageType {
    /// Words.
    #[default]
    Text,
    /// A picture; the message is its URL.
    Image,
    /// A file; the message is its URL.
    File,
    /// Sound; the message is its URL.
    Audio,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MessageView {
    /// 24 hexadecimal digits.
    #[serde(rename = "_id")]
    pub id: String,
    /// The room.
    pub room_id: String,
    /// The side that sent it.
    pub sender_by: Side,
    /// Its id.
    pub sender_id: String,
    /// Its display name.
    pub sender_name: String,
    /// The text.
    pub message: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// 1, 2, 3 … in the room.
    pub seq: u64,
    /// The sender's own id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// When it was sent.
    pub created_at: String,
}

/// A message with its room's sides, as sockets and webhooks get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoomMessage {
    /// The message.
    #[serde(flatten)]
    pub message: MessageView,
    /// The partner.
    pub username: String,
    /// The partner's id of the shop.
    pub shop_id: String,
    /// The partner's id of the user.
    pub user_id: String,
}

/// What the message's `extra` has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MessageExtra {
    #[serde(rename = "type")]
    pub(crate) kind: MessageType,
    pub(crate) sender_name: String,
}

impl MessageExtra {
    pub(crate) fn into_extra(self) -> Map<String, Value> {
        // A struct of texts always has a JSON form.
        let value = serde_json::to_value(self).unwrap_or_default();
        Map::from_iter([(EXTRA.to_owned(), value)])
    }
}

impl MessageView {
    /// A message of a room.
    pub fn of(room: &Room, message: &Message) -> Self {
        let extra = message.extra.get(EXTRA).and_then(|value| MessageExtra::deserialize(value).ok());
        let sender_by = room.side_of(&message.sender.id);
        let (kind, sender_name) = match extra {
            Some(extra) => (extra.kind, extra.sender_name),
            None => (kind_of(message), room.name_of(sender_by).unwrap_or(&message.sender.name).to_owned()),
        };
        Self {
            id: message.id.to_hex(),
            room_id: room.id.to_hex(),
            sender_by,
            sender_id: room.id_of(sender_by).to_owned(),
            sender_name,
            message: text_of(message),
            kind,
            seq: message.seq,
            client_id: message.client_id.clone(),
            created_at: iso(message.created_at),
        }
    }
}

impl RoomMessage {
    /// A message of a room.
    pub fn of(room: &Room, message: &Message) -> Self {
        Self {
            message: MessageView::of(room, message),
            username: room.username.clone(),
            shop_id: room.shop_id.clone(),
            user_id: room.user_id.clone(),
        }
    }
}

/// The text of a message; of one without words, where its first attachment is.
pub(crate) fn text_of(message: &Message) -> String {
    match (message.text.trim().is_empty(), message.attachments.first()) {
        (true, Some(attachment)) => attachment.url.clone(),
        _ => message.text.clone(),
    }
}

fn kind_of(message: &Message) -> MessageType {
    match message.attachments.first().map(|attachment| attachment.kind) {
        None => MessageType::Text,
        Some(AttachmentType::Image) => MessageType::Image,
        Some(AttachmentType::Audio) => MessageType::Audio,
        Some(AttachmentType::Video | AttachmentType::File) => MessageType::File,
    }
}

/// The attachment that a message is, for other APIs.
pub(crate) fn attachments(kind: MessageType, text: &str) -> Vec<Attachment> {
    let kind = match kind {
        MessageType::Text => return Vec::new(),
        MessageType::Image => AttachmentType::Image,
        MessageType::File => AttachmentType::File,
        MessageType::Audio => AttachmentType::Audio,
    };
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url.filter(|_| text.len() <= URL_BYTES_MAX) else { return Vec::new() };
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    let name = if last.is_empty() { url.host_str().unwrap_or("file") } else { last };
    let name = name.chars().take(FILE_NAME_MAX).collect();
    vec![Attachment { kind, url: text.to_owned(), name, size: None, mime_type: None, extra: Map::new() }]
}
