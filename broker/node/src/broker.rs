//! The handle to the running broker: what plugins and the server API see of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use natter_core::{
    ChannelKey, ChannelOptions, ClientInfo, Draft, HistoryPage, HistoryQuery, Input, LaneId, PresenceStats, Published,
    Refusal, Reply, Request, TenantId,
};
use natter_store::Store;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::auth::TokenSources;
use crate::channel_limits::{ChannelLimits, TenantQuotas};
use crate::clock::NodeClock;
use crate::domain::Domain;
use crate::engine::Engine;
use crate::lane::{LaneEvent, LaneMailbox, NewConnection};
use crate::limits::{ConnectionLimits, Seats};
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::session::{Control, Target};
use crate::shard::{ActiveQuery, ReplyTo, ShardMailbox, shard_of};

/// The broker. Cheap to clone.
#[derive(Clone)]
pub struct Broker(Arc<Inner>);

struct Inner {
    node_id: String,
    clock: NodeClock,
    shards: Vec<ShardMailbox>,
    lanes: Vec<LaneMailbox>,
    next_lane: AtomicUsize,
    registry: Registry,
    connection_limits: ArcSwap<ConnectionLimits>,
    connections: Seats,
    channel_quotas: Arc<TenantQuotas>,
    is_draining: AtomicBool,
    metrics: Metrics,
    store: Arc<dyn Store>,
    domain: OnceLock<Arc<dyn Domain>>,
    token_sources: TokenSources,
    engine: Arc<dyn Engine>,
    runtime: Handle,
}

/// What a broker is made of.
pub(crate) struct BrokerParts {
    pub(crate) shards: Vec<ShardMailbox>,
    pub(crate) lanes: Vec<LaneMailbox>,
    pub(crate) connection_limits: ConnectionLimits,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) runtime: Handle,
    pub(crate) clock: NodeClock,
}

impl Broker {
    pub(crate) fn new(parts: BrokerParts) -> Self {
        Self(Arc::new(Inner {
            node_id: uuid::Uuid::new_v4().to_string(),
            clock: parts.clock,
            shards: parts.shards,
            lanes: parts.lanes,
            next_lane: AtomicUsize::new(0),
            registry: Registry::default(),
            connection_limits: ArcSwap::from_pointee(parts.connection_limits),
            connections: Seats::default(),
            channel_quotas: Arc::default(),
            is_draining: AtomicBool::new(false),
            metrics: Metrics::default(),
            store: parts.store,
            domain: OnceLock::new(),
            token_sources: TokenSources::default(),
            engine: parts.engine,
            runtime: parts.runtime,
        }))
    }

    /// This run of the node: a UUID.
    pub fn node_id(&self) -> &str {
        &self.0.node_id
    }

    /// The node's clock.
    pub fn clock(&self) -> &NodeClock {
        &self.0.clock
    }

    /// Publishes to a channel. For a durable channel the answer means that it is on disk.
    pub async fn publish(
        &self,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
        draft: Draft,
    ) -> Result<Published, Refusal> {
        match self.ask(channel, options, Request::Publish { draft, reply: Some(()) }).await? {
            Reply::Published(result) => result,
            _ => Err(Refusal::BadRequest),
        }
    }

    /// Publishes to a channel that keeps nothing, without waiting for it. When too much is queued it is dropped.
    pub fn tell(&self, channel: ChannelKey, options: Arc<ChannelOptions>, draft: Draft) {
        let shard = self.shard(shard_of(&channel, self.shard_count()));
        if shard.has_room() {
            let request = Request::Publish { draft, reply: None };
            shard.send(vec![Input::Request { channel, options, request }]);
        }
    }

    /// Reads a page of a channel's history.
    pub async fn history(
        &self,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
        query: HistoryQuery,
    ) -> Result<Box<HistoryPage>, Refusal> {
        match self.ask(channel, options, Request::History { query, reply: () }).await? {
            Reply::History(result) => result,
            _ => Err(Refusal::BadRequest),
        }
    }

