//! The worker threads: each runs one lane and its share of the shards, on a runtime of its own, so that nothing on the
//! path of a message is shared between cores but the mailboxes.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use natter_core::{ChannelQuotas, LaneId, Shard, ShardLimits};
use natter_store::Store;
use tokio::runtime::{Builder, Handle};
use tokio::task::LocalSet;

use crate::broker::{Broker, BrokerParts};
use crate::channel_limits::TenantQuotas;
use crate::clock::NodeClock;
use crate::engine::{Arrivals, Engine, LocalEngine};
use crate::lane::{self, Lane};
use crate::limits::ConnectionLimits;
use crate::shard::{self, ShardDriver, ShardInbox};

/// Shards for each worker: enough to spread channels evenly.
const SHARDS_PER_WORKER: usize = 4;
/// Lanes are bits of a word.
const WORKERS_MAX: usize = 64;

/// What a broker is started with.
pub struct BrokerOptions {
    /// Worker threads, 1 to 64; 0 for one per core.
    pub workers: usize,
    /// Channels in memory, over all shards.
    pub channels_max: usize,
    /// Bounds on connections.
    pub connection_limits: ConnectionLimits,
    /// Where durable channels live.
    pub store: Arc<dyn Store>,
}

/// Starts the worker threads and returns the handle to what runs on them. They run until the process ends.
///
/// # Errors
/// When a thread or its runtime cannot be made.
pub fn start(options: BrokerOptions) -> io::Result<(Broker, Vec<JoinHandle<()>>)> {
    start_at(options, NodeClock::start())
}

/// [`start`] by a clock of one's own.
///
/// # Errors
/// When a thread or its runtime cannot be made.
pub fn start_at(options: BrokerOptions, clock: NodeClock) -> io::Result<(Broker, Vec<JoinHandle<()>>)> {
    start_joined(options, clock, Arc::new(LocalEngine))
}

/// [`start_at`] as one of several nodes, which share the store and which `engine` joins.
///
/// # Errors
/// When a thread or its runtime cannot be made.
pub fn start_joined(
    options: BrokerOptions,
    clock: NodeClock,
    engine: Arc<dyn Engine>,
) -> io::Result<(Broker, Vec<JoinHandle<()>>)> {
    let workers = worker_count(options.workers);
    let shard_count = (workers * SHARDS_PER_WORKER).next_power_of_two();
    let (shard_mailboxes, shard_inboxes): (Vec<_>, Vec<_>) = (0..shard_count).map(|_| shard::mailbox()).unzip();
    let (lane_mailboxes, lane_inboxes): (Vec<_>, Vec<_>) = (0..workers).map(|_| lane::mailbox()).unzip();
    let broker = Broker::new(BrokerParts {
        shards: shard_mailboxes,
        lanes: lane_mailboxes,
        connection_limits: options.connection_limits,
        store: options.store,
        engine,
        runtime: Handle::current(),
        clock,
    });
    tracing::debug!(engine = broker.engine().name(), "the node starts");
    broker.engine().start(Arrivals::new(broker.clone()));
    let is_alone = broker.engine().is_alone();
    let quotas: Arc<dyn ChannelQuotas> = Arc::<TenantQuotas>::clone(broker.channel_quotas());
    let limits = ShardLimits { channels_max: options.channels_max.div_ceil(shard_count), quotas };
    let mut shards_of: Vec<Vec<(usize, ShardInbox)>> = (0..workers).map(|_| Vec::new()).collect();
    for (index, inbox) in shard_inboxes.into_iter().enumerate() {
        shards_of[index % workers].push((index, inbox));
    }
    let threads = lane_inboxes.into_iter().zip(shards_of).enumerate().map(|(index, (inbox, shards))| {
        let (broker, limits) = (broker.clone(), limits.clone());
        let runtime = Builder::new_current_thread().enable_all().event_interval(31).build()?;
        thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
            LocalSet::new().block_on(&runtime, async move {
                for (index, inbox) in shards {
                    let random = Box::new(rand::random::<u64>);
                    let shard = Shard::new(index, broker.shard_count(), limits.clone(), random);
                    let shard = if is_alone { shard } else { shard.joined() };
                    tokio::task::spawn_local(ShardDriver::new(index, shard, inbox, broker.clone()).run());
                }
                let lane = Lane::new(LaneId(index as u8), broker);
                lane::run(Rc::new(RefCell::new(lane)), inbox).await;
            });
        })
    });
    let threads = threads.collect::<io::Result<_>>()?;
    Ok((broker, threads))
}

fn worker_count(asked: usize) -> usize {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let count = if asked == 0 { cores() } else { asked };
    count.clamp(1, WORKERS_MAX)
}
