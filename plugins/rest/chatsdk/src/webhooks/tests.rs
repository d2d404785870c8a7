//! What a tenant's server is told of an event.

use natter_chat::event::{Deletion, Event};
use natter_chat::{Role, UserBrief};
use natter_core::EntityId;
use serde_json::json;

use super::*;

const CHANNEL: EntityId = EntityId([1; 12]);
const MESSAGE: EntityId = EntityId([2; 12]);
const CHANNEL_UUID: &str = "01010101-0101-8010-8101-010101000000";
const MESSAGE_UUID: &str = "02020202-0202-8020-8202-020202000000";

fn told_of(body: EventBody) -> Option<(String, Value)> {
    let event = Event { channel: Some(CHANNEL), body, told: false };
    let tenant = TenantId::new("demo");
    let happened =
        Happened { tenant: &tenant, channel: CHANNEL, offset: 9, seq: 7, time_ms: 1_704_110_400_123, event: &event };
    let told = told(name_of(&event.body)?, &happened)?;
    assert_eq!((told.username, told.created_at.as_str()), (None, "2024-01-01T12:00:00.123Z"));
    let again = Happened { ..happened.clone() }.log_name();
    assert_eq!(told.id, again);
    let later = Happened { time_ms: happened.time_ms + 1, ..happened };
    assert!(told.id.is_none_or(|id| id.len() == 32 && Some(id) != later.log_name()));
    Some((told.event, serde_json::from_str(told.data.get()).unwrap()))
}

#[test]
fn an_event_has_the_payload_of_real_time_clients_and_the_channel() {
    let deletion = Deletion { message: MESSAGE, seq: 7, sender: "ada".into(), by: "ada".into() };
    let deleted = json!({ "channelId": CHANNEL_UUID, "messageId": MESSAGE_UUID, "seq": 7 });
    assert_eq!(told_of(EventBody::Deleted(deletion)), Some(("message.deleted".into(), deleted)));
    let read = EventBody::Read { user: "ada".into(), seq: 7, message: Some(MESSAGE) };
    let shown = json!({
        "channelId": CHANNEL_UUID, "userId": "ada", "lastReadSeq": 7, "lastReadMessageId": MESSAGE_UUID,
    });
    assert_eq!(told_of(read), Some(("message.read".into(), shown)));
    let user = UserBrief { id: "ada".into(), entity: EntityId([3; 12]), name: "Ada".into(), image: None };
    let (name, joined) = told_of(EventBody::MemberJoined { user, role: Role::Member }).unwrap();
    assert_eq!((name.as_str(), &joined["channelId"]), ("channel.member_joined", &json!(CHANNEL_UUID)));
    assert_eq!(joined["user"]["name"], "Ada");
}

#[test]
fn what_tells_of_a_state_only_is_not_told() {
    assert_eq!(told_of(EventBody::Unread { count: 1 }), None);
    assert_eq!(told_of(EventBody::TotalUnread { count: 1 }), None);
}
