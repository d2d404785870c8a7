//! Devices: one per token, and who has it.

use futures_util::future::join_all;

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::model::{Device, NewDevice, Platform, Provider};
use crate::testing::{chat, demo, racing_chat};

fn new(token: &str) -> NewDevice {
    let (platform, provider) = (Platform::Android, Provider::Fcm);
    NewDevice { platform, provider, token: token.to_owned(), device_id: None, app_version: None }
}

fn of_client(token: &str, device_id: &str) -> NewDevice {
    NewDevice { device_id: Some(device_id.to_owned()), ..new(token) }
}

async fn register(chat: &Chat, user: &str, new: NewDevice) -> (Device, bool) {
    chat.register_device(&demo(), user, new).await.unwrap()
}

async fn tokens(chat: &Chat, user: &str) -> Vec<String> {
    let devices = chat.devices_of(&demo(), user).await.unwrap();
    devices.into_iter().map(|device| device.token).collect()
}

#[tokio::test]
async fn the_same_token_is_the_same_device() {
    let chat = chat();
    let (first, is_new) = register(&chat, "alice", new("t1")).await;
    assert!(is_new);
    let (again, is_new) = register(&chat, "alice", of_client("t1", "phone")).await;
    assert_eq!((again.id, again.created_at, is_new), (first.id, first.created_at, false));
    assert_eq!(again.device_id.as_deref(), Some("phone"));
    // Another platform's token is another one, whatever it says.
    let (other, _) = register(&chat, "alice", NewDevice { platform: Platform::Web, ..new("t1") }).await;
    assert_ne!(other.id, first.id);
    assert_eq!(tokens(&chat, "alice").await, ["t1", "t1"]);
}

#[tokio::test]
async fn a_device_with_the_clients_own_id_gets_its_new_token() {
    let chat = chat();
    let (first, _) = register(&chat, "alice", of_client("t1", "phone")).await;
    let (again, is_new) = register(&chat, "alice", of_client("t2", "phone")).await;
    assert_eq!((again.id, is_new), (first.id, false));
    assert_eq!(tokens(&chat, "alice").await, ["t2"]);
    assert_eq!(chat.remove_dead_token(&demo(), Provider::Fcm, "t1").await.unwrap(), 0);
    assert_eq!(tokens(&chat, "alice").await, ["t2"]);
}

#[tokio::test]
async fn a_token_moves_to_the_user_who_registers_it_last() {
    let chat = chat();
    register(&chat, "alice", new("t1")).await;
    register(&chat, "alice", new("t2")).await;
    let (moved, is_new) = register(&chat, "bob", new("t1")).await;
    assert!(is_new);
    assert_eq!(tokens(&chat, "alice").await, ["t2"]);
    assert_eq!(chat.devices_of(&demo(), "bob").await.unwrap(), [moved]);
}

#[tokio::test]
async fn racing_registrations_leave_a_token_with_one_user() {
    let chat = racing_chat();
    let users: Vec<_> = (0..20).map(|number| format!("user-{number}")).collect();
    let tenant = demo();
    let done = join_all(users.iter().map(|user| chat.register_device(&tenant, user, new("t1")))).await;
    assert!(done.iter().all(Result::is_ok));
    let held = join_all(users.iter().map(|user| tokens(&chat, user))).await;
    assert_eq!(held.iter().flatten().count(), 1);
}

#[tokio::test]
async fn a_device_goes_by_either_id() {
    let chat = chat();
    let (one, _) = register(&chat, "alice", new("t1")).await;
    register(&chat, "alice", of_client("t2", "phone")).await;
    let foreign = chat.unregister_device(&demo(), "bob", &one.id.to_uuid()).await;
    assert_eq!(foreign, Err(ChatError::NotFound(Missing::Device)));
    assert_eq!(chat.unregister_device(&demo(), "alice", &one.id.to_uuid()).await.unwrap().id, one.id);
    assert_eq!(chat.unregister_device(&demo(), "alice", "phone").await.unwrap().token, "t2");
    let gone = chat.unregister_device(&demo(), "alice", "phone").await;
    assert_eq!(gone, Err(ChatError::NotFound(Missing::Device)));
    assert!(tokens(&chat, "alice").await.is_empty());
}

#[tokio::test]
async fn a_dead_token_is_removed_from_whoever_has_it() {
    let chat = chat();
    register(&chat, "alice", new("t1")).await;
    register(&chat, "alice", new("t2")).await;
    assert_eq!(chat.remove_dead_token(&demo(), Provider::Apns, "t1").await.unwrap(), 0);
    assert_eq!(chat.remove_dead_token(&demo(), Provider::Fcm, "t1").await.unwrap(), 1);
    assert_eq!(chat.remove_dead_token(&demo(), Provider::Fcm, "t1").await.unwrap(), 0);
    assert_eq!(tokens(&chat, "alice").await, ["t2"]);
}

#[tokio::test]
async fn the_oldest_device_makes_room_for_the_fifty_first() {
    let chat = chat();
    for number in 0..51 {
        register(&chat, "alice", new(&format!("t{number}"))).await;
    }
    let tokens = tokens(&chat, "alice").await;
    assert_eq!(tokens.len(), 50);
    assert_eq!((tokens[0].as_str(), tokens[49].as_str()), ("t50", "t1"));
}

#[tokio::test]
async fn fields_that_cannot_be_taken_are_named() {
    let chat = chat();
    for (expected, refused) in [
        ("token", new("")),
        ("token", new("a b")),
        ("token", new(&"t".repeat(4_097))),
        ("deviceId", of_client("t", "")),
        ("deviceId", of_client("t", &"d".repeat(129))),
        ("appVersion", NewDevice { app_version: Some("v".repeat(65)), ..new("t") }),
    ] {
        let result = chat.register_device(&demo(), "alice", refused).await;
        assert!(matches!(&result, Err(ChatError::Invalid { field, .. }) if *field == expected), "{result:?}");
    }
    register(&chat, "alice", new(&"t".repeat(4_096))).await;
}
