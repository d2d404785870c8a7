//! A domain on a running broker, over a store in memory.

mod yielding;

use std::sync::Arc;

use bytes::Bytes;
use natter_core::{Publication, TenantId};
use natter_node::domain::Rendered;
use natter_node::limits::ConnectionLimits;
use natter_node::worker::{self, BrokerOptions};
use natter_store::{MemoryStore, Store};

use crate::chat::{Chat, ChatParts, Renderer};
use crate::work::NoWork;

struct Plain;

impl Renderer for Plain {
    fn render(&self, _publication: &Publication) -> Rendered {
        Rendered { data: Bytes::from_static(b"{}"), tags: None }
    }
}

/// A domain over an empty store.
pub(crate) fn chat() -> Chat {
    chat_over(Arc::new(MemoryStore::new()))
}

/// A domain over an empty store in which calls that are awaited side by side do race.
pub(crate) fn racing_chat() -> Chat {
    chat_over(Arc::new(yielding::YieldingStore::default()))
}

/// A domain over a store, as after a restart.
pub(crate) fn chat_over(store: Arc<dyn Store>) -> Chat {
    let connection_limits = ConnectionLimits::default();
    let (broker, _) =
        worker::start(BrokerOptions { workers: 1, channels_max: 1_000, connection_limits, store }).unwrap();
    Chat::start(ChatParts { broker, renderer: Arc::new(Plain), work: Arc::new(NoWork) })
}

pub(crate) fn demo() -> TenantId {
    TenantId::new("demo")
}

/// Makes users, each named like its id.
pub(crate) async fn make_users(chat: &Chat, ids: &[&str]) {
    for id in ids {
        chat.ensure_user(&demo(), id, None).await.unwrap();
    }
}
