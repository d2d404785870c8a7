//! Participants of chats.

use natter_chat::Member;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::request::CampusRequestStatus;
use super::user::CampusUserRef;
use super::value::{CampusId, CampusSocketId, CampusTime, is_false};

/// A participant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Participant)]
pub(crate) struct CampusParticipant {
    pub(crate) user: CampusUserRef,
    #[serde(rename = "isAdmin", skip_serializing_if = "is_false")]
    pub(crate) is_admin: bool,
    #[serde(rename = "_id")]
    pub(crate) id: CampusId,
    #[serde(rename = "lastReadAt", skip_serializing_if = "Option::is_none")]
    pub(crate) last_read_at: Option<CampusTime>,
}

impl CampusParticipant {
    pub(crate) fn new(user: CampusUserRef, is_admin: bool, member: &Member) -> Self {
        Self { user, is_admin, id: CampusId(member.id), last_read_at: Some(last_read_at(member)) }
    }
}

/// When a member has read last; who never has, has seen what was there when it joined.
pub(crate) fn last_read_at(member: &Member) -> CampusTime {
    CampusTime(member.last_read_at.unwrap_or(member.joined_at))
}

/// The answer of calls about one participant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OneParticipant)]
pub(crate) struct CampusOneParticipant {
    pub(crate) participant: CampusParticipant,
}

/// New participants.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Participants)]
pub(crate) struct CampusParticipants {
    pub(crate) participants: Vec<CampusParticipant>,
}

/// Users to be made participants.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewParticipants)]
pub(crate) struct CampusNewParticipants {
    /// 1 to 500 ids of users.
    pub(crate) participants: Vec<CampusId>,
    /// Gets no echo.
    #[serde(default)]
    pub(crate) socket: Option<CampusSocketId>,
}

/// The body of calls that need none, but may name the caller's socket.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = SocketBody)]
pub(crate) struct CampusSocketBody {
    #[serde(default)]
    pub(crate) socket: Option<CampusSocketId>,
}

impl CampusSocketBody {
    pub(crate) fn id(&self) -> Option<&str> {
        self.socket.as_ref().map(|socket| socket.0.as_str())
    }
}

/// The answer to a request to join.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = StatusBody)]
pub(crate) struct CampusStatusBody {
    pub(crate) status: CampusAnswer,
    /// Gets no echo.
    #[serde(default)]
    pub(crate) socket: Option<CampusSocketId>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RequestAnswer)]
pub(crate) enum CampusAnswer {
    Accepted,
    Rejected,
}

impl From<CampusAnswer> for CampusRequestStatus {
    fn from(answer: CampusAnswer) -> Self {
        match answer {
            CampusAnswer::Accepted => Self::Accepted,
            CampusAnswer::Rejected => Self::Rejected,
        }
    }
}

/// Up to where the caller has read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastRead)]
pub(crate) struct CampusLastRead {
    #[serde(rename = "lastReadAt")]
    pub(crate) last_read_at: CampusTime,
}
