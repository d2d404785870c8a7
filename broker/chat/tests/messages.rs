//! What a message is after things have happened to it, and which page it is on.

mod support;

use std::time::Duration;

use natter_chat::{ChatError, Cursor, DeleteRule, Entry, Missing, NewMessage, Page};
use natter_core::EntityId;
use support::{chat, group, say, tenant, text, users};

fn seqs(page: &Page) -> Vec<u64> {
    page.entries
        .iter()
        .map(|entry| match entry {
            Entry::Message(message) => message.seq,
            Entry::Deleted { seq, .. } => *seq,
        })
        .collect()
}

const HOUR: DeleteRule = DeleteRule::SenderWithin(Duration::from_secs(3_600));

#[tokio::test]
async fn pages_are_ascending_and_say_whether_there_is_more() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let channel = group(&chat, &members).await.id;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(say(&chat, &members[0], channel, &number.to_string()).await);
    }
    let cases = [
        (Cursor::Newest, 4, vec![7, 8, 9, 10], true),
        (Cursor::Newest, 10, (1..=10).collect(), false),
        (Cursor::Before(ids[6]), 3, vec![4, 5, 6], true),
        (Cursor::Before(ids[2]), 5, vec![1, 2], false),
        (Cursor::Before(ids[0]), 5, vec![], false),
        (Cursor::After(ids[6]), 2, vec![8, 9], true),
        (Cursor::After(ids[6]), 3, vec![8, 9, 10], false),
        (Cursor::After(ids[9]), 3, vec![], false),
        (Cursor::Since(9), 5, vec![9, 10], false),
        (Cursor::Since(11), 5, vec![], false),
        (Cursor::Since(0), 2, vec![1, 2], true),
    ];
    for (cursor, limit, expected, has_more) in cases {
        let page = chat.messages(&tenant(), &members[1], channel, cursor, limit).await.expect("a page");
        assert_eq!((seqs(&page), page.has_more, page.max_seq), (expected, has_more, 10), "{cursor:?} {limit}");
    }
    let unknown = chat.messages(&tenant(), &members[1], channel, Cursor::After(EntityId([1; 12])), 5).await;
    assert_eq!(unknown, Err(ChatError::NotFound(Missing::Message)));
}

#[tokio::test]
async fn events_between_messages_do_not_shorten_pages() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let channel = group(&chat, &members).await.id;
    let tenant = tenant();
    for number in 0..5 {
        let id = say(&chat, &members[0], channel, &number.to_string()).await;
        for emoji in ["👍", "🎉", "+1"] {
            chat.react(&tenant, &members[1], channel, id, emoji).await.expect("a reaction");
        }
    }
    let page = chat.messages(&tenant, &members[0], channel, Cursor::Newest, 3).await.expect("a page");
    assert_eq!((seqs(&page), page.has_more), (vec![3, 4, 5], true));
    let page = chat.messages(&tenant, &members[0], channel, Cursor::Since(2), 10).await.expect("a page");
    assert_eq!(seqs(&page), [2, 3, 4, 5]);
}

#[tokio::test]
async fn a_deleted_message_is_left_out_and_shown_as_a_tombstone_in_a_sync() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let channel = group(&chat, &members).await.id;
    let tenant = tenant();
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(say(&chat, &members[0], channel, &number.to_string()).await);
    }
    let refused = chat.delete_message(&tenant, &members[1], channel, ids[1], HOUR).await;
    assert!(matches!(refused, Err(ChatError::Forbidden(_))));
    chat.delete_message(&tenant, &members[0], channel, ids[1], HOUR).await.expect("deleted");
    chat.delete_message(&tenant, &members[0], channel, ids[3], HOUR).await.expect("deleted");
    let page = chat.messages(&tenant, &members[1], channel, Cursor::Newest, 10).await.expect("a page");
    assert_eq!(seqs(&page), [1, 3]);
    let sync = chat.messages(&tenant, &members[1], channel, Cursor::Since(1), 10).await.expect("a page");
    assert_eq!(seqs(&sync), [1, 2, 3, 4]);
    assert!(matches!(&sync.entries[1], Entry::Deleted { id, .. } if *id == ids[1]));
    let overview = chat.channel(&tenant, &members[1], channel).await.expect("an overview");
    assert_eq!((overview.unread, overview.max_seq), (2, 4));
    assert_eq!(overview.last_message.expect("a message").id, ids[2], "the newest that is left");
    let again = chat.delete_message(&tenant, &members[0], channel, ids[1], HOUR).await;
    assert_eq!(again.err(), Some(ChatError::NotFound(Missing::Message)));
}

