//! Payloads of events.

use serde::Serialize;
use utoipa::ToSchema;

use super::chat::CampusChat;
use super::message::CampusMessage;
use super::participant::CampusParticipant;
use super::request::{CampusRequest, CampusRequestStatus};
use super::value::{CampusId, CampusTime};

/// A chat, as all of its participants see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatEvent)]
pub(crate) struct CampusChatEvent {
    pub(crate) chat: CampusChat,
}

/// Somebody has become a participant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JoinedEvent)]
pub(crate) struct CampusJoinedEvent {
    pub(crate) chat: CampusChat,
    pub(crate) participant: CampusParticipant,
}

/// Somebody is no participant any more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RemovedEvent)]
pub(crate) struct CampusRemovedEvent {
    pub(crate) chat: CampusId,
    pub(crate) participant: CampusGone,
}

/// A participant that there was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Gone)]
pub(crate) struct CampusGone {
    /// Left out when another API has ended the membership.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<CampusId>,
    pub(crate) user: CampusId,
}

/// A request to join has been answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatusEvent)]
pub(crate) struct CampusStatusEvent {
    pub(crate) chat: CampusId,
    pub(crate) participant: CampusParticipant,
    pub(crate) status: CampusRequestStatus,
}

/// A participant is an admin now, or is none any more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminEvent)]
pub(crate) struct CampusAdminEvent {
    pub(crate) chat: CampusId,
    pub(crate) participant: CampusParticipant,
}

/// A chat is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedEvent)]
pub(crate) struct CampusDeletedEvent {
    pub(crate) chat: CampusId,
}

/// A participant has read a chat.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReadEvent)]
pub(crate) struct CampusReadEvent {
    pub(crate) chat: CampusId,
    pub(crate) user: CampusId,
    pub(crate) last_read_at: CampusTime,
}

/// A message has been sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageEvent)]
pub(crate) struct CampusMessageEvent {
    pub(crate) message: CampusMessage,
}

/// Somebody wants to join a restricted chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestEvent)]
pub(crate) struct CampusRequestEvent {
    pub(crate) chat: CampusId,
    pub(crate) request: CampusRequest,
}

/// The user's score has grown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoreEvent)]
pub(crate) struct CampusScoreEvent {
    /// Always `join-group-chat`.
    pub(crate) action: &'static str,
    pub(crate) score: i64,
}
