//! Publications of chat channels as the event `message`.

use natter_chat::event::{Event, EventBody};
use natter_chat::{ChannelType, Chat};
use natter_core::{EntityId, Publication, TenantId};
use natter_node::realtime::{Args, Render};

use crate::views::MessageView;

/// What shows publications.
pub(super) struct MessageRender {
    pub(super) chat: Chat,
}

impl Render for MessageRender {
    fn render(&self, channel: &str, publication: &Publication, emit: &mut dyn FnMut(&str, &Args)) {
        let Ok(Event { channel: Some(id), body: EventBody::Message(posted), .. }) = Event::decode(publication) else {
            return;
        };
        if !self.is_conversation(channel, id) {
            return;
        }
        let message = posted.into_message(id, publication.seq, publication.time_ms);
        emit("message", &Args::one(&MessageView::of(&message).with_conversation(id)));
    }
}

impl MessageRender {
    /// This document has conversations of two only. A channel in which something happens is in memory; where it is not, all
    /// the same a message is rather shown than lost.
    fn is_conversation(&self, channel: &str, id: EntityId) -> bool {
        let Some(tenant) = channel.split(':').nth(1) else { return false };
        let kind = self.chat.known_kind(&TenantId::new(tenant), id);
        kind.is_none_or(|kind| kind == ChannelType::Messaging)
    }
}
