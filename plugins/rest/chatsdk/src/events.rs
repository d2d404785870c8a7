//! Events of `chat:` and `user:` channels as ChatSDK's clients see them: `{type, payload}`.

mod document;

use std::sync::Arc;

use bytes::Bytes;
use natter_chat::Renderer;
use natter_chat::event::{Event, EventBody, PinChange, ReactionChange};
use natter_core::{EntityId, Publication, Tags};
use natter_node::domain::Rendered;

pub(crate) use document::document;

use crate::shapes::event::{
    ChannelIdPayload, ChannelPayload, ChatSdkEvent, DeletionPayload, MemberPayload, MessagePayload, PinPayload,
    PresencePayload, ReactionPayload, ReadPayload, ReceiptPayload, TotalPayload, UnreadPayload,
};
use crate::shapes::message::ChatSdkMessage;
use crate::shapes::reaction::ChatSdkReaction;
use crate::shapes::value::ChatSdkTime;

/// What stands for an event that cannot be read; the log of the node says why.
const UNREADABLE: Bytes = Bytes::from_static(b"null");

/// Shows the domain's events in ChatSDK's shape.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChatSdkRenderer;

impl Renderer for ChatSdkRenderer {
    fn render(&self, publication: &Publication) -> Rendered {
        let Ok(event) = Event::decode(publication) else { return Rendered { data: UNREADABLE, tags: None } };
        let tags = matches!(event.body, EventBody::Message(_)).then(|| seq_tag(publication.seq));
        let when = When { seq: publication.seq, time_ms: publication.time_ms };
        let data = shown(event, when).and_then(|event| serde_json::to_vec(&event).ok());
        Rendered { data: data.map_or(UNREADABLE, Bytes::from), tags }
    }
}

/// A new message's number, for subscribers who look at tags.
fn seq_tag(seq: u64) -> Arc<Tags> {
    Arc::new(Tags::from([("seq".to_owned(), seq.to_string())]))
}

/// What a log knows of an event beside itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    /// The channel's message number with it.
    pub(crate) seq: u64,
    /// Unix milliseconds.
    pub(crate) time_ms: i64,
}

/// An event as everyone sees it; `None` when it does not say where something happened that happens in channels.
pub(crate) fn shown(event: Event, when: When) -> Option<ChatSdkEvent> {
    Some(match event.body {
        EventBody::TotalUnread { count } => ChatSdkEvent::TotalUnreadChanged(TotalPayload { count }),
        EventBody::Presence { user, is_online, last_active_at } => presence(user, is_online, last_active_at),
        EventBody::ChannelCreated(channel) => {
            ChatSdkEvent::ChannelCreated(ChannelPayload { channel: (*channel).into() })
        }
        EventBody::ChannelUpdated(channel) => {
            ChatSdkEvent::ChannelUpdated(ChannelPayload { channel: (*channel).into() })
        }
        body => in_channel(event.channel?, body, when)?,
    })
}

fn presence(user_id: String, is_online: bool, last_active_at: i64) -> ChatSdkEvent {
    let payload = PresencePayload { user_id, last_active_at: ChatSdkTime(last_active_at) };
    if is_online { ChatSdkEvent::PresenceOnline(payload) } else { ChatSdkEvent::PresenceOffline(payload) }
}

fn in_channel(channel: EntityId, body: EventBody, when: When) -> Option<ChatSdkEvent> {
    let channel_id = channel.into();
    let member =
        |user: natter_chat::UserBrief| MemberPayload { channel_id, user_id: user.id.clone(), user: user.into() };
    Some(match body {
        EventBody::Message(posted) => {
            let message = posted.into_message(channel, when.seq, when.time_ms);
            ChatSdkEvent::MessageNew(MessagePayload { message: ChatSdkMessage::for_everyone(message) })
        }
        EventBody::Edited(message) => {
            ChatSdkEvent::MessageUpdated(MessagePayload { message: ChatSdkMessage::for_everyone(*message) })
        }
        EventBody::Deleted(deletion) => ChatSdkEvent::MessageDeleted(DeletionPayload {
            channel_id,
            message_id: deletion.message.into(),
            seq: deletion.seq,
        }),
        EventBody::ReactionAdded(change) => ChatSdkEvent::ReactionAdded(reaction(channel, change)),
        EventBody::ReactionRemoved(change) => ChatSdkEvent::ReactionRemoved(reaction(channel, change)),
        EventBody::Pinned(change) => ChatSdkEvent::MessagePinned(pin(channel, change)),
        EventBody::Unpinned(change) => ChatSdkEvent::MessageUnpinned(pin(channel, change)),
        EventBody::MemberJoined { user, .. } => ChatSdkEvent::MemberJoined(member(user)),
        EventBody::MemberLeft { user } => ChatSdkEvent::MemberLeft(member(user)),
        EventBody::ChannelDeleted => ChatSdkEvent::ChannelDeleted(ChannelIdPayload { channel_id }),
        EventBody::Typing { user, is_typing: true } => ChatSdkEvent::TypingStart(member(user)),
        EventBody::Typing { user, is_typing: false } => ChatSdkEvent::TypingStop(member(user)),
        EventBody::Read { user, seq, message } => ChatSdkEvent::ReadUpdated(ReadPayload {
            channel_id,
            user_id: user,
            last_read_seq: seq,
            last_read_message_id: message.map(Into::into),
        }),
        EventBody::ReadReceipt { message, user, read_at } => ChatSdkEvent::ReadReceipt(ReceiptPayload {
            channel_id,
            message_id: message.into(),
            user_id: user,
            read_at: ChatSdkTime(read_at),
        }),
        EventBody::Unread { count } => ChatSdkEvent::UnreadChanged(UnreadPayload { channel_id, count }),
        EventBody::TotalUnread { .. }
        | EventBody::Presence { .. }
        | EventBody::ChannelCreated(_)
        | EventBody::ChannelUpdated(_) => return None,
    })
}

fn reaction(channel: EntityId, change: ReactionChange) -> ReactionPayload {
    ReactionPayload {
        channel_id: channel.into(),
        message_id: change.message.into(),
        emoji: change.emoji,
        user_id: change.user,
        reactions: ChatSdkReaction::all_for_everyone(change.reactions),
    }
}

fn pin(channel: EntityId, change: PinChange) -> PinPayload {
    PinPayload { channel_id: channel.into(), message_id: change.message.into(), user_id: change.user }
}

#[cfg(test)]
mod tests;
