//! Mentions: what a text says, and whom it means.

use proptest::prelude::*;

use super::named;
use crate::testing::{chat, demo, make_users};
use crate::users::mention_tokens;

#[test]
fn tokens_stand_after_an_at_sign() {
    for (text, expected) in [
        ("Hello @user-2! Check this out.", vec!["user-2"]),
        ("@alice, @bob: hi", vec!["alice", "bob"]),
        ("(@alice) \"@bob\"", vec!["alice", "bob"]),
        ("mail bob@example.com", vec![]),
        ("mail first.last+tag@example.com", vec![]),
        ("@a.b-c_d.", vec!["a.b-c_d"]),
        ("@alice @bob @alice", vec!["alice", "bob"]),
        ("@alice@example.com", vec!["alice@example.com"]),
        ("@alice|@bob", vec!["alice", "bob"]),
        ("@@alice @ @. @-", vec!["alice"]),
        ("see you.@alice", vec!["alice"]),
        ("你好 @élodie。", vec!["élodie"]),
        ("@user:42:", vec!["user:42"]),
        ("@bob's", vec!["bob"]),
        ("", vec![]),
    ] {
        assert_eq!(mention_tokens(text), expected, "{text}");
    }
}

#[test]
fn a_text_has_at_most_fifty() {
    let text: String = (0..80).map(|number| format!("@user{number} ")).collect();
    let tokens = mention_tokens(&text);
    assert_eq!((tokens.len(), tokens[49].as_str()), (50, "user49"));
}

#[tokio::test]
async fn tokens_mean_users_by_id_or_name() {
    let chat = chat();
    make_users(&chat, &["user-2", "BOB", "user", "a.b", "end_"]).await;
    chat.upsert_user(&demo(), "u9", named("Alice Johnson")).await.unwrap();
    chat.upsert_user(&demo(), "u8", named("Élodie")).await.unwrap();
    chat.upsert_user(&demo(), "u7", named("User 2")).await.unwrap();
    for (token, expected) in [
        ("user-2", Some("user-2")),
        ("USER-2", Some("user-2")),
        ("bob", Some("BOB")),
        ("BOB", Some("BOB")),
        ("Alice-Johnson", Some("u9")),
        ("ÉLODIE", Some("u8")),
        ("a.b", Some("a.b")),
        ("a.b.Thanks", Some("a.b")),
        ("user.then", Some("user")),
        ("user_", Some("user")),
        ("end_", Some("end_")),
        ("user-20", None),
        ("alice", None),
        ("nobody", None),
    ] {
        let found = chat.resolve_mentions(&demo(), &[token.to_owned()]).await.unwrap();
        assert_eq!(found, [expected.map(str::to_owned)], "{token}");
    }
}

#[tokio::test]
async fn an_id_in_another_case_comes_before_any_name() {
    let chat = chat();
    for number in 0..40 {
        chat.upsert_user(&demo(), &format!("n{number}"), named("Zed")).await.unwrap();
    }
    make_users(&chat, &["ZED"]).await;
    assert_eq!(chat.resolve_mentions(&demo(), &["zed".to_owned()]).await.unwrap(), [Some("ZED".to_owned())]);
}

#[tokio::test]
async fn a_name_that_was_given_up_means_nobody() {
    let chat = chat();
    chat.upsert_user(&demo(), "u1", named("Alice Johnson")).await.unwrap();
    chat.upsert_user(&demo(), "u1", named("Alice Smith")).await.unwrap();
    let tokens = ["alice-johnson".to_owned(), "alice-smith".to_owned()];
    assert_eq!(chat.resolve_mentions(&demo(), &tokens).await.unwrap(), [None, Some("u1".to_owned())]);
}

proptest! {
    #[test]
    fn any_text_is_read(text: String) {
        let tokens = mention_tokens(&text);
        prop_assert!(tokens.len() <= 50);
        for (index, token) in tokens.iter().enumerate() {
            prop_assert!(!tokens[..index].contains(token));
            let marked = format!("@{token}");
            prop_assert!(text.contains(&marked));
        }
    }

    #[test]
    fn ids_between_spaces_and_punctuation_are_found(
        ids in prop::collection::vec("[A-Za-z0-9][A-Za-z0-9_.-]{0,20}[A-Za-z0-9]", 1..20),
        ends in prop::collection::vec("[,!?;)]{0,2}[.:-]{0,3}", 20),
    ) {
        let text: String = ids.iter().zip(&ends).map(|(id, end)| format!("so @{id}{end} ")).collect();
        let mut expected = Vec::new();
        for id in &ids {
            if !expected.contains(id) {
                expected.push(id.clone());
            }
        }
        prop_assert_eq!(mention_tokens(&text), expected);
    }

    #[test]
    fn an_address_mentions_nobody(local in "[a-z0-9][a-z0-9._+-]{0,10}[a-z0-9]", host in "[a-z]{1,8}\\.[a-z]{2,3}") {
        let text = format!("write to {local}@{host}, please");
        prop_assert!(mention_tokens(&text).is_empty());
    }
}
