//! Profiles: what makes and changes them, and what they may hold.

use natter_core::{EntityId, TenantId};
use serde_json::{Map, Value, json};

use super::named;
use crate::error::ChatError;
use crate::model::UserPatch;
use crate::testing::{chat, chat_over, demo, make_users, racing_chat};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test]
async fn an_upsert_makes_then_changes_then_clears() {
    let chat = chat();
    let patch = UserPatch {
        name: Some(Some("Alice Johnson".into())),
        email: Some(Some("alice@example.com".into())),
        image: Some(Some("https://example.com/a.jpg".into())),
        custom: Some(Some(object(json!({"role": "admin"})))),
    };
    let (made, is_new) = chat.upsert_user(&demo(), "alice", patch).await.unwrap();
    assert!(is_new);
    let (kept, is_new) = chat.upsert_user(&demo(), "alice", named("Alice")).await.unwrap();
    assert!(!is_new);
    assert_eq!((kept.profile.name.as_str(), &kept.profile.email), ("Alice", &made.profile.email));
    assert_eq!((kept.entity, kept.created_at), (made.entity, made.created_at));
    let clear = UserPatch { name: Some(None), email: Some(None), image: Some(None), custom: Some(None) };
    let (cleared, _) = chat.upsert_user(&demo(), "alice", clear).await.unwrap();
    assert_eq!(cleared.profile.name, "alice");
    assert_eq!((&cleared.profile.email, &cleared.profile.image), (&None, &None));
    assert!(cleared.profile.custom.is_empty());
}

#[tokio::test]
async fn what_nothing_changes_leaves_the_row() {
    let chat = chat();
    let (made, _) = chat.upsert_user(&demo(), "alice", named("Alice")).await.unwrap();
    let (again, is_new) = chat.upsert_user(&demo(), "alice", named("Alice")).await.unwrap();
    assert_eq!((&made, false), (&again, is_new));
}

#[tokio::test]
async fn fields_that_cannot_be_taken_are_named() {
    let chat = chat();
    let text = |text: &str| Some(Some(text.to_owned()));
    let huge = object(json!({"text": "x".repeat(17_000)}));
    let patches = [
        ("name", UserPatch { name: text(&"n".repeat(201)), ..UserPatch::default() }),
        ("email", UserPatch { email: text("alice"), ..UserPatch::default() }),
        ("email", UserPatch { email: text("a@b@c.de"), ..UserPatch::default() }),
        ("email", UserPatch { email: text("a b@c.de"), ..UserPatch::default() }),
        ("email", UserPatch { email: text(&format!("a@{}", "b".repeat(253))), ..UserPatch::default() }),
        ("image", UserPatch { image: text("javascript:alert(1)"), ..UserPatch::default() }),
        ("custom", UserPatch { custom: Some(Some(huge)), ..UserPatch::default() }),
    ];
    for (expected, patch) in patches {
        let refused = chat.upsert_user(&demo(), "alice", patch.clone()).await;
        assert!(
            matches!(&refused, Err(ChatError::Invalid { field, .. }) if *field == expected),
            "{patch:?} {refused:?}"
        );
    }
    for id in ["", "a b", "a/b", "é", &"a".repeat(129)] {
        let refused = chat.upsert_user(&demo(), id, UserPatch::default()).await;
        assert!(matches!(&refused, Err(ChatError::Invalid { field: "id", .. })), "{id}");
    }
    chat.upsert_user(&demo(), &"aZ0_-.@+|:".repeat(12), UserPatch::default()).await.unwrap();
}

#[tokio::test]
async fn the_96_bit_id_leads_to_the_user() {
    let chat = chat();
    let hex = "0123456789abcdef01234567";
    make_users(&chat, &["alice", hex]).await;
    let alice = chat.user(&demo(), "alice").await.unwrap().unwrap();
    let found = chat.user_by_entity(&demo(), alice.entity).await.unwrap().unwrap();
    assert_eq!(found.id, "alice");
    let entity = EntityId::parse_hex(hex).unwrap();
    assert_eq!(chat.user_by_entity(&demo(), entity).await.unwrap().unwrap().id, hex);
    assert_eq!(chat.user(&demo(), hex).await.unwrap().unwrap().entity, entity);
    let taken = chat.ensure_user(&demo(), &alice.entity.to_hex(), None).await;
    assert!(matches!(taken, Err(ChatError::Conflict(_))), "{taken:?}");
}

#[tokio::test]
async fn nothing_crosses_tenants() {
    let chat = chat();
    make_users(&chat, &["alice"]).await;
    let (other, entity) = (TenantId::new("other"), chat.user(&demo(), "alice").await.unwrap().unwrap().entity);
    assert_eq!(chat.user(&other, "alice").await.unwrap(), None);
    assert_eq!(chat.user_by_entity(&other, entity).await.unwrap(), None);
    assert!(chat.list_users(&other, 0, 10, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_bad_entry_does_not_stop_a_sync_and_the_last_of_one_id_wins() {
    let chat = chat();
    let mut entries: Vec<_> = (0..600).map(|number| (format!("user-{number}"), named("first"))).collect();
    entries.insert(7, ("not an id".into(), named("x")));
    entries.push(("user-3".into(), named("second")));
    let results = chat.sync_users(&demo(), entries).await;
    assert_eq!(results.len(), 602);
    assert!(matches!(&results[7], Err(ChatError::Invalid { field: "id", .. })));
    assert_eq!(results.iter().filter(|result| matches!(result, Ok((_, true)))).count(), 600);
    let (last, is_new) = results[601].as_ref().unwrap();
    assert_eq!((last.profile.name.as_str(), is_new), ("second", &false));
    assert_eq!(chat.user(&demo(), "user-3").await.unwrap().unwrap().profile.name, "second");
}

#[tokio::test]
async fn racing_upserts_make_one_user_and_lose_no_field() {
    let chat = racing_chat();
    let email = UserPatch { email: Some(Some("a@b.de".into())), ..UserPatch::default() };
    let image = UserPatch { image: Some(Some("https://a.de/b".into())), ..UserPatch::default() };
    let tenant = demo();
    let patches = [named("Alice"), email, image].map(|patch| chat.upsert_user(&tenant, "alice", patch));
    let done = futures_util::future::join_all(patches).await;
    assert_eq!(done.iter().filter(|done| done.as_ref().unwrap().1).count(), 1);
    let user = chat.user(&tenant, "alice").await.unwrap().unwrap();
    assert_eq!(user.profile.name, "Alice");
    assert!(user.profile.email.is_some() && user.profile.image.is_some());
    assert_eq!(chat.user_by_entity(&tenant, user.entity).await.unwrap().unwrap().id, "alice");
}

#[tokio::test]
async fn activity_outlives_a_restart_and_is_exact_before_it() {
    let chat = chat();
    assert_eq!(chat.last_active_at(&demo(), "alice").await.unwrap(), None);
    chat.touch_activity(&demo(), "alice").await.unwrap();
    let first = chat.last_active_at(&demo(), "alice").await.unwrap();
    while Some(chat.now_ms()) == first {
        tokio::task::yield_now().await;
    }
    chat.touch_activity(&demo(), "alice").await.unwrap();
    let ids = ["alice".to_owned(), "bob".to_owned()];
    let times = chat.users_activity(&demo(), &ids).await.unwrap();
    assert!(times[0] > first && times[1].is_none(), "{times:?}");
    // The second touch came within a minute of the first: only the first one is stored.
    let restarted = chat_over(chat.0.store.clone());
    assert_eq!(restarted.last_active_at(&demo(), "alice").await.unwrap(), first);
}
