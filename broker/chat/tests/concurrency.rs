//! Concurrent writers never lose an update, and numbers have no gap.

mod support;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use natter_chat::{Cursor, Entry, NewMessage};
use support::{chat, group, say, tenant, text, users};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_senders_get_the_numbers_1_to_200() {
    let chat = chat();
    let members = users(&chat, 20).await;
    let channel = group(&chat, &members).await.id;
    let tenant = tenant();
    let sends = (0..200).map(|number| {
        let (chat, tenant, sender) = (chat.clone(), tenant.clone(), members[number % 20].clone());
        async move { chat.send(&tenant, &sender, channel, text(&format!("{number}"))).await.expect("sent").message.seq }
    });
    let numbers: BTreeSet<u64> = join_all(sends).await.into_iter().collect();
    assert_eq!(numbers, (1..=200).collect());
    let page = chat.messages(&tenant, &members[0], channel, Cursor::Since(1), 1_000).await.expect("a page");
    let seqs: Vec<u64> = page
        .entries
        .iter()
        .map(|entry| match entry {
            Entry::Message(message) => message.seq,
            Entry::Deleted { seq, .. } => *seq,
        })
        .collect();
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
    for (index, member) in members.iter().enumerate() {
        let overview = chat.channel(&tenant, member, channel).await.expect("an overview");
        assert_eq!((index, overview.unread, overview.max_seq), (index, 190, 200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_concurrent_reactions_are_all_there() {
    let chat = chat();
    let members = users(&chat, 50).await;
    let channel = group(&chat, &members).await.id;
    let message = say(&chat, &members[0], channel, "vote").await;
    let tenant = tenant();
    let votes = members.iter().enumerate().map(|(number, member)| {
        let emoji = if number % 2 == 0 { "👍" } else { "👎" };
        chat.react(&tenant, member, channel, message, emoji)
    });
    for vote in join_all(votes).await {
        assert!(vote.expect("a reaction").1, "every one is new");
    }
    let reactions = chat.message(&tenant, &members[0], channel, message).await.expect("the message").reactions;
    let counted: Vec<_> = reactions.iter().map(|reaction| (reaction.count, reaction.users.len())).collect();
    assert_eq!(counted, [(25, 25), (25, 25)]);
    assert_eq!(reactions.iter().filter(|reaction| reaction.own).count(), 1, "the caller's own is marked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_id_makes_one_message_of_32_sends() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let channel = group(&chat, &members).await.id;
    let tenant = tenant();
    let sends = (0..32).map(|_| {
        let new = NewMessage { client_id: Some("once".to_owned()), ..text("hello") };
        chat.send(&tenant, &members[0], channel, new)
    });
    let answers: Vec<_> = join_all(sends).await.into_iter().map(|sent| sent.expect("an answer")).collect();
    assert_eq!(answers.iter().filter(|sent| !sent.is_repeat).count(), 1);
    assert!(answers.iter().all(|sent| sent.message == answers[0].message));
    assert_eq!(chat.channel(&tenant, &members[1], channel).await.expect("an overview").max_seq, 1);
    let other = NewMessage { client_id: Some("once".to_owned()), ..text("from somebody else") };
    let sent = chat.send(&tenant, &members[1], channel, other).await.expect("sent");
    assert!(!sent.is_repeat, "another sender's id is another one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_positions_never_go_back() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let channel = group(&chat, &members).await.id;
    let tenant = tenant();
    let mut ids = Vec::new();
    for number in 0..40 {
        ids.push(say(&chat, &members[number % 2], channel, "hello").await);
    }
    let reads = ids.iter().rev().map(|id| chat.mark_read(&tenant, &members[1], channel, Some(*id)));
    for position in join_all(reads).await {
        position.expect("a position");
    }
    let overview = chat.channel(&tenant, &members[1], channel).await.expect("an overview");
    assert_eq!(overview.membership.expect("a member").last_read_seq, 40);
    assert_eq!(overview.unread, 0);
    let back = chat.mark_read(&tenant, &members[1], channel, Some(ids[3])).await.expect("a position");
    assert_eq!(back.seq, 40);
}
