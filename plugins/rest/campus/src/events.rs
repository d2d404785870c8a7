//! The events as `/asyncapi.json` describes them.

use natter_rest::{Dialect, EventsDocument};

use crate::errors::CampusDialect;
use crate::shapes::event::{
    CampusAdminEvent, CampusChatEvent, CampusDeletedEvent, CampusJoinedEvent, CampusMessageEvent, CampusReadEvent,
    CampusRemovedEvent, CampusRequestEvent, CampusScoreEvent, CampusStatusEvent,
};

/// Where Socket.IO's clients connect.
const SOCKETS: &str = "/socket.io/";

/// All events, with their payloads.
pub(crate) fn document() -> EventsDocument {
    EventsDocument::new(CampusDialect::NAME, "Events of Socket.IO, in the namespace `/`.")
        .sends::<CampusChatEvent>(SOCKETS, "chat-created", "A chat was made, to its participants.")
        .sends::<CampusChatEvent>(SOCKETS, "chat-updated", "A chat is different now, to its participants.")
        .sends::<CampusJoinedEvent>(SOCKETS, "chat-joined", "Somebody is a participant now, to all of them.")
        .sends::<CampusRemovedEvent>(
            SOCKETS,
            "chat-participant-removed",
            "Somebody is no participant any more, to the others and to that one.",
        )
        .sends::<CampusStatusEvent>(SOCKETS, "chat-participant-status", "A request is answered, to who has asked.")
        .sends::<CampusAdminEvent>(SOCKETS, "chat-admin-access-granted", "The user is an admin now.")
        .sends::<CampusAdminEvent>(SOCKETS, "chat-admin-access-removed", "The user is no admin any more.")
        .sends::<CampusDeletedEvent>(SOCKETS, "chat-deleted", "A chat is gone, to its participants.")
        .sends::<CampusReadEvent>(SOCKETS, "chat-read", "A participant has read, to all of them.")
        .sends::<CampusMessageEvent>(SOCKETS, "chat-message", "A message, to the participants.")
        .sends::<CampusRequestEvent>(SOCKETS, "chat-request", "Somebody wants to join, to the admins.")
        .sends::<CampusScoreEvent>(SOCKETS, "score-updated", "The user's score has grown.")
}
