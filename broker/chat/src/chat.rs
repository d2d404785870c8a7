//! The handle to the domain, and what it is made of.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use dashmap::DashMap;
use moka::sync::Cache;
use natter_core::{EntityId, Publication, TenantId};
use natter_node::Broker;
use natter_node::domain::Rendered;
use natter_store::Store;

use crate::hot::HotChannels;
use crate::live::Live;
use crate::users::Users;
use crate::webhooks::Webhooks;
use crate::work::Work;

/// Ids that may be remembered of the channels that users belong to, some 12 bytes each.
const CHANNELS_OF_IDS_MAX: u64 = 4_000_000;
/// What remembering a user costs beside the ids, in ids.
const CHANNELS_OF_USER: usize = 16;
/// How often folds are stored and idle channels are let go of.
const UPKEEP: Duration = Duration::from_secs(1);

/// The chat domain of a node. Cheap to clone.
#[derive(Clone)]
pub struct Chat(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) broker: Broker,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) renderer: Arc<dyn Renderer>,
    pub(crate) work: Arc<dyn Work>,
    pub(crate) hot: HotChannels,
    pub(crate) users: Users,
    pub(crate) webhooks: Webhooks,
    pub(crate) channels_of: Cache<(TenantId, String), Arc<Vec<EntityId>>>,
    /// Grows with every change of what `channels_of` remembers.
    pub(crate) channels_of_changes: AtomicU64,
    /// Users who are online, with how often they have come.
    pub(crate) online: DashMap<(TenantId, String), u64>,
    pub(crate) live: Live,
}

/// How clients of the domain's own channels are shown its events.
pub trait Renderer: Send + Sync + 'static {
    /// Renders an event of a `chat:` or `user:` channel.
    fn render(&self, publication: &Publication) -> Rendered;
}

/// What the domain is made of.
pub struct ChatParts {
    /// Numbers, stores and delivers events.
    pub broker: Broker,
    /// Shows them.
    pub renderer: Arc<dyn Renderer>,
    /// Takes the work that is done after the answer.
    pub work: Arc<dyn Work>,
}

fn channels_of() -> Cache<(TenantId, String), Arc<Vec<EntityId>>> {
    let weight = |_: &_, ids: &Arc<Vec<EntityId>>| u32::try_from(ids.len() + CHANNELS_OF_USER).unwrap_or(u32::MAX);
    Cache::builder().max_capacity(CHANNELS_OF_IDS_MAX).weigher(weight).build()
}

impl Chat {
    /// Makes the domain, puts it above the broker, and starts its upkeep, which ends with the process.
    pub fn start(parts: ChatParts) -> Self {
        let store = Arc::clone(parts.broker.store());
        let chat = Self(Arc::new(Inner {
            broker: parts.broker,
            store,
            renderer: parts.renderer,
            work: parts.work,
            hot: HotChannels::default(),
            users: Users::default(),
            webhooks: Webhooks::default(),
            channels_of: channels_of(),
            channels_of_changes: AtomicU64::new(0),
            online: DashMap::new(),
            live: Live::new(),
        }));
        chat.0.broker.set_domain(Arc::new(chat.clone()));
        let upkeep = chat.clone();
        chat.0.broker.runtime().spawn(async move {
            upkeep.finish_behind().await;
            loop {
                tokio::time::sleep(UPKEEP).await;
                upkeep.store_folds().await;
                upkeep.0.hot.let_go(upkeep.now_ms());
            }
        });
        chat
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.0.broker.clock().now_ms()
    }

    /// A new id.
    pub(crate) fn new_id(&self) -> EntityId {
        EntityId::new(self.now_ms().unsigned_abs(), rand::random())
    }
}
