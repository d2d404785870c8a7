//! Channels of the chat domain.

use natter_core::EntityId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a channel is for, and so who may see and join it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelType {
    /// Between two users; the same pair has one.
    Messaging,
    /// Between some users.
    Group,
    /// Of a team.
    Team,
    /// One to many: every user of the tenant can read it and join.
    Livestream,
    /// Every user of the tenant can read it and join.
    Public,
    /// By invitation only.
    Private,
}

impl ChannelType {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Messaging, Self::Group, Self::Team, Self::Livestream, Self::Public, Self::Private];

    /// Its name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Messaging => "messaging",
            Self::Group => "group",
            Self::Team => "team",
            Self::Livestream => "livestream",
            Self::Public => "public",
            Self::Private => "private",
        }
    }

    /// Whether users of the tenant who are no members can read and join it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Livestream | Self::Public)
    }
}

/// Who may write into a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Posting {
    /// Every member.
    #[default]
    Members,
    /// Its owners and admins.
    Admins,
}

impl Posting {
    /// Whether a member of this role may write.
    pub fn allows(self, role: super::Role) -> bool {
        match self {
            Self::Members => true,
            Self::Admins => role >= super::Role::Admin,
        }
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A channel as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Its id.
    pub id: EntityId,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: ChannelType,
    /// What is unique among the tenant's channels of this type; made from the name.
    pub slug: String,
    /// Display name; empty for a conversation of two.
    pub name: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The user who made it.
    pub creator: String,
    /// The workspace it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<EntityId>,
    /// How many members it has.
    pub member_count: u64,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds of the last change of the channel itself.
    pub updated_at: i64,
    /// Who may write into it.
    #[serde(default, skip_serializing_if = "Posting::is_default")]
    pub posting: Posting,
    /// What only one document knows of it, under names of that document's own.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
    /// Unix milliseconds of its deletion, which may not have reached everything yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<i64>,
}

impl Channel {
    /// `type:slug`.
    pub fn cid(&self) -> String {
        format!("{}:{}", self.kind.as_str(), self.slug)
    }
}

/// A channel to be made.
#[derive(Clone, Debug)]
pub struct NewChannel {
    /// What it is for.
    pub kind: ChannelType,
    /// 1 to 255 characters; may be empty for a conversation of two.
    pub name: String,
    /// Up to 2,000 characters.
    pub description: Option<String>,
    /// An http(s) URL of up to 2,048 bytes.
    pub image: Option<String>,
    /// Users beside the creator; unknown ones are refused.
    pub members: Vec<String>,
    /// A workspace that the creator belongs to.
    pub workspace: Option<EntityId>,
    /// What only one document knows of it.
    pub extra: Map<String, Value>,
}

/// A change of a channel: `None` leaves a field, `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct ChannelPatch {
    /// Display name.
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<Option<String>>,
    /// URL of a picture.
    pub image: Option<Option<String>>,
    /// Who may write into it.
    pub posting: Option<Posting>,
    /// Entries to set; `null` removes one.
    pub extra: Map<String, Value>,
}

/// A channel as one of its members sees it in a list.
#[derive(Clone, Debug)]
pub struct ChannelOverview {
    /// The channel.
    pub channel: Channel,
    /// The newest message that is not deleted.
    pub last_message: Option<super::Message>,
    /// Number of the newest message.
    pub max_seq: u64,
    /// Messages that are there.
    pub messages: u64,
    /// Unix milliseconds of the newest message, else of the channel's making.
    pub activity_at: i64,
    /// The caller's membership; `None` for a reader of an open channel.
    pub membership: Option<super::Member>,
    /// Messages of others that the caller has not read.
    pub unread: u64,
}