    /// Forgets a channel's publications but keeps its position. For a durable channel the answer means that they are gone
    /// from disk, those that were published before included.
    ///
    /// # Errors
    /// The channel keeps no history of its own, or the store fails: then nobody knows whether they are gone.
    pub async fn remove_history(&self, channel: ChannelKey, options: Arc<ChannelOptions>) -> Result<(), Refusal> {
        match self.ask(channel, options, Request::RemoveHistory { reply: () }).await? {
            Reply::HistoryRemoved(result) => result,
            _ => Err(Refusal::BadRequest),
        }
    }

    /// Deletes a durable channel's log with everything in it. Its subscribers are told to subscribe anew; a channel that
    /// comes into being under its name begins at 1 in another epoch.
    ///
    /// # Errors
    /// The store cannot be reached: the log may be partly gone, and the call has to be repeated.
    pub async fn delete_log(&self, channel: ChannelKey, options: Arc<ChannelOptions>) -> Result<(), Refusal> {
        for _ in 0..2 {
            // Whoever publishes in between opens the old log: it is closed again behind the deletion.
            match self.ask(channel.clone(), Arc::clone(&options), Request::Close { reply: () }).await? {
                Reply::HistoryRemoved(result) => result?,
                _ => return Err(Refusal::BadRequest),
            }
            let deleted = self.store().delete_log(&channel).await;
            deleted.map_err(|_| Refusal::StoreUnavailable { outcome_known: false })?;
        }
        Ok(())
    }

    /// Lists who is subscribed to a channel.
    pub async fn presence(
        &self,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
    ) -> Result<Vec<Arc<ClientInfo>>, Refusal> {
        match self.ask(channel, options, Request::Presence { reply: () }).await? {
            Reply::Presence(result) => result,
            _ => Err(Refusal::BadRequest),
        }
    }

    /// Counts who is subscribed to a channel.
    pub async fn presence_stats(
        &self,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
    ) -> Result<PresenceStats, Refusal> {
        match self.ask(channel, options, Request::PresenceStats { reply: () }).await? {
            Reply::PresenceStats(result) => result,
            _ => Err(Refusal::BadRequest),
        }
    }

    /// The channels of a tenant that have subscribers, with their number, in no order.
    pub async fn active_channels(&self, tenant: &TenantId) -> Vec<(Arc<str>, u64)> {
        let mut channels = Vec::new();
        for shard in &self.0.shards {
            let (reply, answer) = oneshot::channel();
            shard.ask(ActiveQuery { tenant: tenant.clone(), reply });
            channels.extend(answer.await.unwrap_or_default());
        }
        channels
    }

    /// Has something done to connections of a user, on whichever node. Nothing happens when there are none.
    pub fn control(&self, target: Target, control: Control) {
        self.0.engine.control(&target, &control);
        self.control_here(target, control);
    }

    /// [`Broker::control`] of the connections on this node.
    pub(crate) fn control_here(&self, target: Target, control: Control) {
        let (target, control) = (Arc::new(target), Arc::new(control));
        let event = |connections| LaneEvent::Control {
            connections,
            target: Arc::clone(&target),
            control: Arc::clone(&control),
        };
        if target.user.is_empty() {
            return self.0.lanes.iter().for_each(|lane| lane.send(vec![event(Vec::new())]));
        }
        for (lane, connection) in self.0.registry.connections(&target.tenant, &target.user) {
            self.lane(lane).send(vec![event(vec![connection])]);
        }
    }

    /// Takes all connections of a user off a channel.
    pub fn unsubscribe(&self, tenant: &TenantId, user: &str, channel: &str) {
        let target =
            Target { tenant: tenant.clone(), user: user.to_owned(), client: None, session: None, except: Vec::new() };
        self.control(target, Control::Unsubscribe { channel: Some(Arc::from(channel)) });
    }

