//! The events as `/asyncapi.json` describes them.

use natter_rest::{Dialect, EventsDocument};

use super::{ReadMark, Status};
use crate::errors::OpenChatDialect;
use crate::live::{RoomNamed, SideBody};
use crate::message::RoomMessage;
use crate::messages::{MarkReadBody, SendBody};

/// Where Socket.IO's clients connect.
const SOCKETS: &str = "/socket.io/";

/// All events, with their payloads.
pub(crate) fn document() -> EventsDocument {
    EventsDocument::new(OpenChatDialect::NAME, "Events of Socket.IO, in the namespace `/`.")
        .sends::<RoomMessage>(SOCKETS, "{username}_{room_id}", "A message, to the sockets that have joined its room.")
        .sends::<RoomMessage>(SOCKETS, "{username}_{by}_{id}", "A message, to the sockets of the side that gets it.")
        .sends::<ReadMark>(SOCKETS, "shop:read", "The shop has read a room.")
        .sends::<ReadMark>(SOCKETS, "user:read", "The user has read a room.")
        .sends::<Status>(SOCKETS, "shop:status", "A shop has come or gone, to its counterparts.")
        .sends::<Status>(SOCKETS, "user:status", "A user has come or gone, to its counterparts.")
        .receives::<RoomNamed>(SOCKETS, "join-room", "Messages of this room from now on; also its id alone.")
        .receives::<RoomNamed>(SOCKETS, "leave-room", "No more messages of this room; also its id alone.")
        .receives::<SendBody>(SOCKETS, "send", "A message, as `POST /v2/chats/send` takes it.")
        .receives::<MarkReadBody>(SOCKETS, "mark-read", "One side has read a room.")
        .receives::<SideBody>(SOCKETS, "user-register", "The socket is this side's; also a user's id alone.")
        .receives::<SideBody>(
            SOCKETS,
            "online",
            "The side is there; also a user's id alone, or nothing once registered.",
        )
        .receives::<SideBody>(
            SOCKETS,
            "offline",
            "The side is away; also a user's id alone, or nothing once registered.",
        )
}
