//! The events as `/asyncapi.json` describes them.

use natter_rest::{Dialect, EventsDocument};
use utoipa::ToSchema;

use crate::errors::ChatSdk;
use crate::shapes::event::{
    ChannelIdPayload, ChannelPayload, DeletionPayload, MemberPayload, MessagePayload, PinPayload, PresencePayload,
    ReactionPayload, ReadPayload, ReceiptPayload, TotalPayload, UnreadPayload,
};

/// Of one channel: to those who may subscribe to it.
const CHAT: &str = "chat:{tenant}:{channel}";
/// Of one user.
const USER: &str = "user:{tenant}:{user}";

/// How an event travels.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
struct Shown<P> {
    /// The event's name.
    r#type: String,
    payload: P,
}

/// All events, with their payloads.
pub(crate) fn document() -> EventsDocument {
    EventsDocument::new(ChatSdk::NAME, "Publications of Centrifugo's protocol, as `{type, payload}`.")
        .sends::<Shown<MessagePayload>>(CHAT, "message.new", "A message was sent; the tag `seq` is its number.")
        .sends::<Shown<MessagePayload>>(CHAT, "message.updated", "A message was edited, or has a link preview now.")
        .sends::<Shown<DeletionPayload>>(CHAT, "message.deleted", "A message was deleted.")
        .sends::<Shown<PinPayload>>(CHAT, "message.pinned", "A message was pinned.")
        .sends::<Shown<PinPayload>>(CHAT, "message.unpinned", "A message is no longer pinned.")
        .sends::<Shown<ReactionPayload>>(CHAT, "reaction.added", "Somebody reacted to a message.")
        .sends::<Shown<ReactionPayload>>(CHAT, "reaction.removed", "Somebody took a reaction back.")
        .sends::<Shown<MemberPayload>>(CHAT, "typing.start", "A member types.")
        .sends::<Shown<MemberPayload>>(CHAT, "typing.stop", "A member has stopped typing.")
        .sends::<Shown<MemberPayload>>(CHAT, "channel.member_joined", "Somebody is a member now.")
        .sends::<Shown<MemberPayload>>(CHAT, "channel.member_left", "Somebody is a member no more.")
        .sends::<Shown<ChannelPayload>>(CHAT, "channel.updated", "The channel is different now.")
        .sends::<Shown<ReadPayload>>(CHAT, "read.updated", "A member has read up to a message.")
        .sends::<Shown<ReceiptPayload>>(CHAT, "read_receipt", "A member has read one message.")
        .sends::<Shown<ChannelPayload>>(USER, "channel.created", "There is a channel that the user belongs to.")
        .sends::<Shown<ChannelIdPayload>>(
            USER,
            "channel.deleted",
            "A channel of the user is gone; also on its channel.",
        )
        .sends::<Shown<UnreadPayload>>(USER, "channel.unread_changed", "Unread messages of one channel.")
        .sends::<Shown<TotalPayload>>(USER, "channel.total_unread_changed", "Unread messages of all channels.")
        .sends::<Shown<PresencePayload>>(USER, "presence.online", "Somebody whom the user knows has come.")
        .sends::<Shown<PresencePayload>>(USER, "presence.offline", "Somebody whom the user knows has gone.")
}
