//! Workspaces, their members, and the invites that lead in.

use futures_util::future::join_all;
use natter_core::EntityId;

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::model::{NewInvite, NewWorkspace, Role, WorkspaceView};
use crate::testing::{chat, demo, make_users, racing_chat};

const INVITE_MISSING: ChatError = ChatError::NotFound(Missing::Invite);

fn new(name: &str) -> NewWorkspace {
    NewWorkspace { name: name.to_owned(), kind: "team".to_owned(), image: None }
}

fn invite_for(max_uses: u64) -> NewInvite {
    NewInvite { max_uses, expires_in_days: 7, role: Role::Member }
}

async fn make(chat: &Chat, user: &str, name: &str) -> WorkspaceView {
    chat.create_workspace(&demo(), user, new(name)).await.unwrap()
}

async fn invite(chat: &Chat, admin: &str, workspace: EntityId, new: NewInvite) -> String {
    chat.create_invite(&demo(), admin, workspace, new).await.unwrap().token
}

#[tokio::test]
async fn who_makes_a_workspace_is_its_admin_and_the_first_is_the_default() {
    let chat = chat();
    let acme = make(&chat, "alice", " Acme Corp ").await;
    assert_eq!((acme.workspace.name.as_str(), acme.role, acme.is_default), ("Acme Corp", Role::Admin, true));
    assert_eq!((acme.workspace.member_count, acme.workspace.channel_count), (1, 0));
    while chat.now_ms() <= acme.joined_at {
        tokio::task::yield_now().await;
    }
    let second = make(&chat, "alice", "Second").await;
    assert!(!second.is_default);
    assert_eq!(chat.workspaces_of(&demo(), "alice").await.unwrap(), [acme.clone(), second]);
    assert!(chat.workspaces_of(&demo(), "bob").await.unwrap().is_empty());
    let missing = Err(ChatError::NotFound(Missing::Workspace));
    assert_eq!(chat.workspace(&demo(), "bob", acme.workspace.id).await, missing);
}

#[tokio::test]
async fn fields_that_cannot_be_taken_are_named() {
    let chat = chat();
    let image = Some("ftp://example.com/a.png".to_owned());
    for (expected, refused) in [
        ("name", new("  ")),
        ("name", new(&"n".repeat(201))),
        ("type", NewWorkspace { kind: String::new(), ..new("a") }),
        ("image", NewWorkspace { image, ..new("a") }),
    ] {
        let result = chat.create_workspace(&demo(), "alice", refused).await;
        assert!(matches!(&result, Err(ChatError::Invalid { field, .. }) if *field == expected), "{result:?}");
    }
    let workspace = make(&chat, "alice", "Acme").await.workspace.id;
    for (expected, refused) in [
        ("maxUses", invite_for(0)),
        ("maxUses", invite_for(1_001)),
        ("expiresInDays", NewInvite { expires_in_days: 0, ..invite_for(1) }),
        ("expiresInDays", NewInvite { expires_in_days: 31, ..invite_for(1) }),
        ("role", NewInvite { role: Role::Owner, ..invite_for(1) }),
    ] {
        let result = chat.create_invite(&demo(), "alice", workspace, refused).await;
        assert!(matches!(&result, Err(ChatError::Invalid { field, .. }) if *field == expected), "{result:?}");
    }
}

#[tokio::test]
async fn an_invite_lets_in_with_its_role_once_per_user() {
    let chat = chat();
    let id = make(&chat, "alice", "Acme").await.workspace.id;
    let token = invite(&chat, "alice", id, NewInvite { role: Role::Admin, ..invite_for(2) }).await;
    assert_eq!(chat.invite(&demo(), &token).await.unwrap().workspace, id);
    for _ in 0..3 {
        let joined = chat.join_workspace(&demo(), "bob", &token).await.unwrap();
        assert_eq!((joined.role, joined.workspace.member_count), (Role::Admin, 2));
    }
    assert_eq!(chat.invite(&demo(), &token).await.unwrap().used_by, ["bob"]);
    chat.join_workspace(&demo(), "carol", &token).await.unwrap();
    assert_eq!(chat.join_workspace(&demo(), "dave", &token).await, Err(INVITE_MISSING));
    assert_eq!(chat.invite(&demo(), &token).await, Err(INVITE_MISSING));
    let members = chat.workspace_members(&demo(), "bob", id, None, 100).await.unwrap();
    let members: Vec<_> = members.iter().map(|member| (member.user.as_str(), member.role)).collect();
    assert_eq!(members, [("alice", Role::Admin), ("bob", Role::Admin), ("carol", Role::Admin)]);
    let outside = chat.workspace_members(&demo(), "dave", id, None, 100).await;
    assert_eq!(outside, Err(ChatError::NotFound(Missing::Workspace)));
}

