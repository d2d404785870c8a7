//! Channels and their members.

mod support;

use natter_chat::{ChannelPatch, ChannelType, ChatError, Missing, NewChannel, Role, SettingsPatch};
use support::{chat, group, say, tenant, text, users};

fn new(kind: ChannelType, name: &str, members: &[&str]) -> NewChannel {
    NewChannel {
        kind,
        name: name.to_owned(),
        description: None,
        image: None,
        members: members.iter().map(|member| (*member).to_owned()).collect(),
        workspace: None,
        extra: serde_json::Map::new(),
    }
}

#[tokio::test]
async fn a_pair_has_one_conversation_from_either_side() {
    let chat = chat();
    users(&chat, 3).await;
    let tenant = tenant();
    let open = |caller: &'static str, other: &'static str| {
        let (chat, tenant) = (chat.clone(), tenant.clone());
        async move { chat.create_channel(&tenant, caller, new(ChannelType::Messaging, "", &[other])).await }
    };
    let (first, is_new) = open("user-0", "user-1").await.expect("a conversation");
    assert!(is_new);
    let (second, is_new) = open("user-1", "user-0").await.expect("a conversation");
    assert!(!is_new);
    assert_eq!(first.channel.id, second.channel.id);
    let (third, _) = open("user-0", "user-2").await.expect("a conversation");
    assert_ne!(first.channel.id, third.channel.id);
    let own = chat.create_channel(&tenant, "user-0", new(ChannelType::Messaging, "", &["user-0", "user-1", "user-1"]));
    assert_eq!(own.await.expect("a conversation").0.channel.id, first.channel.id);
    for others in [&["user-1", "user-2"][..], &[], &["user-0"]] {
        let refused = chat.create_channel(&tenant, "user-0", new(ChannelType::Messaging, "", others)).await;
        assert!(matches!(refused, Err(ChatError::Invalid { field: "memberIds", .. })), "{others:?}");
    }
}

