//! Blocks.

use crate::error::{ChatError, Missing};
use crate::testing::{chat, demo, make_users};

#[tokio::test]
async fn a_block_stands_between_two_from_either_side_until_it_is_taken_back() {
    let chat = chat();
    make_users(&chat, &["alice", "bob", "carol"]).await;
    let blocked = async |one, other| chat.is_blocked_either_way(&demo(), one, other).await.unwrap();
    assert!(chat.block(&demo(), "alice", "bob").await.unwrap());
    assert!(!chat.block(&demo(), "alice", "bob").await.unwrap());
    assert!(blocked("alice", "bob").await && blocked("bob", "alice").await);
    assert!(!blocked("alice", "carol").await);
    // The other one taking back what it never said changes nothing.
    assert!(!chat.unblock(&demo(), "bob", "alice").await.unwrap());
    assert!(blocked("alice", "bob").await);
    let listed = chat.blocked_by(&demo(), "alice").await.unwrap();
    assert_eq!(listed.iter().map(|(other, _)| other.as_str()).collect::<Vec<_>>(), ["bob"]);
    assert!(chat.unblock(&demo(), "alice", "bob").await.unwrap());
    assert!(!blocked("alice", "bob").await);
}

#[tokio::test]
async fn only_somebody_else_who_exists_can_be_blocked() {
    let chat = chat();
    make_users(&chat, &["alice"]).await;
    assert_eq!(chat.block(&demo(), "alice", "bob").await, Err(ChatError::NotFound(Missing::User)));
    let oneself = chat.block(&demo(), "alice", "alice").await;
    assert!(matches!(oneself, Err(ChatError::Invalid { field: "userId", .. })), "{oneself:?}");
}
