//! Tokens: the users that they make, and those that do not count any more.

use crate::error::{ChatError, Missing};
use crate::model::User;
use crate::testing::{chat, demo, make_users};

#[tokio::test]
async fn a_token_makes_its_user_once() {
    let chat = chat();
    let made = chat.ensure_user(&demo(), "alice", Some(1)).await.unwrap();
    assert_eq!(made.profile.name, "alice");
    assert_eq!(chat.ensure_user(&demo(), "alice", None).await.unwrap(), made);
}

#[tokio::test]
async fn a_revocation_voids_what_came_before_even_within_its_second() {
    let chat = chat();
    make_users(&chat, &["alice"]).await;
    let issued_s = chat.now_ms() / 1_000;
    let user = chat.revoke_tokens(&demo(), "alice").await.unwrap();
    for issued_at in [None, Some(0), Some(issued_s)] {
        assert_eq!(chat.ensure_user(&demo(), "alice", issued_at).await, Err(ChatError::Revoked), "{issued_at:?}");
    }
    let new = user.token_time(chat.now_ms() / 1_000);
    chat.ensure_user(&demo(), "alice", Some(new)).await.unwrap();
    let again = chat.revoke_tokens(&demo(), "alice").await.unwrap();
    assert_eq!(chat.ensure_user(&demo(), "alice", Some(new)).await, Err(ChatError::Revoked));
    chat.ensure_user(&demo(), "alice", Some(again.token_time(0))).await.unwrap();
}

#[tokio::test]
async fn many_revocations_do_not_run_ahead_of_the_clock() {
    let mut user = serde_json::from_value::<User>(serde_json::json!({
        "id": "a", "entity": "0123456789abcdef01234567", "name": "a", "created_at": 0, "updated_at": 0,
    }));
    let user = user.as_mut().unwrap();
    for _ in 0..100 {
        user.void_tokens(5_500);
    }
    assert_eq!(user.tokens_valid_from, Some(15));
    user.void_tokens(60_000);
    assert_eq!(user.tokens_valid_from, Some(61));
}

#[tokio::test]
async fn nobody_elses_tokens_are_revoked() {
    let chat = chat();
    make_users(&chat, &["alice", "bob"]).await;
    chat.revoke_tokens(&demo(), "alice").await.unwrap();
    chat.ensure_user(&demo(), "bob", None).await.unwrap();
    assert_eq!(chat.revoke_tokens(&demo(), "carol").await, Err(ChatError::NotFound(Missing::User)));
}
