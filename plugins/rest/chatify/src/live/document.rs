//! The events as `/asyncapi.json` describes them.

use natter_rest::{Dialect, EventsDocument};

use super::events::{AuthEvent, TypingEvent, TypingView};
use crate::errors::ChatifyDialect;
use crate::views::{ConversationView, MessageView};

/// Where Socket.IO's clients connect.
const SOCKETS: &str = "/socket.io/";

/// All events, with their payloads.
pub(crate) fn document() -> EventsDocument {
    EventsDocument::new(ChatifyDialect::NAME, "Events of Socket.IO, in the namespace `/`, with `auth: {token}`.")
        .sends::<MessageView>(SOCKETS, "message", "A message was sent in a conversation of the user.")
        .sends::<ConversationView>(SOCKETS, "conversation", "A conversation was made, or its last message is another.")
        .sends::<TypingView>(SOCKETS, "typing", "The other one types.")
        .receives::<TypingEvent>(SOCKETS, "typing", "The user types.")
        .receives::<AuthEvent>(SOCKETS, "auth", "Another access token, within 60 s of the expiry of the one before.")
}
