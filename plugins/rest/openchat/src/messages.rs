//! Messages: sending, reading, marking as read, and to all customers of a shop at once.

mod broadcast;
mod page;

use natter_chat::{Message, NewMessage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::check;
use crate::errors::{ApiError, Code};
use crate::message::{self, MessageExtra, MessageType, MessageView};
use crate::open_chat::OpenChat;
use crate::room::Room;
use crate::rooms::NewRoom;
use crate::side::Side;
use crate::time::iso;

pub(crate) use broadcast::{BroadcastBody, broadcast_message};
pub(crate) use page::MessagesQuery;

/// `POST /v2/chats/send` and `/reply`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SendBody {
    /// The room.
    #[schema(example = "664a1b2c3d4e5f6a7b8c9d0e")]
    pub room_id: String,
    /// The side that sends.
    pub sender_by: Side,
    /// Its id in the room.
    #[schema(example = "shop_001")]
    pub sender_id: String,
    /// Its display name.
    #[schema(example = "My Shop")]
    pub sender_name: String,
    /// 1 to 5,000 characters.
    #[schema(example = "Hello! How can I help you today?")]
    pub message: String,
    /// `text` unless given.
    #[serde(rename = "type")]
    pub kind: Option<MessageType>,
    /// Up to 64 characters: a repeat with the same answers with the first message.
    pub client_id: Option<String>,
    /// Has to be the caller's, if given.
    pub username: Option<String>,
}

/// `POST /v2/chats/mark-read`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct MarkReadBody {
    /// The room.
    #[schema(example = "664a1b2c3d4e5f6a7b8c9d0e")]
    pub room_id: String,
    /// The side that has read.
    #[serde(rename = "type")]
    pub by: Side,
    /// Has to be the caller's, if given.
    pub username: Option<String>,
}

/// Where a message goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// To a room.
    Room(String),
    /// To the room of a shop and a user, which is made if there is none.
    Between(NewRoom),
}

/// A message that has been sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sent {
    /// 24 hexadecimal digits.
    pub message_id: String,
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

/// A room that has been read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MarkRead {
    /// The room.
    pub room_id: String,
    /// The side that has read.
    #[serde(rename = "type")]
    pub by: Side,
    /// Always 0.
    pub unread_count: u64,
    /// Number of the newest message that has been read.
    pub last_read_seq: u64,
    /// When it was read.
    pub read_at: String,
}

impl Sent {
    fn of(room: &Room, message: &Message) -> Self {
        let view = MessageView::of(room, message);
        Self {
            message_id: view.id,
            room_id: view.room_id,
            sender_by: view.sender_by,
            sender_id: view.sender_id,
            sender_name: view.sender_name,
            message: view.message,
            kind: view.kind,
            seq: view.seq,
            client_id: view.client_id,
            created_at: view.created_at,
        }
    }
}

impl OpenChat {
    /// Sends a message to a room. Answers with it, and whether it is new; `key` makes a repeat of the same call harmless.
    ///
    /// # Errors
    /// 1000, 1004, 4000, and 4003 when the room or the sender's side is not the caller's.
    pub async fn send(&self, caller: &Caller, body: SendBody, key: Option<String>) -> Result<(Sent, bool), ApiError> {
        let target = Target::Room(body.room_id.clone());
        self.send_to(caller, target, body, key).await
    }

    /// [`OpenChat::send`] to wherever it goes; the body's `room_id` is not looked at.
    ///
    /// # Errors
    /// As [`OpenChat::send`].
    pub async fn send_to(
        &self,
        caller: &Caller,
        target: Target,
        body: SendBody,
        key: Option<String>,
    ) -> Result<(Sent, bool), ApiError> {
        caller.check_username(body.username.as_deref())?;
        check_send(&body)?;
        let room = match target {
            Target::Room(room_id) => self.room(caller, &room_id).await?,
            Target::Between(new) => {
                caller.require_side(body.sender_by, &body.sender_id)?;
                self.ensure_room(caller, new).await?.0
            }
        };
        if room.id_of(body.sender_by) != body.sender_id {
            return Err(ApiError::Refused(Code::Forbidden, "sender_id does not belong to this chatroom"));
        }
        caller.require_side(body.sender_by, &body.sender_id)?;
        let by = body.sender_by;
        let sent = self.chat().send(caller.tenant(), room.member_of(by), room.id, new_message(body, key)).await?;
        Ok((Sent::of(&room, &sent.message), !sent.is_repeat))
    }

    /// Marks a room as read by one side.
    ///
    /// # Errors
    /// 1000, 1004, 4000, 4003.
    pub async fn mark_read(&self, caller: &Caller, body: MarkReadBody) -> Result<MarkRead, ApiError> {
        caller.check_username(body.username.as_deref())?;
        let room = self.room(caller, &body.room_id).await?;
        caller.require_side(body.by, room.id_of(body.by))?;
        let read = self.chat().mark_read(caller.tenant(), room.member_of(body.by), room.id, None).await?;
        Ok(MarkRead {
            room_id: room.id.to_hex(),
            by: body.by,
            unread_count: 0,
            last_read_seq: read.seq,
            read_at: iso(read.read_at),
        })
    }
}

fn check_send(body: &SendBody) -> Result<(), ApiError> {
    check::id("sender_id", &body.sender_id)?;
    check::name("sender_name", &body.sender_name)?;
    check::message(&body.message)?;
    body.client_id.as_deref().map_or(Ok(()), check::client_id)
}

fn new_message(body: SendBody, key: Option<String>) -> NewMessage {
    let kind = body.kind.unwrap_or_default();
    NewMessage {
        attachments: message::attachments(kind, &body.message),
        text: body.message,
        client_id: body.client_id,
        key,
        extra: MessageExtra { kind, sender_name: body.sender_name }.into_extra(),
        ..NewMessage::default()
    }
}
