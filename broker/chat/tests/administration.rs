//! Channels whose admins are equals, and channels that only admins write into.

#![allow(clippy::expect_used, reason = "a test fails by it")]

mod support;

use natter_chat::{ChannelPatch, ChatError, Missing, NewMessage, Posting, Role};
use support::{chat, group, say, tenant, users};

#[tokio::test]
async fn an_admin_always_remains_and_one_of_them_owns_the_channel() {
    let chat = chat();
    let ids = users(&chat, 3).await;
    let id = group(&chat, &ids).await.id;
    let set = async |by: usize, of: usize, is_admin| chat.set_admin(&tenant(), &ids[by], id, &ids[of], is_admin).await;
    assert!(matches!(set(1, 2, true).await, Err(ChatError::Forbidden(_))));
    assert!(matches!(set(0, 0, false).await, Err(ChatError::Conflict(_))), "the only one");
    let leave = async |by: usize, of: usize| chat.remove_keeping_admin(&tenant(), &ids[by], id, &ids[of]).await;
    assert!(matches!(leave(0, 0).await, Err(ChatError::Conflict(_))));
    let (member, is_changed) = set(0, 1, true).await.expect("an admin");
    assert_eq!((member.role, is_changed), (Role::Admin, true));
    assert!(!set(0, 1, true).await.expect("an admin").1);
    assert_eq!(set(1, 0, false).await.expect("a member").0.role, Role::Member);
    let role = async |user: usize| chat.membership(&tenant(), &ids[user], id).await.expect("a member").role;
    assert_eq!((role(0).await, role(1).await), (Role::Member, Role::Owner));
    assert!(matches!(leave(0, 2).await, Err(ChatError::Forbidden(_))));
    assert!(!leave(1, 2).await.expect("a removal").is_deleted);
    assert!(!leave(0, 0).await.expect("a removal").is_deleted);
    assert!(leave(1, 1).await.expect("a removal").is_deleted);
    let gone = chat.overview_unasked(&tenant(), &ids[0], id).await;
    assert_eq!(gone.expect_err("it is gone"), ChatError::NotFound(Missing::Channel));
}

#[tokio::test]
async fn every_admin_deletes() {
    let chat = chat();
    let ids = users(&chat, 3).await;
    let id = group(&chat, &ids).await.id;
    chat.set_admin(&tenant(), &ids[0], id, &ids[1], true).await.expect("an admin");
    let refused = chat.delete_channel_by_admin(&tenant(), &ids[2], id).await;
    assert!(matches!(refused, Err(ChatError::Forbidden(_))));
    chat.delete_channel_by_admin(&tenant(), &ids[1], id).await.expect("deleted");
}

#[tokio::test]
async fn only_admins_write_where_others_may_not() {
    let chat = chat();
    let ids = users(&chat, 2).await;
    let id = group(&chat, &ids).await.id;
    let patch = ChannelPatch { posting: Some(Posting::Admins), ..ChannelPatch::default() };
    chat.change_channel_details(&tenant(), &ids[0], id, patch).await.expect("changed");
    say(&chat, &ids[0], id, "the owner may").await;
    let new = NewMessage { text: "others may not".to_owned(), ..NewMessage::default() };
    assert!(matches!(chat.send(&tenant(), &ids[1], id, new).await, Err(ChatError::Forbidden(_))));
    chat.set_admin(&tenant(), &ids[0], id, &ids[1], true).await.expect("an admin");
    say(&chat, &ids[1], id, "an admin may").await;
    assert_eq!(chat.overview_unasked(&tenant(), &ids[1], id).await.expect("a channel").messages, 2);
}
