//! Conversations as a tenant's backend sees them, and the work that they make.

#![allow(clippy::expect_used, reason = "a test fails by it")]

mod support;

use std::sync::Arc;

use async_trait::async_trait;
use natter_chat::event::EventBody;
use natter_chat::{ChannelType, Chat, ChatError, Happened, Missing, NewChannel, Work};
use natter_core::EntityId;
use natter_store::MemoryStore;
use parking_lot::Mutex;
use support::{chat, chat_with_work, group, say, tenant, users};

/// Remembers what it is told.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

#[async_trait]
impl Work for Notes {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        let note = match &happened.event.body {
            EventBody::ChannelCreated(channel) => format!("made with {}", channel.member_count),
            EventBody::Message(posted) => posted.text.clone(),
            EventBody::Read { user, seq, .. } => format!("{user} has read {seq}"),
            EventBody::Typing { user, is_typing } => format!("{} types: {is_typing}", user.id),
            _ => "something else".to_owned(),
        };
        self.0.lock().push(note);
        Ok(())
    }
}

async fn open(chat: &Chat, one: &str, other: &str) -> EntityId {
    let new = NewChannel {
        kind: ChannelType::Messaging,
        name: String::new(),
        description: None,
        image: None,
        members: vec![other.to_owned()],
        workspace: None,
        extra: serde_json::Map::new(),
    };
    chat.create_channel(&tenant(), one, new).await.expect("a conversation").0.channel.id
}

#[tokio::test]
async fn both_counts_are_seen_from_outside() {
    let chat = chat();
    let ids = users(&chat, 2).await;
    let id = open(&chat, &ids[0], &ids[1]).await;
    for words in ["one", "two"] {
        say(&chat, &ids[0], id, words).await;
    }
    say(&chat, &ids[1], id, "three").await;
    let seen = chat.conversation(&tenant(), id).await.expect("a conversation");
    let unread = |user: &str| seen.members.iter().find(|(member, _)| member.user == user).map(|(_, unread)| *unread);
    assert_eq!((unread(&ids[0]), unread(&ids[1])), (Some(1), Some(2)));
    assert_eq!(seen.last_message.expect("a message").text, "three");
    assert_eq!(seen.max_seq, 3);
}

#[tokio::test]
async fn conversations_come_in_the_order_of_their_activity() {
    let chat = chat();
    let ids = users(&chat, 4).await;
    let mut opened = Vec::new();
    for other in &ids[1..] {
        opened.push(open(&chat, &ids[0], other).await);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    group(&chat, &ids).await;
    say(&chat, &ids[2], opened[1], "hello").await;
    let listed = chat.conversations_of(&tenant(), &ids[0]).await.expect("a list");
    assert_eq!(listed, [opened[1], opened[2], opened[0]]);
    assert_eq!(chat.conversations_of(&tenant(), "nobody").await.expect("a list"), []);
}

#[tokio::test]
async fn a_group_is_no_conversation() {
    let chat = chat();
    let ids = users(&chat, 3).await;
    let group = group(&chat, &ids).await.id;
    let missing = Err(ChatError::NotFound(Missing::Channel));
    assert_eq!(chat.conversation(&tenant(), group).await.map(|_| ()), missing);
    assert_eq!(chat.conversation(&tenant(), EntityId([9; 12])).await.map(|_| ()), missing);
}

#[tokio::test]
async fn what_is_in_no_log_is_work_as_well() {
    let notes = Arc::new(Notes::default());
    let chat = chat_with_work(Arc::new(MemoryStore::new()), Arc::<Notes>::clone(&notes));
    let ids = users(&chat, 2).await;
    let id = open(&chat, &ids[0], &ids[1]).await;
    open(&chat, &ids[1], &ids[0]).await;
    say(&chat, &ids[0], id, "hello").await;
    for _ in 0..2 {
        chat.mark_read(&tenant(), &ids[1], id, None).await.expect("read");
    }
    for _ in 0..200 {
        if notes.0.lock().len() == 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let mut notes = notes.0.lock().clone();
    notes.sort();
    assert_eq!(notes, ["hello", "made with 2", "user-1 has read 1"]);
}

#[tokio::test]
async fn a_message_is_found_in_the_conversations_of_its_user() {
    let chat = chat();
    let ids = users(&chat, 3).await;
    let (first, second) = (open(&chat, &ids[0], &ids[1]).await, open(&chat, &ids[0], &ids[2]).await);
    assert_eq!(chat.known_kind(&tenant(), first), Some(ChannelType::Messaging));
    let said = say(&chat, &ids[0], first, "here").await;
    say(&chat, &ids[0], second, "there").await;
    let found = async |user: &str| chat.conversation_of_message(&tenant(), user, said).await;
    assert_eq!((found(&ids[0]).await, found(&ids[1]).await), (Ok(first), Ok(first)));
    assert_eq!(found(&ids[2]).await, Err(ChatError::NotFound(Missing::Message)));
    let grouped = say(&chat, &ids[0], group(&chat, &ids).await.id, "in a group").await;
    let nowhere = chat.conversation_of_message(&tenant(), &ids[0], grouped).await;
    assert_eq!(nowhere, Err(ChatError::NotFound(Missing::Message)));
}

#[tokio::test]
async fn typing_is_work_too() {
    let notes = Arc::new(Notes::default());
    let chat = chat_with_work(Arc::new(MemoryStore::new()), Arc::<Notes>::clone(&notes));
    let ids = users(&chat, 2).await;
    let id = open(&chat, &ids[0], &ids[1]).await;
    notes.0.lock().clear();
    for is_typing in [true, true, false, false] {
        chat.set_typing(&tenant(), &ids[0], id, is_typing).await.expect("typing");
    }
    assert_eq!(*notes.0.lock(), [format!("{} types: true", ids[0]), format!("{} types: false", ids[0])]);
}