#[tokio::test]
async fn racing_users_never_exceed_the_uses() {
    let chat = racing_chat();
    let id = make(&chat, "alice", "Acme").await.workspace.id;
    let token = invite(&chat, "alice", id, invite_for(5)).await;
    let users: Vec<_> = (0..30).map(|number| format!("user-{}", number % 20)).collect();
    let tenant = demo();
    let done = join_all(users.iter().map(|user| chat.join_workspace(&tenant, user, &token))).await;
    assert!(done.iter().all(|done| done.is_ok() || *done == Err(INVITE_MISSING)));
    let members = chat.workspace_members(&tenant, "alice", id, None, 100).await.unwrap();
    assert_eq!(members.len(), 6);
    assert_eq!(chat.workspace(&tenant, "alice", id).await.unwrap().workspace.member_count, 6);
}

#[tokio::test]
async fn an_expired_or_unknown_invite_is_not_there() {
    let chat = chat();
    let id = make(&chat, "alice", "Acme").await.workspace.id;
    let mut invite = chat.create_invite(&demo(), "alice", id, invite_for(5)).await.unwrap();
    assert_eq!(invite.expires_at - invite.created_at, 7 * 24 * 60 * 60 * 1_000);
    invite.expires_at = chat.now_ms();
    invite.token = invite.token.replace(|_| true, "0");
    crate::invites::INVITES.create(chat.store(), &demo(), &invite.token, "", &invite).await.unwrap();
    for token in [invite.token.as_str(), "", "abc", &"f".repeat(40), &"é".repeat(20)] {
        assert_eq!(chat.join_workspace(&demo(), "bob", token).await, Err(INVITE_MISSING), "{token}");
        assert_eq!(chat.invite(&demo(), token).await, Err(INVITE_MISSING), "{token}");
    }
}

#[tokio::test]
async fn only_admins_invite() {
    let chat = chat();
    let id = make(&chat, "alice", "Acme").await.workspace.id;
    let token = invite(&chat, "alice", id, invite_for(1)).await;
    chat.join_workspace(&demo(), "bob", &token).await.unwrap();
    let refused = chat.create_invite(&demo(), "bob", id, invite_for(1)).await;
    assert!(matches!(refused, Err(ChatError::Forbidden(_))), "{refused:?}");
    let refused = chat.create_invite(&demo(), "carol", id, invite_for(1)).await;
    assert_eq!(refused, Err(ChatError::NotFound(Missing::Workspace)));
}

#[tokio::test]
async fn channels_are_counted() {
    let chat = chat();
    let id = make(&chat, "alice", "Acme").await.workspace.id;
    let count = async || chat.workspace(&demo(), "alice", id).await.unwrap().workspace.channel_count;
    chat.workspace_channel_added(&demo(), id).await.unwrap();
    chat.workspace_channel_added(&demo(), id).await.unwrap();
    chat.workspace_channel_removed(&demo(), id).await.unwrap();
    assert_eq!(count().await, 1);
    chat.workspace_channel_removed(&demo(), id).await.unwrap();
    chat.workspace_channel_removed(&demo(), id).await.unwrap();
    assert_eq!(count().await, 0);
    chat.workspace_channel_removed(&demo(), EntityId([9; 12])).await.unwrap();
}

#[tokio::test]
async fn a_workspace_keeps_an_admin_when_its_last_one_is_deleted() {
    let chat = chat();
    make_users(&chat, &["alice"]).await;
    let id = make(&chat, "alice", "Acme").await.workspace.id;
    let token = invite(&chat, "alice", id, invite_for(2)).await;
    let first = chat.join_workspace(&demo(), "zoe", &token).await.unwrap();
    while chat.now_ms() <= first.joined_at {
        tokio::task::yield_now().await;
    }
    chat.join_workspace(&demo(), "bob", &token).await.unwrap();
    chat.delete_user(&demo(), "alice").await.unwrap();
    let zoe = chat.workspace(&demo(), "zoe", id).await.unwrap();
    assert_eq!((zoe.role, zoe.workspace.member_count), (Role::Admin, 2));
    assert_eq!(chat.workspace(&demo(), "bob", id).await.unwrap().role, Role::Member);
}