#[tokio::test]
async fn an_edit_is_seen_at_once_and_only_by_its_sender_made() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let channel = group(&chat, &members).await.id;
    let tenant = tenant();
    let id = say(&chat, &members[0], channel, "hello").await;
    assert!(matches!(
        chat.edit(&tenant, &members[1], channel, id, "no".to_owned()).await,
        Err(ChatError::Forbidden(_))
    ));
    let edited = chat.edit(&tenant, &members[0], channel, id, "hello @user-1".to_owned()).await.expect("edited");
    let read = chat.message(&tenant, &members[1], channel, id).await.expect("the message");
    assert_eq!(read, edited);
    assert_eq!((read.text.as_str(), read.mentions.as_slice()), ("hello @user-1", ["user-1".to_owned()].as_slice()));
    assert!(read.updated_at >= read.created_at);
    let overview = chat.channel(&tenant, &members[1], channel).await.expect("an overview");
    assert_eq!(overview.last_message.expect("a message").text, "hello @user-1");
}

#[tokio::test]
async fn threads_count_their_answers() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let channel = group(&chat, &members).await.id;
    let tenant = tenant();
    let parent = say(&chat, &members[0], channel, "question").await;
    say(&chat, &members[0], channel, "something else").await;
    let mut newest = None;
    for number in 0..3 {
        let new = NewMessage { parent: Some(parent), ..text(&number.to_string()) };
        newest = Some(chat.send(&tenant, &members[1], channel, new).await.expect("sent").message);
    }
    let read = chat.message(&tenant, &members[0], channel, parent).await.expect("the message");
    assert_eq!((read.reply_count, read.last_reply_at), (3, newest.map(|newest| newest.created_at)));
    let thread = chat.thread(&tenant, &members[0], channel, parent, 2).await.expect("a thread");
    assert_eq!((seqs(&thread), thread.has_more), (vec![4, 5], true));
    let orphan = NewMessage { parent: Some(EntityId([3; 12])), ..text("?") };
    assert_eq!(
        chat.send(&tenant, &members[1], channel, orphan).await.err(),
        Some(ChatError::NotFound(Missing::Message))
    );
}

#[tokio::test]
async fn pins_are_listed_newest_first() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let channel = group(&chat, &members).await.id;
    let tenant = tenant();
    let first = say(&chat, &members[0], channel, "one").await;
    let second = say(&chat, &members[0], channel, "two").await;
    for id in [second, first] {
        chat.set_pin(&tenant, &members[1], channel, id, true).await.expect("pinned");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    let pins = chat.pins(&tenant, &members[0], channel).await.expect("pins");
    assert_eq!(pins.iter().map(|message| message.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!(pins[0].pin.as_ref().expect("a pin").by, members[1]);
    chat.set_pin(&tenant, &members[1], channel, first, false).await.expect("unpinned");
    let pins = chat.pins(&tenant, &members[0], channel).await.expect("pins");
    assert_eq!(pins.iter().map(|message| message.id).collect::<Vec<_>>(), [second]);
}

#[tokio::test]
async fn values_out_of_bounds_are_refused_by_their_field() {
    let chat = chat();
    let members = users(&chat, 1).await;
    let channel = group(&chat, &members).await.id;
    let cases = [
        (text(""), "text"),
        (text("   "), "text"),
        (text(&"x".repeat(10_001)), "text"),
        (NewMessage { client_id: Some("x".repeat(65)), ..text("hello") }, "clientId"),
    ];
    for (new, field) in cases {
        match chat.send(&tenant(), &members[0], channel, new).await {
            Err(ChatError::Invalid { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    assert!(chat.send(&tenant(), &members[0], channel, text(&"ü".repeat(10_000))).await.is_ok());
}
