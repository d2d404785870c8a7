//! How far back a search looks.

use natter_core::EntityId;

use super::*;
use crate::chat::Chat;
use crate::model::{ChannelType, NewChannel, NewMessage};
use crate::testing::{chat, demo, make_users};

const EARLIER: usize = LOOKS_MIN + 100;

/// A channel whose first message is "needle", with as much hay after it.
async fn haystack(chat: &Chat, hay: usize) -> EntityId {
    let new = NewChannel {
        kind: ChannelType::Group,
        name: "Hay".to_owned(),
        description: None,
        image: None,
        members: Vec::new(),
        workspace: None,
        extra: serde_json::Map::new(),
    };
    let channel = chat.create_channel(&demo(), "alice", new).await.unwrap().0.channel.id;
    let say = async |text: String| {
        let message = NewMessage { text, ..NewMessage::default() };
        chat.send(&demo(), "alice", channel, message).await.unwrap();
    };
    say("the Needle".to_owned()).await;
    for number in 0..hay {
        say(format!("hay {number}")).await;
    }
    channel
}

#[tokio::test]
async fn a_search_goes_back_as_far_as_its_time_reaches_and_always_over_the_newest() {
    let chat = chat();
    make_users(&chat, &["alice"]).await;
    let channel = haystack(&chat, EARLIER).await;
    let (found, has_more) = chat.search(&demo(), "alice", "needle", 0, 10).await.unwrap();
    assert_eq!((found.len(), has_more), (1, false));
    let over = Instant::now();
    let late = async |query: &str, wanted: usize| {
        let look = Look { query, wanted, until: over };
        chat.search_in(&demo(), "alice", channel, look).await.unwrap().len()
    };
    assert_eq!(late("needle", 10).await, 0);
    // As many as are wanted are enough.
    assert_eq!(late("hay", 10).await, PAGE);
    assert_eq!(late("hay", usize::MAX).await, LOOKS_MIN);
}
