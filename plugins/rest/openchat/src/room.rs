//! A room as it is shown, made from a conversation of the domain.

use natter_chat::{Channel, Conversation, Member};
use natter_core::EntityId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::message;
use crate::side::{Side, SideId};
use crate::time::iso;

/// Where a channel's and a message's `extra` has what only this document knows.
pub const EXTRA: &str = "openchat";

/// Whose a room is, and between whom: what messages and events of it are shown with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: EntityId,
    /// The partner's name, as it was registered.
    pub username: String,
    /// The partner's id of the shop.
    pub shop_id: String,
    /// The partner's id of the user.
    pub user_id: String,
    /// The shop's display name.
    pub shop_name: Option<String>,
    /// The user's display name.
    pub user_name: Option<String>,
    /// The shop as a user of the domain.
    pub(crate) shop_member: String,
    /// The user as a user of the domain.
    pub(crate) user_member: String,
}

/// What the channel's `extra` has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoomExtra {
    pub(crate) shop_id: String,
    pub(crate) user_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shop_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_name: Option<String>,
}

impl RoomExtra {
    pub(crate) fn into_extra(self) -> Map<String, Value> {
        // A struct of texts always has a JSON form.
        let value = serde_json::to_value(self).unwrap_or_default();
        Map::from_iter([(EXTRA.to_owned(), value)])
    }

    fn of(extra: &Map<String, Value>) -> Option<Self> {
        extra.get(EXTRA).and_then(|value| Self::deserialize(value).ok())
    }
}

/// A chatroom.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RoomView {
    /// 24 hexadecimal digits.
    #[serde(rename = "_id")]
    pub id: String,
    /// The partner.
    pub username: String,
    /// The partner's id of the shop.
    pub shop_id: String,
    /// The partner's id of the user.
    pub user_id: String,
    /// `null` until one is given.
    pub shop_name: Option<String>,
    /// `null` until one is given.
    pub user_name: Option<String>,
    /// The newest message; empty when there is none.
    pub message: String,
    /// Messages that the shop has not read.
    pub shop_unread: u64,
    /// Messages that the user has not read.
    pub user_unread: u64,
    /// When the newest message was sent, else when the room was made.
    pub lasted_message_at: String,
    /// When the room was made.
    pub created_at: String,
}

impl Room {
    /// Reads a conversation; `None` when it is not between a shop and a user.
    pub fn of(username: &str, conversation: &Conversation) -> Option<Self> {
        let extra = RoomExtra::of(&conversation.channel.extra);
        let (shop_member, shop_id) = member_of(conversation, Side::Shop)?;
        let (user_member, user_id) = member_of(conversation, Side::User)?;
        let known = extra.unwrap_or(RoomExtra { shop_id, user_id, ..RoomExtra::default() });
        Some(Self {
            id: conversation.channel.id,
            username: username.to_owned(),
            shop_id: known.shop_id,
            user_id: known.user_id,
            shop_name: known.shop_name,
            user_name: known.user_name,
            shop_member,
            user_member,
        })
    }

    /// The partner's id of a side.
    pub fn id_of(&self, side: Side) -> &str {
        match side {
            Side::Shop => &self.shop_id,
            Side::User => &self.user_id,
        }
    }

    /// A side with the partner's id.
    pub fn side(&self, by: Side) -> SideId {
        SideId { by, id: self.id_of(by).to_owned() }
    }

    /// The display name of a side.
    pub fn name_of(&self, side: Side) -> Option<&str> {
        match side {
            Side::Shop => self.shop_name.as_deref(),
            Side::User => self.user_name.as_deref(),
        }
    }

    /// A side as a user of the domain.
    pub(crate) fn member_of(&self, side: Side) -> &str {
        match side {
            Side::Shop => &self.shop_member,
            Side::User => &self.user_member,
        }
    }

    /// The side that a user of the domain is in this room.
    pub(crate) fn side_of(&self, member: &str) -> Side {
        if member == self.user_member { Side::User } else { Side::Shop }
    }

    /// The same room with the names that the channel has now; `None` when they are the same.
    pub(crate) fn renamed_by(&self, channel: &Channel) -> Option<Self> {
        let RoomExtra { shop_name, user_name, .. } = RoomExtra::of(&channel.extra)?;
        let is_same = self.shop_name == shop_name && self.user_name == user_name;
        (!is_same).then(|| Self { shop_name, user_name, ..self.clone() })
    }

    pub(crate) fn extra(&self) -> RoomExtra {
        RoomExtra {
            shop_id: self.shop_id.clone(),
            user_id: self.user_id.clone(),
            shop_name: self.shop_name.clone(),
            user_name: self.user_name.clone(),
        }
    }

    /// The room as it is shown, with what the conversation says of it.
    pub fn view(self, conversation: &Conversation) -> RoomView {
        let unread = |member: &str| {
            let found = conversation.members.iter().find(|(Member { user, .. }, _)| user == member);
            found.map_or(0, |(_, unread)| *unread)
        };
        RoomView {
            id: self.id.to_hex(),
            message: conversation.last_message.as_ref().map(message::text_of).unwrap_or_default(),
            shop_unread: unread(&self.shop_member),
            user_unread: unread(&self.user_member),
            lasted_message_at: iso(conversation.activity_at),
            created_at: iso(conversation.channel.created_at),
            username: self.username,
            shop_id: self.shop_id,
            user_id: self.user_id,
            shop_name: self.shop_name,
            user_name: self.user_name,
        }
    }
}

/// The member that is a side, and the partner's id as far as the member's tells it.
fn member_of(conversation: &Conversation, side: Side) -> Option<(String, String)> {
    conversation.members.iter().find_map(|(member, _)| {
        let (found, id) = Side::of_member(&member.user)?;
        (found == side).then(|| (member.user.clone(), id))
    })
}
