//! Deleting users, and their next lives.

use super::named;
use crate::error::{ChatError, Missing};
use crate::model::{ChannelType, NewChannel, NewDevice, NewWorkspace, Platform, PreferencesPatch, Provider};
use crate::testing::{chat, demo, make_users};

#[tokio::test]
async fn a_deleted_user_is_gone_and_its_name_with_it() {
    let chat = chat();
    let (made, _) = chat.upsert_user(&demo(), "alice", named("Alice Johnson")).await.unwrap();
    chat.delete_user(&demo(), "alice").await.unwrap();
    assert_eq!(chat.user(&demo(), "alice").await.unwrap(), None);
    assert_eq!(chat.user_by_entity(&demo(), made.entity).await.unwrap(), None);
    assert!(chat.list_users(&demo(), 0, 10, None).await.unwrap().is_empty());
    assert_eq!(chat.resolve_mentions(&demo(), &["alice-johnson".to_owned()]).await.unwrap(), [None]);
    let ids = ["alice".to_owned(), "nobody".to_owned()];
    let briefs = chat.users_brief(&demo(), &ids).await.unwrap();
    assert_eq!(briefs.iter().map(|brief| brief.name.as_str()).collect::<Vec<_>>(), ["Deleted user", "Deleted user"]);
    assert_eq!(briefs[0].entity, made.entity);
    for gone in ["alice", "nobody"] {
        assert_eq!(chat.delete_user(&demo(), gone).await, Err(ChatError::NotFound(Missing::User)), "{gone}");
    }
}

#[tokio::test]
async fn what_belonged_to_the_user_is_removed() {
    let chat = chat();
    let tenant = demo();
    make_users(&chat, &["alice", "bob"]).await;
    let new = NewDevice {
        platform: Platform::Ios,
        provider: Provider::Apns,
        token: "token".into(),
        device_id: None,
        app_version: None,
    };
    chat.register_device(&tenant, "alice", new).await.unwrap();
    let off = PreferencesPatch { push_enabled: Some(false), ..PreferencesPatch::default() };
    chat.change_preferences(&tenant, "alice", off).await.unwrap();
    let new = NewWorkspace { name: "Acme".into(), kind: "team".into(), image: None };
    chat.create_workspace(&tenant, "alice", new).await.unwrap();
    chat.block(&tenant, "alice", "bob").await.unwrap();
    chat.touch_activity(&tenant, "alice").await.unwrap();
    let channel = NewChannel {
        kind: ChannelType::Group,
        name: "General".into(),
        description: None,
        image: None,
        members: vec!["alice".into()],
        workspace: None,
        extra: serde_json::Map::new(),
    };
    let (overview, _) = chat.create_channel(&tenant, "bob", channel).await.unwrap();

    chat.delete_user(&tenant, "alice").await.unwrap();

    assert!(chat.devices_of(&tenant, "alice").await.unwrap().is_empty());
    assert!(chat.preferences(&tenant, "alice").await.unwrap().push_enabled);
    assert!(chat.workspaces_of(&tenant, "alice").await.unwrap().is_empty());
    assert!(!chat.is_blocked_either_way(&tenant, "bob", "alice").await.unwrap());
    assert_eq!(chat.last_active_at(&tenant, "alice").await.unwrap(), None);
    let members = chat.members(&tenant, "bob", overview.channel.id).await.unwrap();
    assert_eq!(members.iter().map(|member| member.user.as_str()).collect::<Vec<_>>(), ["bob"]);
}

#[tokio::test]
async fn a_new_life_has_the_old_ids_and_refuses_old_tokens() {
    let chat = chat();
    let (made, _) = chat.upsert_user(&demo(), "alice", named("Alice")).await.unwrap();
    let issued_s = chat.now_ms() / 1_000;
    chat.delete_user(&demo(), "alice").await.unwrap();
    assert_eq!(chat.ensure_user(&demo(), "alice", Some(issued_s)).await, Err(ChatError::Revoked));
    let (reborn, is_new) = chat.upsert_user(&demo(), "alice", Default::default()).await.unwrap();
    assert!(is_new && reborn.profile.name == "alice" && reborn.profile.email.is_none());
    assert_eq!(reborn.entity, made.entity);
    assert_eq!(chat.ensure_user(&demo(), "alice", Some(issued_s)).await, Err(ChatError::Revoked));
    let new = reborn.token_time(issued_s);
    assert_eq!(chat.ensure_user(&demo(), "alice", Some(new)).await.unwrap(), reborn);
    assert_eq!(chat.list_users(&demo(), 0, 10, None).await.unwrap(), [reborn]);
}

#[tokio::test]
async fn a_token_from_after_the_deletion_begins_a_new_life() {
    let chat = chat();
    make_users(&chat, &["alice"]).await;
    chat.delete_user(&demo(), "alice").await.unwrap();
    let user = chat.ensure_user(&demo(), "alice", Some(chat.now_ms() / 1_000 + 2)).await.unwrap();
    assert!(user.is_alive());
}

#[tokio::test]
async fn a_deletion_that_failed_on_the_way_is_finished_before_the_next_life() {
    let chat = chat();
    let tenant = demo();
    make_users(&chat, &["alice", "bob"]).await;
    chat.block(&tenant, "alice", "bob").await.unwrap();
    let broken_off = chat.change_user(&tenant, "alice", |user| {
        Ok(user.map(|user| crate::model::User { deleted_at: Some(1), is_leaving: true, ..user.clone() }))
    });
    broken_off.await.unwrap();
    let (reborn, is_new) = chat.upsert_user(&tenant, "alice", Default::default()).await.unwrap();
    assert!(is_new && !reborn.is_leaving);
    assert!(chat.blocked_by(&tenant, "alice").await.unwrap().is_empty());
}
