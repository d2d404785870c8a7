//! The events as `/asyncapi.json` describes them.

use natter_rest::{Dialect, EventsDocument};
use serde_json::Value;

use crate::errors::ConnectNowDialect;
use crate::shapes::{ChatUserView, DeletedMessageView, MessageView};

/// Where Socket.IO's clients connect.
const SOCKETS: &str = "/socket.io/";

/// All events, with their payloads.
pub(crate) fn document() -> EventsDocument {
    let description = "Events of Socket.IO, in the namespace `/`, to those who connect with a chat-user token. As a \
        connection token of Centrifugo's protocol it gets the chat's channel, with ChatSDK's events.";
    EventsDocument::new(ConnectNowDialect::NAME, description)
        .sends::<MessageView>(SOCKETS, "message", "A message was sent.")
        .sends::<MessageView>(SOCKETS, "message-updated", "A message was edited.")
        .sends::<DeletedMessageView>(SOCKETS, "message-deleted", "A message was deleted.")
        .sends::<ChatUserView>(SOCKETS, "user-joined", "Somebody is in the chat now.")
        .sends::<ChatUserView>(SOCKETS, "user-left", "Somebody is in the chat no more.")
        .sends::<ChatUserView>(SOCKETS, "typing", "Somebody types.")
        .receives::<Value>(SOCKETS, "typing", "The chat user types; an empty object.")
}
