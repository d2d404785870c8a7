//! Opens the configured store, and tells metrics what it does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use metrics::{Histogram, gauge, histogram};
use natter_node::config::{self, StoreKind};
use natter_store::{Durability, EmbeddedOptions, EmbeddedStore, MemoryStore, Store, StoreObserver, StoreOperation};
use rustix::fs::statvfs;
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

/// The open store, and the engine behind it where it tells more than the trait.
pub(crate) struct OpenStore {
    pub(crate) store: Arc<dyn Store>,
    embedded: Option<Embedded>,
}

/// An embedded store and its folder.
struct Embedded {
    engine: Arc<EmbeddedStore>,
    path: PathBuf,
}

impl OpenStore {
    /// Opens what `[store]` says: an embedded store replays its journal, a shared one is connected to and migrated.
    ///
    /// # Errors
    /// The folder cannot be used, is damaged, or belongs to another process; the cluster cannot be reached or worked with.
    pub(crate) async fn open(settings: &config::Store) -> anyhow::Result<Self> {
        match settings.kind {
            StoreKind::Memory => Ok(Self { store: Arc::new(MemoryStore::new()), embedded: None }),
            StoreKind::Embedded => {
                let folder = settings.clone();
                let engine = Arc::new(spawn_blocking(move || embedded(&folder)).await??);
                let store = Arc::clone(&engine) as Arc<dyn Store>;
                Ok(Self { store, embedded: Some(Embedded { engine, path: settings.path.clone() }) })
            }
            StoreKind::Scylla => Ok(Self { store: crate::scylla::open(settings).await?, embedded: None }),
        }
    }

    /// The embedded engine, if it is that.
    pub(crate) fn embedded(&self) -> Option<Arc<EmbeddedStore>> {
        self.embedded.as_ref().map(|embedded| Arc::clone(&embedded.engine))
    }

    /// Sets the gauges of what the store holds.
    pub(crate) fn measure(&self) {
        let Some(Embedded { engine, path }) = &self.embedded else { return };
        let stats = engine.stats();
        gauge!("natter_store_queue_depth", "store" => "embedded").set(stats.queued_calls as f64);
        gauge!("natter_log_disk_bytes").set(stats.disk_bytes as f64);
        if let Ok(disk) = statvfs(path) {
            gauge!("natter_disk_free_bytes").set((disk.f_bavail * disk.f_frsize) as f64);
        }
    }
}

/// Does something with the embedded store in the data folder, which no node may have open.
///
/// # Errors
/// There is no store, a node has it open, or what is done fails.
pub(crate) fn offline<T>(
    settings: &config::Store,
    work: impl AsyncFnOnce(Arc<EmbeddedStore>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if !settings.path.is_dir() {
        anyhow::bail!("there is no data folder {}", settings.path.display());
    }
    block_on(async {
        let store = Arc::new(embedded(settings)?);
        let done = work(Arc::clone(&store)).await;
        store.close().await;
        done
    })
}

/// Runs a command that is no node.
///
/// # Errors
/// What it says.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    crate::logs::start();
    Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}

fn embedded(settings: &config::Store) -> anyhow::Result<EmbeddedStore> {
    let mut options = EmbeddedOptions::new(&settings.path);
    options.durability = match settings.durability {
        config::Durability::Sync => Durability::Sync,
        config::Durability::Async => Durability::Async,
    };
    options.observer = Arc::new(Observer::new("embedded"));
    EmbeddedStore::open(options).with_context(|| opening(&settings.path))
}

fn opening(path: &Path) -> String {
    format!("cannot open the store in {}", path.display())
}

/// Hands what a store tells to the metrics.
pub(crate) struct Observer {
    store: &'static str,
    sync: Histogram,
    batch: Histogram,
}

impl Observer {
    pub(crate) fn new(store: &'static str) -> Self {
        Self {
            store,
            sync: histogram!("natter_log_sync_duration_seconds"),
            batch: histogram!("natter_log_batch_messages"),
        }
    }
}

impl StoreObserver for Observer {
    fn synced(&self, events: usize, seconds: f64) {
        self.sync.record(seconds);
        self.batch.record(events as f64);
    }

    fn operated(&self, operation: StoreOperation, seconds: f64) {
        histogram!("natter_store_op_duration_seconds", "store" => self.store, "op" => operation.as_str())
            .record(seconds);
    }
}
