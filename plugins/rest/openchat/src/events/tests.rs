//! Names and payloads of events.

use natter_chat::event::Posted;
use natter_chat::{Attachment, AttachmentType, UserBrief};
use natter_core::EntityId;
use serde_json::Map;

use super::*;
use crate::message::{MessageExtra, MessageType};

fn room() -> Room {
    Room {
        id: EntityId::parse_hex("664a1b2c3d4e5f6a7b8c9d0e").unwrap(),
        username: "Partner_Shop".to_owned(),
        shop_id: "shop 1".to_owned(),
        user_id: "cust_123".to_owned(),
        shop_name: Some("My Shop".to_owned()),
        user_name: None,
        shop_member: "shop:shop|201".to_owned(),
        user_member: "user:cust_123".to_owned(),
    }
}

fn posted(sender: &str, extra: Map<String, Value>) -> Posted {
    Posted {
        id: EntityId::parse_hex("664b2c3d4e5f6a7b8c9d0e1f").unwrap(),
        sender: UserBrief { id: sender.to_owned(), entity: EntityId([1; 12]), name: "Someone".to_owned(), image: None },
        text: "Hello!".to_owned(),
        attachments: Vec::new(),
        parent: None,
        mentions: Vec::new(),
        client_id: Some("c-1".to_owned()),
        extra,
    }
}

fn event(body: EventBody) -> Event {
    Event { channel: Some(room().id), body, told: false }
}

const TIME_MS: i64 = 1_715_682_600_000;

#[test]
fn a_message_goes_to_its_room_and_to_the_side_that_did_not_send_it() {
    let extra = MessageExtra { kind: MessageType::Text, sender_name: "Ada of My Shop".to_owned() }.into_extra();
    let shown = emits(&room(), &event(EventBody::Message(Box::new(posted("shop:shop|201", extra)))), 7, TIME_MS);
    let payload = json!({
        "_id": "664b2c3d4e5f6a7b8c9d0e1f", "room_id": "664a1b2c3d4e5f6a7b8c9d0e",
        "sender_by": "shop", "sender_id": "shop 1", "sender_name": "Ada of My Shop",
        "message": "Hello!", "type": "text", "seq": 7, "client_id": "c-1", "created_at": "2024-05-14T10:30:00.000Z",
        "username": "Partner_Shop", "shop_id": "shop 1", "user_id": "cust_123",
    });
    let names: Vec<_> = shown.iter().map(|emit| emit.name.as_str()).collect();
    assert_eq!(names, ["Partner_Shop_664a1b2c3d4e5f6a7b8c9d0e", "Partner_Shop_user_cust_123"]);
    assert_eq!(shown[0].to, Audience::Room);
    assert_eq!(shown[1].to, Audience::Side(SideId { by: Side::User, id: "cust_123".to_owned() }));
    assert!(shown.iter().all(|emit| emit.payload == payload));
}

#[test]
fn a_message_of_another_api_is_shown_by_what_it_has() {
    let picture = Attachment {
        kind: AttachmentType::Image,
        url: "https://cdn.example/a.png".to_owned(),
        name: "a.png".to_owned(),
        size: None,
        mime_type: None,
        extra: Map::new(),
    };
    let of = |sender: &str, text: &str, attachments: Vec<Attachment>| {
        let posted = Posted { text: text.to_owned(), attachments, client_id: None, ..posted(sender, Map::new()) };
        emits(&room(), &event(EventBody::Message(Box::new(posted))), 1, TIME_MS).remove(0).payload
    };
    let shown = of("user:cust_123", "", vec![picture]);
    assert_eq!((&shown["type"], &shown["message"]), (&json!("image"), &json!("https://cdn.example/a.png")));
    assert_eq!((&shown["sender_by"], &shown["sender_name"]), (&json!("user"), &json!("Someone")));
    assert!(shown.get("client_id").is_none());
    let shown = of("shop:shop|201", "words", Vec::new());
    assert_eq!((&shown["type"], &shown["sender_name"]), (&json!("text"), &json!("My Shop")));
}

#[test]
fn reading_is_told_to_the_room() {
    let body = EventBody::Read { user: "user:cust_123".to_owned(), seq: 9, message: None };
    let shown = emits(&room(), &event(body), 0, TIME_MS);
    let payload = json!({
        "room_id": "664a1b2c3d4e5f6a7b8c9d0e", "type": "user", "shop_id": "shop 1", "user_id": "cust_123",
        "unread_count": 0, "last_read_seq": 9, "read_at": "2024-05-14T10:30:00.000Z",
    });
    assert_eq!(shown, [Emit { to: Audience::Room, name: "user:read".to_owned(), payload }]);
    let body = EventBody::Read { user: "shop:shop|201".to_owned(), seq: 9, message: None };
    assert_eq!(emits(&room(), &event(body), 0, TIME_MS)[0].name, "shop:read");
}

#[test]
fn what_the_document_does_not_know_is_not_shown() {
    for body in [EventBody::ChannelDeleted, EventBody::Unread { count: 3 }] {
        assert_eq!(emits(&room(), &event(body), 0, TIME_MS), []);
    }
}

#[test]
fn a_status_says_who_and_since_when() {
    let status = Status::new(SideId { by: Side::Shop, id: "s".to_owned() }, false, TIME_MS);
    assert_eq!(status.event_name(), "shop:status");
    let expected = json!({ "by": "shop", "id": "s", "status": "offline", "last_seen": "2024-05-14T10:30:00.000Z" });
    assert_eq!(json!(status), expected);
}
