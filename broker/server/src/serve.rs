//! `natter serve`: the order in which a node starts, and what ends it.
//!
//! The internal listener comes first, so that the start can be watched; the store before anything that needs it; and
//! the public listeners are bound early, but served last.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, bail};
use natter_chat::{Chat, ChatParts};
use natter_chatsdk::ChatSdkRenderer;
use natter_files::FileStore;
use natter_node::channel_limits::ChannelLimits;
use natter_node::config::Config;
use natter_node::realtime::Sockets;
use natter_node::tenant::Tenants;
use natter_node::worker::{self, BrokerOptions};
use natter_node::{Broker, metrics};
use natter_outbox::mail::MailDeliverer;
use natter_outbox::{JobKind, Outbox, OutboxOptions};
use natter_rest::Rest;
use natter_store::Clock;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::apis::{ApiParts, Apis};
use crate::cli::ConfigArgs;
use crate::gauges::Gauges;
use crate::internal::{self, Internal};
use crate::listen::{self, Acceptors};
use crate::node::{Node, connection_limits, with_stored_tenants};
use crate::routes::RouteTable;
use crate::state::Lifecycle;
use crate::store::OpenStore;
use crate::wiring::{BUILT, Plugins};
use crate::work::PluginsWork;
use crate::{admin, configuration, demo, descriptors, logs, reload, shutdown};

/// Threads for everything that is not on the path of a message: accepting, handshakes, administration.
const MAIN_THREADS: usize = 2;
/// Channels of the node, whoever has them, unless a single tenant may have more.
const CHANNELS_MAX: usize = 10_000_000;

/// Runs a node until a signal ends it.
///
/// # Errors
/// What keeps the node from starting.
pub(crate) fn run(args: ConfigArgs) -> anyhow::Result<()> {
    let config = configuration::load(args.config.as_deref())?;
    logs::start();
    for warning in config.warnings(BUILT) {
        tracing::warn!("{warning}");
    }
    descriptors::raise_limit();
    let runtime = Builder::new_multi_thread().worker_threads(MAIN_THREADS).enable_all().build()?;
    let result = runtime.block_on(Box::pin(serve(config, args)));
    // Tasks that wait for peers would keep the process; the workers end with it.
    runtime.shutdown_background();
    result
}

async fn serve(config: Config, args: ConfigArgs) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let lifecycle = Arc::new(Lifecycle::default());
    let gauges = Gauges::start(metrics::install().context("metrics cannot be recorded")?);
    let public = bind_all(&config)?;
    let internal_listener = listen::bind(config.server.internal_address)?;
    let admin_token = admin::token_of(&config.store.path)?;
    let internal = Arc::new(Internal { lifecycle: Arc::clone(&lifecycle), gauges, node: OnceLock::new(), admin_token });
    let watching = Acceptors::new();
    watching.serve(internal_listener, internal::routes(&internal));

    let node = Arc::new(start(&config, args.config.as_deref()).await?);
    node.outbox.start();
    let acceptors = Acceptors::new();
    for (listener, settings) in public.into_iter().zip(&config.listeners) {
        let mounts = node.mounts(settings).into_iter().chain(demo::mounts(settings, &config));
        acceptors.serve(listener, RouteTable::new(mounts));
    }
    // It is set here and nowhere else.
    let _ = internal.node.set(Arc::clone(&node));
    lifecycle.started(Arc::clone(&node.store.store));
    announce(&config, args.config.as_deref());

    signals.wait_for_the_end(&node).await;
    let drained = shutdown::drain(&node, &acceptors, &lifecycle, config.server.shutdown);
    tokio::select! {
        () = drained => tracing::info!("stopped"),
        () = signals.another() => tracing::warn!("stopped at once by a second signal"),
    }
    Ok(())
}

fn bind_all(config: &Config) -> anyhow::Result<Vec<TcpListener>> {
    config.listeners.iter().map(|listener| listen::bind(listener.address)).collect()
}