#[tokio::test]
async fn unknown_members_are_named() {
    let chat = chat();
    users(&chat, 1).await;
    let tenant = tenant();
    let others = ["ghost", "user-0", "wraith"];
    match chat.create_channel(&tenant, "user-0", new(ChannelType::Group, "G", &others)).await {
        Err(ChatError::Invalid { field: "memberIds", message }) => assert!(message.contains("ghost, wraith")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn equal_names_get_different_slugs() {
    let chat = chat();
    users(&chat, 1).await;
    let mut cids = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let made = chat.create_channel(&tenant(), "user-0", new(ChannelType::Team, "Alpha", &[])).await;
        cids.insert(made.expect("a channel").0.channel.cid());
    }
    assert_eq!(cids.len(), 8);
    assert!(cids.contains("team:alpha") && cids.contains("team:alpha-2"));
}

#[tokio::test]
async fn lists_have_starred_channels_first_and_then_the_newest_activity() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let tenant = tenant();
    let mut channels = Vec::new();
    for _ in 0..3 {
        channels.push(group(&chat, &members).await.id);
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    say(&chat, &members[0], channels[0], "hello").await;
    chat.change_settings(&tenant, &members[1], channels[1], SettingsPatch { starred: Some(true), muted: None })
        .await
        .expect("settings");
    let order = |overviews: Vec<natter_chat::ChannelOverview>| {
        overviews.into_iter().map(|overview| overview.channel.id).collect::<Vec<_>>()
    };
    let listed = order(chat.channels(&tenant, &members[1], None).await.expect("a list"));
    assert_eq!(listed, [channels[1], channels[0], channels[2]]);
    let none = chat.channels(&tenant, &members[1], Some(ChannelType::Team)).await.expect("a list");
    assert!(none.is_empty());
}

#[tokio::test]
async fn a_new_member_has_nothing_unread_and_a_muted_channel_is_left_out_of_the_total() {
    let chat = chat();
    let members = users(&chat, 3).await;
    let tenant = tenant();
    let channel = group(&chat, &members[..2]).await.id;
    for _ in 0..5 {
        say(&chat, &members[0], channel, "hello").await;
    }
    chat.add_members(&tenant, &members[0], channel, &members[2..]).await.expect("added");
    assert_eq!(chat.total_unread(&tenant, &members[2]).await, Ok(0));
    say(&chat, &members[0], channel, "hello").await;
    assert_eq!(chat.total_unread(&tenant, &members[2]).await, Ok(1));
    assert_eq!(chat.total_unread(&tenant, &members[1]).await, Ok(6));
    let muted = SettingsPatch { muted: Some(true), starred: None };
    chat.change_settings(&tenant, &members[1], channel, muted).await.expect("settings");
    assert_eq!(chat.total_unread(&tenant, &members[1]).await, Ok(0));
}

#[tokio::test]
async fn roles_decide() {
    let chat = chat();
    let members = users(&chat, 4).await;
    let tenant = tenant();
    let channel = group(&chat, &members[..3]).await.id;
    let forbidden = |result: Result<_, ChatError>| matches!(result, Err(ChatError::Forbidden(_)));
    assert!(forbidden(chat.add_members(&tenant, &members[1], channel, &members[3..]).await.map(|_| ())));
    assert!(forbidden(chat.remove_member(&tenant, &members[1], channel, &members[2]).await));
    assert!(forbidden(chat.delete_channel(&tenant, &members[1], channel).await));
    let patch = ChannelPatch { name: Some("New".to_owned()), ..ChannelPatch::default() };
    assert!(forbidden(chat.change_channel_details(&tenant, &members[1], channel, patch.clone()).await.map(|_| ())));
    chat.set_role(&tenant, &members[0], channel, &members[1], Role::Admin).await.expect("a role");
    chat.change_channel_details(&tenant, &members[1], channel, patch).await.expect("a change");
    chat.add_members(&tenant, &members[1], channel, &members[3..]).await.expect("added");
    chat.remove_member(&tenant, &members[1], channel, &members[2]).await.expect("removed");
    assert!(forbidden(chat.remove_member(&tenant, &members[1], channel, &members[0]).await));
    let last = chat.remove_member(&tenant, &members[0], channel, &members[0]).await;
    assert!(matches!(last, Err(ChatError::Conflict(_))), "the only owner stays while others are there");
    let gone = chat.send(&tenant, &members[2], channel, text("hello")).await;
    assert_eq!(gone.err(), Some(ChatError::NotFound(Missing::Channel)));
}

#[tokio::test]
async fn open_channels_can_be_read_by_all_and_written_by_those_who_have_joined() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let tenant = tenant();
    let made = chat.create_channel(&tenant, &members[0], new(ChannelType::Public, "Town", &[])).await.expect("made");
    let channel = made.0.channel.id;
    say(&chat, &members[0], channel, "hello").await;
    assert!(chat.channel(&tenant, &members[1], channel).await.expect("an overview").membership.is_none());
    assert!(matches!(chat.send(&tenant, &members[1], channel, text("hi")).await, Err(ChatError::Forbidden(_))));
    assert!(chat.join(&tenant, &members[1], channel).await.expect("joined").1);
    assert!(!chat.join(&tenant, &members[1], channel).await.expect("joined").1);
    say(&chat, &members[1], channel, "hi").await;
    let private = chat.create_channel(&tenant, &members[0], new(ChannelType::Private, "Den", &[])).await.expect("made");
    let hidden = chat.join(&tenant, &members[1], private.0.channel.id).await;
    assert_eq!(hidden.err(), Some(ChatError::NotFound(Missing::Channel)));
}

#[tokio::test]
async fn a_deleted_channel_is_gone_for_everyone_and_its_pair_can_begin_anew() {
    let chat = chat();
    let members = users(&chat, 2).await;
    let tenant = tenant();
    let pair = || new(ChannelType::Messaging, "", &["user-1"]);
    let channel = chat.create_channel(&tenant, &members[0], pair()).await.expect("made").0.channel.id;
    say(&chat, &members[1], channel, "hello").await;
    chat.delete_channel(&tenant, &members[0], channel).await.expect("deleted");
    for member in &members {
        assert!(chat.channels(&tenant, member, None).await.expect("a list").is_empty());
        let seen = chat.channel(&tenant, member, channel).await;
        assert_eq!(seen.err(), Some(ChatError::NotFound(Missing::Channel)));
    }
    let (again, is_new) = chat.create_channel(&tenant, &members[0], pair()).await.expect("made");
    assert_eq!((is_new, again.max_seq, again.unread), (true, 0, 0));
    say(&chat, &members[1], again.channel.id, "hello again").await;
}
