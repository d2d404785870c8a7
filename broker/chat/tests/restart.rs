//! What a crash leaves: the log is the truth, and everything that follows from it comes back.

mod support;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use natter_chat::event::EventBody;
use natter_chat::{ChatError, Cursor, DeleteRule, Happened, NewMessage, Work};
use natter_store::{MemoryStore, Store};
use parking_lot::Mutex;
use support::{chat_over, chat_with_work, group, say, tenant, text, users};

/// A second domain over the same store knows only what the first has stored, as after a kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_and_states_come_back_from_the_log() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let chat = chat_over(Arc::clone(&store));
    let members = users(&chat, 3).await;
    let channel = group(&chat, &members).await.id;
    let tenant = tenant();
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(say(&chat, &members[number % 3], channel, "hello").await);
        if number == 15 {
            // So that a summary is stored somewhere in between.
            tokio::time::sleep(Duration::from_millis(1_200)).await;
        }
    }
    chat.mark_read(&tenant, &members[1], channel, Some(ids[11])).await.expect("read");
    chat.delete_message(&tenant, &members[0], channel, ids[15], DeleteRule::Sender).await.expect("deleted");
    chat.react(&tenant, &members[2], channel, ids[20], "👍").await.expect("a reaction");
    let reply = NewMessage { parent: Some(ids[20]), ..text("answer") };
    chat.send(&tenant, &members[2], channel, reply).await.expect("sent");
    let mut before = Vec::new();
    for member in &members {
        before.push(chat.channel(&tenant, member, channel).await.expect("an overview"));
    }

    let again = chat_over(store);
    for (member, before) in members.iter().zip(&before) {
        let after = again.channel(&tenant, member, channel).await.expect("an overview");
        assert_eq!(
            (after.unread, after.max_seq, &after.last_message),
            (before.unread, before.max_seq, &before.last_message)
        );
    }
    let page = again.messages(&tenant, &members[0], channel, Cursor::Since(1), 100).await.expect("a page");
    assert_eq!(page, chat.messages(&tenant, &members[0], channel, Cursor::Since(1), 100).await.expect("a page"));
    let parent = again.message(&tenant, &members[2], channel, ids[20]).await.expect("the message");
    assert_eq!((parent.reply_count, parent.reactions.len()), (1, 1));
}

/// Projected twice, from the very beginning of the log, states are the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projecting_a_log_again_changes_nothing() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let chat = chat_over(Arc::clone(&store));
    let members = users(&chat, 2).await;
    let channel = group(&chat, &members).await.id;
    let tenant = tenant();
    let parent = say(&chat, &members[0], channel, "question").await;
    for _ in 0..5 {
        let reply = NewMessage { parent: Some(parent), ..text("answer") };
        chat.send(&tenant, &members[1], channel, reply).await.expect("sent");
    }
    chat.edit(&tenant, &members[0], channel, parent, "question?".to_owned()).await.expect("edited");
    let before = chat.message(&tenant, &members[0], channel, parent).await.expect("the message");
    // No summary was stored, so the whole log is projected once more.
    let again = chat_over(store);
    again.channel(&tenant, &members[0], channel).await.expect("an overview");
    say(&again, &members[0], channel, "later").await;
    let reply = NewMessage { parent: Some(parent), ..text("the last answer") };
    again.send(&tenant, &members[1], channel, reply).await.expect("sent");
    let after = again.message(&tenant, &members[0], channel, parent).await.expect("the message");
    assert_eq!((before.reply_count, after.reply_count), (5, 6));
    assert_eq!(after.text, "question?");
}

/// Takes no messages, or notes their numbers.
struct Takes(Option<Mutex<Vec<u64>>>);

#[async_trait]
impl Work for Takes {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        let EventBody::Message(_) = &happened.event.body else { return Ok(()) };
        let taken = self.0.as_ref().ok_or(ChatError::Unavailable)?;
        taken.lock().push(happened.seq);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_a_crash_has_cut_short_is_done_though_nobody_comes_by() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let chat = chat_with_work(Arc::clone(&store), Arc::new(Takes(None)));
    let members = users(&chat, 2).await;
    let channel = group(&chat, &members).await.id;
    for _ in 0..3 {
        say(&chat, &members[0], channel, "hello").await;
    }
    let takes = Arc::new(Takes(Some(Mutex::default())));
    let _again = chat_with_work(store, Arc::<Takes>::clone(&takes));
    let taken = || takes.0.as_ref().map(|taken| taken.lock().clone()).unwrap_or_default();
    for _ in 0..500 {
        if taken().len() >= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(taken(), [1, 2, 3]);
}