async fn start(config: &Config, file: Option<&Path>) -> anyhow::Result<Node> {
    let store = OpenStore::open(&config.store).await?;
    let effective = with_stored_tenants(config, &store).await?;
    let broker = start_workers(config, &store)?;
    broker.set_channel_limits(ChannelLimits::new(&effective));
    let tenants = Arc::new(Tenants::new(effective.tenants.iter().cloned()));
    let outbox = open_outbox(config, &store).await?;
    outbox.register(JobKind::Mail, Arc::new(MailDeliverer::from_config(&config.mail)?));
    let renderer = Arc::new(ChatSdkRenderer);
    let work = Arc::new(PluginsWork::default());
    let chat = Chat::start(ChatParts { broker: broker.clone(), renderer, work: Arc::<PluginsWork>::clone(&work) });
    let rest = open_rest(&effective, &broker, &store, &tenants)?;
    let sockets = Sockets::new(broker.clone());
    let parts = ApiParts {
        config: &effective,
        broker: &broker,
        store: &store.store,
        chat: &chat,
        rest: &rest,
        outbox: &outbox,
        sockets: &sockets,
        clock: clock(&broker),
    };
    let Apis { plugins: apis, takers } = parts.open()?;
    work.start(takers);
    let plugins = Plugins::new(&effective, &broker, sockets, &rest, apis)?;
    Ok(Node::new(file.map(Path::to_path_buf), config.clone(), broker, store, tenants, outbox, plugins))
}

/// What the REST APIs have in common, with the place of uploaded files.
fn open_rest(config: &Config, broker: &Broker, store: &OpenStore, tenants: &Arc<Tenants>) -> anyhow::Result<Arc<Rest>> {
    let clock = clock(broker);
    let rows = Arc::clone(&store.store);
    let files = FileStore::open(&config.files, &config.server.public_url, Arc::clone(&rows), Arc::clone(&clock))?;
    let rest = Rest::new(config, Arc::clone(tenants), rows, files, clock)?;
    rest.start_sweeping();
    Ok(rest)
}

/// The node's clock, for those who only want to know the time.
fn clock(broker: &Broker) -> Clock {
    let broker = broker.clone();
    Arc::new(move || broker.clock().now_ms())
}

/// The queue of work after the answer. Plugins say who does it, then it is started.
async fn open_outbox(config: &Config, store: &OpenStore) -> anyhow::Result<Outbox> {
    let owner = config.cluster.as_ref().map(|cluster| cluster.node_name.clone());
    if owner.as_ref().is_some_and(String::is_empty) {
        bail!("cluster.node_name is needed: what a node has still to deliver is kept under its name");
    }
    let owner = owner.unwrap_or_default();
    let options = OutboxOptions { owner, ..OutboxOptions::new(&config.webhooks) };
    Ok(Outbox::open(Arc::clone(&store.store), options).await?)
}

fn start_workers(config: &Config, store: &OpenStore) -> anyhow::Result<Broker> {
    let options = BrokerOptions {
        workers: config.server.workers,
        channels_max: config.limits.channels_per_tenant_max.max(CHANNELS_MAX),
        connection_limits: connection_limits(&config.limits),
        store: Arc::clone(&store.store),
    };
    // The threads run as long as the process; nothing waits for them.
    let (broker, _threads) = worker::start(options).context("the worker threads cannot be started")?;
    Ok(broker)
}

/// Says where everything is: in the log, and for a development node in a banner.
fn announce(config: &Config, file: Option<&Path>) {
    for listener in &config.listeners {
        let plugins = if listener.plugins.is_empty() { "all".to_owned() } else { listener.plugins.join(" ") };
        tracing::info!(address = %listener.address, plugins, "listening");
    }
    tracing::info!(address = %config.server.internal_address, "listening for metrics, health and administration");
    if file.is_none() {
        print!("{}", demo::banner(config));
    }
}

/// The signals that the node obeys.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Reloads until it is time to go.
    async fn wait_for_the_end(&mut self, node: &Arc<Node>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => {
                    // The outcome is logged and counted there.
                    let _ = reload::reload(node).await;
                }
            }
        }
    }

    /// Whoever asks a second time does not want to wait.
    async fn another(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
