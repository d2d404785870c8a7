//! Every event of the domain in ChatSDK's shape.

use natter_chat::event::{Deletion, Posted};
use natter_chat::{Channel, ChannelType, Message, Reaction, Role, UserBrief};
use serde_json::{Map, Value, json};

use super::*;

const CHANNEL: EntityId = EntityId([1; 12]);
const MESSAGE: EntityId = EntityId([2; 12]);
const CHANNEL_UUID: &str = "01010101-0101-8010-8101-010101000000";
const MESSAGE_UUID: &str = "02020202-0202-8020-8202-020202000000";
const TIME_MS: i64 = 1_704_110_400_123;
const TIME: &str = "2024-01-01T12:00:00.123Z";

fn user() -> UserBrief {
    UserBrief { id: "ada".into(), entity: EntityId([3; 12]), name: "Ada".into(), image: None }
}

fn user_shape() -> Value {
    json!({ "id": "ada", "name": "Ada", "image": null })
}

fn reaction() -> Reaction {
    Reaction { emoji: "👍".into(), count: 1, users: vec![user()], own: true }
}

fn posted() -> Posted {
    Posted {
        id: MESSAGE,
        sender: user(),
        text: "Hello @bob".into(),
        attachments: Vec::new(),
        parent: None,
        mentions: vec!["bob".into()],
        client_id: None,
        extra: Map::new(),
    }
}

fn message() -> Message {
    posted().into_message(CHANNEL, 42, TIME_MS)
}

fn message_shape() -> Value {
    json!({
        "id": MESSAGE_UUID, "channelId": CHANNEL_UUID, "userId": "ada", "text": "Hello @bob", "seq": 42,
        "user": user_shape(), "reactions": [], "mentions": ["bob"], "attachments": [], "linkPreviews": [],
        "parentId": null, "replyCount": 0, "lastReplyAt": null, "createdAt": TIME, "updatedAt": TIME,
    })
}

fn channel() -> Channel {
    Channel {
        id: CHANNEL,
        kind: ChannelType::Group,
        slug: "general".into(),
        name: "General".into(),
        description: None,
        image: None,
        creator: "ada".into(),
        workspace: None,
        member_count: 2,
        created_at: TIME_MS,
        updated_at: TIME_MS,
        posting: natter_chat::Posting::default(),
        extra: Map::new(),
        deleted_at: None,
    }
}

fn channel_shape() -> Value {
    json!({
        "id": CHANNEL_UUID, "cid": "group:general", "name": "General", "type": "group", "image": null,
        "description": null, "memberCount": 2, "createdBy": "ada", "workspaceId": null, "createdAt": TIME,
    })
}

fn rendered(place: Option<EntityId>, body: EventBody) -> (Value, Option<Arc<Tags>>) {
    let data = serde_json::to_vec(&Event { channel: place, body, told: false }).unwrap().into();
    let publication = Publication { seq: 42, time_ms: TIME_MS, data, ..Publication::default() };
    let Rendered { data, tags } = ChatSdkRenderer.render(&publication);
    (serde_json::from_slice(&data).unwrap(), tags)
}

#[track_caller]
fn check(place: Option<EntityId>, body: EventBody, kind: &str, payload: &Value) {
    let (event, _) = rendered(place, body);
    assert_eq!(event, json!({ "type": kind, "payload": payload }));
}

#[test]
fn a_new_message_has_its_number_and_time_from_the_log() {
    let (event, tags) = rendered(Some(CHANNEL), EventBody::Message(Box::new(posted())));
    assert_eq!(event, json!({ "type": "message.new", "payload": { "message": message_shape() } }));
    assert_eq!(tags.unwrap().get("seq").map(String::as_str), Some("42"));
}

#[test]
fn a_changed_message_does_not_say_whose_reactions_they_are() {
    let edited = Message { reactions: vec![reaction()], ..message() };
    let (event, tags) = rendered(Some(CHANNEL), EventBody::Edited(Box::new(edited)));
    let reactions = json!([{ "type": "👍", "count": 1, "users": [user_shape()] }]);
    let mut shape = message_shape();
    shape["reactions"] = reactions;
    assert_eq!(event, json!({ "type": "message.updated", "payload": { "message": shape } }));
    assert_eq!(tags, None);
}

