//! A running domain over a store of its own.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "shared by test binaries that each use a part of it")]

use std::sync::Arc;

use natter_chat::{Channel, ChannelType, Chat, ChatParts, NewChannel, NewMessage, NoWork, Renderer, UserPatch, Work};
use natter_core::{EntityId, Publication, TenantId};
use natter_node::Broker;
use natter_node::domain::Rendered;
use natter_node::limits::ConnectionLimits;
use natter_node::worker::{self, BrokerOptions};
use natter_store::{MemoryStore, Store};

/// Shows events as they are.
struct Plain;

impl Renderer for Plain {
    fn render(&self, publication: &Publication) -> Rendered {
        Rendered { data: publication.data.clone(), tags: None }
    }
}

pub fn tenant() -> TenantId {
    TenantId::new("demo")
}

/// A domain whose store lives as long as it does.
pub fn chat() -> Chat {
    chat_over(Arc::new(MemoryStore::new()))
}

pub fn chat_over(store: Arc<dyn Store>) -> Chat {
    chat_with_work(store, Arc::new(NoWork))
}

pub fn chat_with_work(store: Arc<dyn Store>, work: Arc<dyn Work>) -> Chat {
    Chat::start(ChatParts { broker: broker(store), renderer: Arc::new(Plain), work })
}

fn broker(store: Arc<dyn Store>) -> Broker {
    let options =
        BrokerOptions { workers: 1, channels_max: 10_000, connection_limits: ConnectionLimits::default(), store };
    worker::start(options).expect("threads start").0
}

pub async fn users(chat: &Chat, count: usize) -> Vec<String> {
    let ids: Vec<String> = (0..count).map(|number| format!("user-{number}")).collect();
    for id in &ids {
        chat.upsert_user(&tenant(), id, UserPatch::default()).await.expect("a user is made");
    }
    ids
}

/// A group of which the first user is the owner.
pub async fn group(chat: &Chat, members: &[String]) -> Channel {
    let new = NewChannel {
        kind: ChannelType::Group,
        name: "General".to_owned(),
        description: None,
        image: None,
        members: members[1..].to_vec(),
        workspace: None,
        extra: serde_json::Map::new(),
    };
    chat.create_channel(&tenant(), &members[0], new).await.expect("a channel is made").0.channel
}

pub fn text(text: &str) -> NewMessage {
    NewMessage { text: text.to_owned(), ..NewMessage::default() }
}

/// Sends a message and answers with its id.
pub async fn say(chat: &Chat, user: &str, channel: EntityId, words: &str) -> EntityId {
    chat.send(&tenant(), user, channel, text(words)).await.expect("it is sent").message.id
}
