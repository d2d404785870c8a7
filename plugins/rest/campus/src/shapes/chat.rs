//! Chats.

use natter_rest::{InRange, Limit, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::message::CampusMessage;
use super::participant::CampusParticipant;
use super::reel::CampusReel;
use super::request::CampusRequest;
use super::user::CampusUserRef;
use super::value::{CampusId, CampusSocketId, CampusTime, is_false, switch};
use crate::graph::Tag;

/// A chat. What a call does not tell of is left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Chat)]
pub(crate) struct CampusChat {
    #[serde(rename = "_id")]
    pub(crate) id: CampusId,
    pub(crate) creator: CampusUserRef,
    /// One-to-one: the user that the chat was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<CampusUserRef>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) is_group: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    /// One-to-one: the other user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Groups: whether others than admins may post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allow_public_post: Option<bool>,
    /// At most 500; `participantsCount` counts all.
    pub(crate) participants: Vec<CampusParticipant>,
    /// Groups: the event that the chat belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) photo: Option<String>,
    /// Groups: whether an admin has to let people in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) restricted: Option<bool>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) created_at: CampusTime,
    pub(crate) updated_at: CampusTime,
    #[serde(flatten)]
    pub(crate) seen: CampusSeen,
}

/// What of a chat depends on who looks, and on how much is asked for.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatSeen)]
pub(crate) struct CampusSeen {
    /// Messages of others that the caller has not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unread: Option<u64>,
    /// `null` when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CampusMessage>)]
    pub(crate) last_message: Option<Option<CampusMessage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reels_count: Option<u64>,
    /// The caller's pending request to join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<CampusRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reels: Option<Vec<CampusReel>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_joined: Option<bool>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) are_you_admin: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) participants_count: Option<u64>,
}

/// A page of chats.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Chats)]
pub(crate) struct CampusChats {
    pub(crate) chats: Vec<CampusChat>,
    /// How many match, on all pages.
    pub(crate) count: usize,
}

/// One chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OneChat)]
pub(crate) struct CampusOneChat {
    pub(crate) chat: CampusChat,
}

/// Which chats.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct CampusChatsQuery {
    /// At most 100.
    pub(crate) limit: Limit<10, 100>,
    pub(crate) page: Page,
    /// Chats whose name has this in it.
    pub(crate) search: Option<String>,
    /// Only group chats, or only one-to-one chats.
    pub(crate) group: Option<bool>,
    /// Of one-to-one chats only those of a connection.
    #[param(rename = "meetMeOnly")]
    pub(crate) meet_me_only: bool,
}

/// Which communities.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct CampusExploreQuery {
    /// At most 100.
    pub(crate) limit: Limit<10, 100>,
    pub(crate) page: Page,
    /// At least 3 characters of the name.
    #[param(required = true)]
    pub(crate) search: Option<String>,
    pub(crate) category: Option<String>,
    /// Reels of each chat, 0 to 20; 5 without it.
    #[param(rename = "reelsLimit")]
    pub(crate) reels_limit: Option<InRange<0, 20>>,
}

/// A chat to be made: with one user, or a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewChat)]
pub(crate) struct CampusNewChat {
    /// One-to-one: the other user.
    #[serde(default)]
    pub(crate) user: Option<CampusId>,
    /// One-to-one: the accepted connection of the two.
    #[serde(default)]
    pub(crate) meet_me: Option<CampusId>,
    #[serde(default)]
    pub(crate) is_group: Option<bool>,
    /// Groups.
    #[serde(default)]
    pub(crate) category: Option<String>,
    /// Groups: 1 to 100 characters.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Groups: 1 to 500 ids of users.
    #[serde(default)]
    pub(crate) participants: Option<Vec<CampusId>>,
    /// Groups: whether an admin has to let people in; false without it, and always in the category Courses.
    #[serde(default)]
    pub(crate) restricted: Option<bool>,
    /// Gets no echo.
    #[serde(default)]
    pub(crate) socket: Option<CampusSocketId>,
}

/// A change of a group chat; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatPatch)]
pub(crate) struct CampusChatPatch {
    /// 1 to 100 characters.
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) category: Option<String>,
    #[serde(default, deserialize_with = "switch")]
    pub(crate) restricted: Option<bool>,
    #[serde(default, deserialize_with = "switch")]
    pub(crate) allow_public_post: Option<bool>,
    /// Gets no echo.
    #[serde(default)]
    pub(crate) socket: Option<CampusSocketId>,
}

/// The form of a change.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a form that is read in parts")]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatForm)]
pub(crate) struct CampusChatForm {
    /// A picture of at most 10 MiB.
    #[schema(value_type = Option<String>, format = Binary)]
    photo: Option<Vec<u8>>,
    name: Option<String>,
    category: Option<String>,
    #[schema(pattern = "^(true|false)$")]
    restricted: Option<String>,
    #[schema(pattern = "^(true|false)$")]
    allow_public_post: Option<String>,
}