#[test]
fn changes_of_messages() {
    let deletion = Deletion { message: MESSAGE, seq: 42, sender: "ada".into(), by: "ada".into() };
    let payload = json!({ "channelId": CHANNEL_UUID, "messageId": MESSAGE_UUID, "seq": 42 });
    check(Some(CHANNEL), EventBody::Deleted(deletion), "message.deleted", &payload);
    let pin = || PinChange { message: MESSAGE, seq: 42, user: "ada".into() };
    let payload = json!({ "channelId": CHANNEL_UUID, "messageId": MESSAGE_UUID, "userId": "ada" });
    check(Some(CHANNEL), EventBody::Pinned(pin()), "message.pinned", &payload);
    check(Some(CHANNEL), EventBody::Unpinned(pin()), "message.unpinned", &payload);
}

#[test]
fn reactions() {
    let change = || ReactionChange {
        message: MESSAGE,
        seq: 42,
        emoji: "👍".into(),
        user: "ada".into(),
        reactions: vec![reaction()],
    };
    let payload = json!({
        "channelId": CHANNEL_UUID, "messageId": MESSAGE_UUID, "emoji": "👍", "userId": "ada",
        "reactions": [{ "type": "👍", "count": 1, "users": [user_shape()] }],
    });
    check(Some(CHANNEL), EventBody::ReactionAdded(change()), "reaction.added", &payload);
    check(Some(CHANNEL), EventBody::ReactionRemoved(change()), "reaction.removed", &payload);
}

#[test]
fn members_and_typing() {
    let payload = json!({ "channelId": CHANNEL_UUID, "userId": "ada", "user": user_shape() });
    let joined = EventBody::MemberJoined { user: user(), role: Role::Member };
    check(Some(CHANNEL), joined, "channel.member_joined", &payload);
    check(Some(CHANNEL), EventBody::MemberLeft { user: user() }, "channel.member_left", &payload);
    check(Some(CHANNEL), EventBody::Typing { user: user(), is_typing: true }, "typing.start", &payload);
    check(Some(CHANNEL), EventBody::Typing { user: user(), is_typing: false }, "typing.stop", &payload);
}

#[test]
fn channels() {
    let payload = json!({ "channel": channel_shape() });
    check(Some(CHANNEL), EventBody::ChannelCreated(Box::new(channel())), "channel.created", &payload);
    check(Some(CHANNEL), EventBody::ChannelUpdated(Box::new(channel())), "channel.updated", &payload);
    check(Some(CHANNEL), EventBody::ChannelDeleted, "channel.deleted", &json!({ "channelId": CHANNEL_UUID }));
}

#[test]
fn reading_and_unread_counts() {
    let read = EventBody::Read { user: "ada".into(), seq: 42, message: Some(MESSAGE) };
    let payload = json!({
        "channelId": CHANNEL_UUID, "userId": "ada", "lastReadSeq": 42, "lastReadMessageId": MESSAGE_UUID,
    });
    check(Some(CHANNEL), read, "read.updated", &payload);
    let receipt = EventBody::ReadReceipt { message: MESSAGE, user: "ada".into(), read_at: TIME_MS };
    let payload = json!({ "channelId": CHANNEL_UUID, "messageId": MESSAGE_UUID, "userId": "ada", "readAt": TIME });
    check(Some(CHANNEL), receipt, "read_receipt", &payload);
    let unread = EventBody::Unread { count: 5 };
    check(Some(CHANNEL), unread, "channel.unread_changed", &json!({ "channelId": CHANNEL_UUID, "count": 5 }));
    check(None, EventBody::TotalUnread { count: 15 }, "channel.total_unread_changed", &json!({ "count": 15 }));
}

#[test]
fn presence_is_told_with_the_time() {
    let payload = json!({ "userId": "ada", "lastActiveAt": TIME });
    for (is_online, kind) in [(true, "presence.online"), (false, "presence.offline")] {
        let body = EventBody::Presence { user: "ada".into(), is_online, last_active_at: TIME_MS };
        check(None, body, kind, &payload);
    }
}

#[test]
fn what_cannot_be_read_is_shown_as_nothing() {
    let publication = Publication { data: Bytes::from_static(b"{"), ..Publication::default() };
    assert_eq!(ChatSdkRenderer.render(&publication).data, "null");
}
