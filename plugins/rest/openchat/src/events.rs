//! What sockets and webhooks are shown: pure functions from what happened to names and payloads.
//!
//! | happened | to the room's sockets | to the sockets of a side |
//! |---|---|---|
//! | a message | `{username}_{room_id}` | `{username}_{by}_{id}` of the side that did not send it |
//! | a side has read | `shop:read`, `user:read` | |
//! | a side came or went | | `shop:status`, `user:status` of its counterparts |

mod document;

use natter_chat::event::{Event, EventBody};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

pub(crate) use document::document;

use crate::message::RoomMessage;
use crate::room::Room;
use crate::side::{Side, SideId};
use crate::time::iso;

/// Whose sockets get an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Those that have joined the room.
    Room,
    /// Those that are registered as this side.
    Side(SideId),
}

/// An event on its way to sockets.
#[derive(Clone, Debug, PartialEq)]
pub struct Emit {
    /// Who gets it.
    pub to: Audience,
    /// Its name.
    pub name: String,
    /// Its one argument.
    pub payload: Value,
}

/// A side has read a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReadMark {
    /// The room.
    pub room_id: String,
    /// The side that has read.
    #[serde(rename = "type")]
    pub by: Side,
    /// The partner's id of the shop.
    pub shop_id: String,
    /// The partner's id of the user.
    pub user_id: String,
    /// Always 0.
    pub unread_count: u64,
    /// Number of the newest message that has been read.
    pub last_read_seq: u64,
    /// When.
    pub read_at: String,
}

/// A side has come or gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Status {
    /// Which side.
    pub by: Side,
    /// Its id.
    pub id: String,
    /// `online` or `offline`.
    pub status: &'static str,
    /// When it was last seen.
    pub last_seen: String,
}

impl Status {
    /// A side that has come or gone at a time in Unix milliseconds.
    pub fn new(side: SideId, is_online: bool, last_seen_ms: i64) -> Self {
        let status = if is_online { "online" } else { "offline" };
        Self { by: side.by, id: side.id, status, last_seen: iso(last_seen_ms) }
    }

    /// The event's name: `shop:status` or `user:status`.
    pub fn event_name(&self) -> String {
        format!("{}:status", self.by.as_str())
    }
}

impl ReadMark {
    /// A side has read a room up to a number, at a time in Unix milliseconds.
    pub fn new(room: &Room, by: Side, last_read_seq: u64, read_at_ms: i64) -> Self {
        Self {
            room_id: room.id.to_hex(),
            by,
            shop_id: room.shop_id.clone(),
            user_id: room.user_id.clone(),
            unread_count: 0,
            last_read_seq,
            read_at: iso(read_at_ms),
        }
    }

    /// The event's name: `shop:read` or `user:read`.
    pub fn event_name(&self) -> String {
        format!("{}:read", self.by.as_str())
    }
}

/// The name under which a room's sockets get its messages.
pub fn room_event(room: &Room) -> String {
    format!("{}_{}", room.username, room.id)
}

/// The name under which a side's sockets get its messages.
pub fn side_event(username: &str, side: &SideId) -> String {
    format!("{username}_{}_{}", side.by.as_str(), side.id)
}

/// What an event of a room's channel shows, in order; nothing when the document knows no such event. `seq` and `time_ms`
/// are the publication's.
pub fn emits(room: &Room, event: &Event, seq: u64, time_ms: i64) -> Vec<Emit> {
    match &event.body {
        EventBody::Message(posted) => {
            let message = posted.as_ref().clone().into_message(room.id, seq, time_ms);
            let shown = RoomMessage::of(room, &message);
            let side = room.side(shown.message.sender_by.other());
            let payload = json!(shown);
            let name = side_event(&room.username, &side);
            vec![
                Emit { to: Audience::Room, name: room_event(room), payload: payload.clone() },
                Emit { to: Audience::Side(side), name, payload },
            ]
        }
        EventBody::Read { user, seq, .. } => {
            let mark = ReadMark::new(room, room.side_of(user), *seq, time_ms);
            vec![Emit { to: Audience::Room, name: mark.event_name(), payload: json!(mark) }]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
