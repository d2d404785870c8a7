//! Read positions and receipts.

use natter_chat::{Member, UserBrief};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::value::{ChatSdkId, ChatSdkTime};

/// Up to where the caller has read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkRead {
    /// All messages unless given.
    #[serde(default)]
    pub(crate) message_id: Option<ChatSdkId>,
}

/// The caller's read position now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkReadAnswer {
    pub(crate) success: bool,
    pub(crate) last_read_seq: u64,
}

/// A message that the caller has read, with all before it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkReceipt {
    pub(crate) message_id: ChatSdkId,
}

/// The caller's read position now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkReceiptAnswer {
    pub(crate) success: bool,
    pub(crate) last_read_message_id: Option<ChatSdkId>,
}

/// Somebody who has read a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkReader {
    user_id: String,
    name: String,
    image: Option<String>,
    /// When the reader's position came to where it is.
    read_at: Option<ChatSdkTime>,
}

impl ChatSdkReader {
    pub(crate) fn new(user: UserBrief, member: &Member) -> Self {
        let UserBrief { id, name, image, .. } = user;
        Self { user_id: id, name, image, read_at: member.last_read_at.map(ChatSdkTime) }
    }
}

/// Who has read a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkReceipts {
    /// Everyone but the sender whose position is at or past it.
    pub(crate) read_by: Vec<ChatSdkReader>,
    pub(crate) read_count: usize,
    /// Members of the channel, the sender included.
    pub(crate) total_members: u64,
}

/// Messages to ask about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkReceiptQuery {
    /// At most 200.
    pub(crate) message_ids: Vec<ChatSdkId>,
}

/// Who has read one of several messages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkReaders {
    pub(crate) read_count: usize,
    pub(crate) readers: Vec<ChatSdkReader>,
}

/// Receipts by message id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkReceiptMap {
    /// From the message's id to `{readCount, readers}`.
    pub(crate) receipts: Map<String, Value>,
}

/// A member's read position.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkReadPosition {
    user_id: String,
    name: String,
    image: Option<String>,
    last_read_message_id: Option<ChatSdkId>,
    last_read_seq: u64,
}

impl ChatSdkReadPosition {
    pub(crate) fn new(user: UserBrief, member: &Member) -> Self {
        Self {
            user_id: user.id,
            name: user.name,
            image: user.image,
            last_read_message_id: member.last_read_id.map(Into::into),
            last_read_seq: member.last_read_seq,
        }
    }
}

/// The read positions of all members.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkReadStatus {
    pub(crate) members: Vec<ChatSdkReadPosition>,
}