    /// How many connections a named user has on this node.
    pub fn user_connections(&self, tenant: &TenantId, user: &str) -> usize {
        self.0.registry.connections(tenant, user).len()
    }

    /// Gives a connection to the next lane.
    pub fn accept(&self, connection: NewConnection) {
        let lane = self.0.next_lane.fetch_add(1, Ordering::Relaxed) % self.0.lanes.len();
        self.0.lanes[lane].send(vec![LaneEvent::Accept(Box::new(connection))]);
    }

    /// The places that connections take up.
    pub fn connections(&self) -> &Seats {
        &self.0.connections
    }

    /// Whether the node is going down and takes no new connections.
    pub fn is_draining(&self) -> bool {
        self.0.is_draining.load(Ordering::Relaxed)
    }

    /// From now on the node takes no new connections.
    pub fn start_draining(&self) {
        self.0.is_draining.store(true, Ordering::Relaxed);
    }

    /// Ends up to this many connections on each lane, with their protocol's goodbye.
    pub fn end_connections(&self, on_each_lane_max: usize) {
        for lane in &self.0.lanes {
            lane.send(vec![LaneEvent::Drain { connections_max: on_each_lane_max }]);
        }
    }

    /// Where durable channels live.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// What joins this node to the others.
    pub(crate) fn engine(&self) -> &dyn Engine {
        self.0.engine.as_ref()
    }

    /// Puts a domain above the broker, before anyone is connected. Only the first call has an effect.
    pub fn set_domain(&self, domain: Arc<dyn Domain>) {
        let _ = self.0.domain.set(domain);
    }

    /// What the reserved namespaces belong to; without it they are empty.
    pub fn domain(&self) -> Option<&Arc<dyn Domain>> {
        self.0.domain.get()
    }

    /// Plugins whose tokens open connections beside those of the tenants.
    pub fn token_sources(&self) -> &TokenSources {
        &self.0.token_sources
    }

    /// Bounds on connections.
    pub fn limits(&self) -> Arc<ConnectionLimits> {
        self.0.connection_limits.load_full()
    }

    /// Replaces the bounds; connections see them within a tick.
    pub fn set_limits(&self, limits: ConnectionLimits) {
        self.0.connection_limits.store(Arc::new(limits));
    }

    /// Replaces the bounds on tenants' channels; without a call of this there are none.
    pub fn set_channel_limits(&self, limits: ChannelLimits) {
        self.0.channel_quotas.set(limits);
    }

    /// The runtime for work that is not on the path of a message.
    pub fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// How many lanes there are.
    pub fn lane_count(&self) -> usize {
        self.0.lanes.len()
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn channel_quotas(&self) -> &Arc<TenantQuotas> {
        &self.0.channel_quotas
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.0.registry
    }

    pub(crate) fn shard_count(&self) -> usize {
        self.0.shards.len()
    }

    pub(crate) fn shard(&self, index: usize) -> &ShardMailbox {
        &self.0.shards[index]
    }

    pub(crate) fn lane(&self, lane: LaneId) -> &LaneMailbox {
        self.lane_at(usize::from(lane.0))
    }

    pub(crate) fn lane_at(&self, index: usize) -> &LaneMailbox {
        &self.0.lanes[index]
    }

    pub(crate) fn lanes_depth_max(&self) -> usize {
        self.0.lanes.iter().map(LaneMailbox::depth).max().unwrap_or_default()
    }

    pub(crate) async fn ask(
        &self,
        channel: ChannelKey,
        options: Arc<ChannelOptions>,
        request: Request<()>,
    ) -> Result<Reply, Refusal> {
        let shard = self.shard(shard_of(&channel, self.shard_count()));
        if !shard.has_room() {
            return Err(Refusal::Busy);
        }
        let (caller, answer) = oneshot::channel();
        let request = request.addressed(ReplyTo::Caller(caller));
        shard.send(vec![Input::Request { channel, options, request }]);
        answer.await.map_err(|_| Refusal::StoreUnavailable { outcome_known: false })
    }
}
