//! What only this document knows of a chat, in the channel's `extra`.

use natter_chat::{Channel, ChannelType, Member, Posting, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Its name in `extra`, of channels and of attachments.
pub(crate) const EXTRA: &str = "campus";

/// What the channel's `extra` has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ChatExtra {
    /// One-to-one: the user that the chat was made with, as the domain knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// One-to-one: the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) meet_me: Option<String>,
    /// Groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    /// Groups: whether an admin has to let people in.
    pub(crate) restricted: bool,
    /// The id of the picture, if it was uploaded here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) photo: Option<String>,
}

impl ChatExtra {
    /// Reads a channel's. A group that another API has made is by invitation: whoever wants to join it has to ask.
    pub(crate) fn of(channel: &Channel) -> Self {
        let own = channel.extra.get(EXTRA).and_then(|value| Self::deserialize(value).ok());
        own.unwrap_or_else(|| Self { restricted: channel.kind == ChannelType::Group, ..Self::default() })
    }

    pub(crate) fn into_extra(self) -> Map<String, Value> {
        // A struct of texts and booleans always has a JSON form.
        let value = serde_json::to_value(self).unwrap_or_default();
        Map::from_iter([(EXTRA.to_owned(), value)])
    }
}

/// Whether the document knows such a channel.
pub(crate) fn is_chat(channel: &Channel) -> bool {
    matches!(channel.kind, ChannelType::Messaging | ChannelType::Group)
}

pub(crate) fn is_group(channel: &Channel) -> bool {
    channel.kind == ChannelType::Group
}

/// Whether a member is an admin as the document has it: of a chat of two only who made it.
pub(crate) fn is_admin(channel: &Channel, member: &Member) -> bool {
    match channel.kind {
        ChannelType::Messaging => member.user == channel.creator,
        _ => member.role >= Role::Admin,
    }
}

pub(crate) fn allows_public_post(channel: &Channel) -> bool {
    channel.posting == Posting::Members
}
