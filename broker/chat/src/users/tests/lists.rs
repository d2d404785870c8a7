//! Lists of users.

use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::named;
use crate::chat::Chat;
use crate::model::UserPatch;
use crate::testing::{chat, demo, make_users, racing_chat};

async fn ids(chat: &Chat, offset: usize, limit: usize, query: Option<&str>) -> Vec<String> {
    let users = chat.list_users(&demo(), offset, limit, query).await.unwrap();
    users.iter().map(|user| user.id.clone()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_without_hole_or_repeat() {
    let chat = chat();
    let mut expected: Vec<_> = (0..700).map(|number| format!("user-{number}")).collect();
    let entries = expected.iter().map(|id| (id.clone(), named("x"))).collect();
    chat.sync_users(&demo(), entries).await.into_iter().for_each(|result| assert!(result.unwrap().1));
    expected.sort();
    let mut listed = Vec::new();
    for offset in (0..800).step_by(100) {
        listed.extend(ids(&chat, offset, 100, None).await);
    }
    assert_eq!(listed, expected);
    assert!(ids(&chat, usize::MAX, 10, None).await.is_empty());
    assert!(ids(&chat, 0, 0, None).await.is_empty());
}

#[tokio::test]
async fn a_query_is_a_part_of_the_name_in_any_case() {
    let chat = chat();
    for (id, name) in [("u1", "Alice Johnson"), ("u2", "Bob"), ("u3", "JOHN Doe"), ("u4", "Élodie")] {
        chat.upsert_user(&demo(), id, named(name)).await.unwrap();
    }
    assert_eq!(ids(&chat, 0, 10, Some("john")).await, ["u1", "u3"]);
    assert_eq!(ids(&chat, 1, 10, Some("JOHN")).await, ["u3"]);
    assert_eq!(ids(&chat, 0, 10, Some("éLO")).await, ["u4"]);
    assert!(ids(&chat, 0, 10, Some("u1")).await.is_empty());
    chat.upsert_user(&demo(), "u1", named("Bobby")).await.unwrap();
    assert_eq!(ids(&chat, 0, 10, Some("john")).await, ["u3"]);
    assert_eq!(ids(&chat, 0, 10, Some("bob")).await, ["u1", "u2"]);
    chat.delete_user(&demo(), "u2").await.unwrap();
    assert_eq!(ids(&chat, 0, 10, Some("bob")).await, ["u1"]);
}

#[tokio::test]
async fn a_search_looks_at_the_email_address_as_well() {
    let chat = chat();
    let with_email =
        |name: &str, email: Option<&str>| UserPatch { email: Some(email.map(str::to_owned)), ..named(name) };
    chat.upsert_user(&demo(), "u1", with_email("Alice", Some("Ally@Example.com"))).await.unwrap();
    chat.upsert_user(&demo(), "u2", with_email("Ally", None)).await.unwrap();
    let found = async |query: &str, limit: usize| {
        let users = chat.search_users(&demo(), limit, query).await.unwrap();
        users.iter().map(|user| user.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(found("aLLY", 10).await, ["u1", "u2"]);
    assert_eq!(found("ally", 1).await, ["u1"]);
    assert_eq!(found("@example", 10).await, ["u1"]);
    assert_eq!(ids(&chat, 0, 10, Some("@example")).await, [""; 0], "lists look at names only");
    chat.upsert_user(&demo(), "u1", with_email("Alice", Some("a@elsewhere.org"))).await.unwrap();
    assert_eq!(found("ally", 10).await, ["u2"]);
    assert_eq!(found("ELSEWHERE", 10).await, ["u1"]);
    chat.upsert_user(&demo(), "u1", with_email("Alice", None)).await.unwrap();
    assert_eq!(found("elsewhere", 10).await, [""; 0]);
}

#[tokio::test]
async fn racing_renames_leave_hints_that_fit() {
    let chat = racing_chat();
    let tenant = demo();
    make_users(&chat, &["alice"]).await;
    for round in 0..20 {
        let renames = ["Red Fox", "Blue Bird", "Red Fox"].map(|name| chat.upsert_user(&tenant, "alice", named(name)));
        futures_util::future::join_all(renames).await.into_iter().for_each(|done| assert!(done.is_ok()));
        let name = chat.user(&tenant, "alice").await.unwrap().unwrap().profile.name.clone();
        assert_eq!(ids(&chat, 0, 10, Some(&name)).await, ["alice"], "round {round}");
        let slug = [name.to_lowercase().replace(' ', "-")];
        let found = chat.resolve_mentions(&tenant, &slug).await.unwrap();
        assert_eq!(found, [Some("alice".to_owned())], "round {round}");
    }
}

#[tokio::test]
async fn racing_lives_and_deaths_leave_hints_that_fit() {
    let chat = racing_chat();
    let tenant = demo();
    for round in 0..20 {
        let upsert = async || chat.upsert_user(&tenant, "alice", named("Red Fox")).await.map(|_| ());
        let delete = async || chat.delete_user(&tenant, "alice").await;
        let _ = tokio::join!(upsert(), delete(), upsert(), delete());
        let is_there = chat.user(&tenant, "alice").await.unwrap().is_some();
        assert_eq!(ids(&chat, 0, 10, None).await.len(), usize::from(is_there), "round {round}");
        chat.upsert_user(&tenant, "alice", named("Red Fox")).await.unwrap();
        let found = chat.resolve_mentions(&tenant, &["red-fox".to_owned()]).await.unwrap();
        assert_eq!(found, [Some("alice".to_owned())], "round {round}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_list_is_what_is_there(
        changes in prop::collection::vec((0..12_u8, prop::option::of("[aAbB]{1,3}")), 1..40),
        query in "[ab]{0,2}",
    ) {
        Runtime::new().unwrap().block_on(async {
            let chat = chat();
            let mut names = std::collections::BTreeMap::new();
            for (number, name) in changes {
                let id = format!("user-{number}");
                match name {
                    Some(name) => {
                        chat.upsert_user(&demo(), &id, named(&name)).await.unwrap();
                        names.insert(id, name);
                    }
                    None => {
                        let deleted = chat.delete_user(&demo(), &id).await;
                        assert_eq!(deleted.is_ok(), names.remove(&id).is_some());
                    }
                }
            }
            let expected: Vec<_> =
                names.iter().filter(|(_, name)| name.to_lowercase().contains(&query)).map(|(id, _)| id.clone()).collect();
            assert_eq!(ids(&chat, 0, 100, Some(&query)).await, expected);
        });
    }
}
