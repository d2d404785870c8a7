//! What happens, as it stands in a channel's log and as it travels to everyone who watches.
//!
//! Events of content are in the log: they have an offset and are recovered. Events of state tell of something that is read
//! back through the API, and are delivered once or not at all. An event holds all that a renderer needs.

use bytes::Bytes;
use natter_core::{EntityId, MESSAGE, Publication};
use serde::{Deserialize, Serialize};

use crate::error::ChatError;
use crate::model::{Attachment, Channel, Message, Reaction, Role, UserBrief};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Where; `None` when it is about a user alone.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<EntityId>,
    /// What.
    #[serde(rename = "is")]
    pub body: EventBody,
    /// Whether its cause tells those concerned itself; see [`telling`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
}

tokio::task_local! {
    static IS_TOLD: bool;
}

/// Does something whose events its caller makes known itself: to users' devices, and to the sockets of its own document. They
/// are in the log as ever and reach everyone who follows the channel; they only carry the mark [`Event::told`].
pub async fn telling<T>(work: impl Future<Output = T>) -> T {
    IS_TOLD.scope(true, work).await
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventBody {
    /// A message was sent. Its number and its time are the publication's.
    Message(Box<Posted>),
    /// A message is different now.
    Edited(Box<Message>),
    /// A message is gone.
    Deleted(Deletion),
    /// A user reacted to a message.
    ReactionAdded(ReactionChange),
    /// A user took a reaction back.
    ReactionRemoved(ReactionChange),
    /// A message was pinned.
    Pinned(PinChange),
    /// A message is no longer pinned.
    Unpinned(PinChange),
    /// A user is a member now.
    MemberJoined {
        /// The user.
        user: UserBrief,
        /// With this role.
        role: Role,
    },
    /// A user is no member any more.
    MemberLeft {
        /// The user.
        user: UserBrief,
    },
    /// The channel itself is different.
    ChannelUpdated(Box<Channel>),
    /// The channel is gone.
    ChannelDeleted,
    /// There is a channel that the user is a member of. Not in any log.
    ChannelCreated(Box<Channel>),
    /// A user types, or has stopped. Not in any log.
    Typing {
        /// The user.
        user: UserBrief,
        /// Whether it types.
        is_typing: bool,
    },
    /// A member has read up to a message. Not in any log.
    Read {
        /// The user.
        user: String,
        /// Number of the message.
        seq: u64,
        /// The message.
        message: Option<EntityId>,
    },
    /// A member has read one message in particular. Not in any log.
    ReadReceipt {
        /// The message.
        message: EntityId,
        /// The user.
        user: String,
        /// Unix milliseconds.
        read_at: i64,
    },
    /// How many messages a user has not read in a channel. Not in any log.
    Unread {
        /// Messages of others.
        count: u64,
    },
    /// How many messages a user has not read in all channels that are not muted. Not in any log.
    TotalUnread {
        /// Messages of others.
        count: u64,
    },
    /// A user has come or gone. Not in any log.
    Presence {
        /// The user.
        user: String,
        /// Whether there is a connection.
        is_online: bool,
        /// Unix milliseconds.
        last_active_at: i64,
    },
}

/// A message as it was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posted {
    /// Its id.
    pub id: EntityId,
    /// Who sent it, as the user was then.
    pub sender: UserBrief,
    /// Up to 10,000 characters.
    pub text: String,
    /// Up to 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The message that this one answers, with its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<(EntityId, u64)>,
    /// Ids of users that the text names, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// The sender's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What only one document knows of it.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// A message that was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// The message.
    pub message: EntityId,
    /// Its number.
    pub seq: u64,
    /// Who had sent it.
    pub sender: String,
    /// Who deleted it.
    pub by: String,
}

/// A reaction that came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionChange {
    /// The message.
    pub message: EntityId,
    /// Its number.
    pub seq: u64,
    /// An emoji or a short name.
    pub emoji: String,
    /// Who.
    pub user: String,
    /// All of the message's reactions now.
    pub reactions: Vec<Reaction>,
}

/// A pin that came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinChange {
    /// The message.
    pub message: EntityId,
    /// Its number.
    pub seq: u64,
    /// Who.
    pub user: String,
}

/// [`Publication::kind`] of everything in a log that is no message.
pub(crate) const CHANGE: u8 = 1;

impl Event {
    /// Something that happened in a channel.
    pub(crate) fn of(channel: EntityId, body: EventBody) -> Self {
        Self { channel: Some(channel), body, told: IS_TOLD.try_with(|told| *told).unwrap_or_default() }
    }

    /// Something that is about a user alone.
    pub(crate) fn of_user(body: EventBody) -> Self {
        Self { channel: None, body, told: false }
    }

    /// What the broker calls it.
    pub(crate) fn kind(&self) -> u8 {
        if matches!(self.body, EventBody::Message(_)) { MESSAGE } else { CHANGE }
    }

    pub(crate) fn encode(&self) -> Result<Bytes, ChatError> {
        serde_json::to_vec(self).map(Bytes::from).map_err(|_| ChatError::Internal)
    }

    /// Reads what a publication of one of the domain's channels holds.
    ///
    /// # Errors
    /// [`ChatError::Internal`] for bytes that the domain has not written.
    pub fn decode(publication: &Publication) -> Result<Self, ChatError> {
        serde_json::from_slice(&publication.data).map_err(|error| {
            tracing::error!(%error, offset = publication.offset, "an event cannot be read");
            ChatError::Internal
        })
    }
}

impl Posted {
    /// The message as it is before anything has happened to it.
    pub fn into_message(self, channel: EntityId, seq: u64, time_ms: i64) -> Message {
        Message {
            id: self.id,
            channel,
            seq,
            sender: self.sender,
            text: self.text,
            attachments: self.attachments,
            parent: self.parent.map(|(id, _)| id),
            mentions: self.mentions,
            reactions: Vec::new(),
            link_previews: Vec::new(),
            pin: None,
            reply_count: 0,
            last_reply_at: None,
            client_id: self.client_id,
            extra: self.extra,
            created_at: time_ms,
            updated_at: time_ms,
        }
    }
}
