//! The engine of a single node: one directory, written by one committer thread through fjall.
//!
//! - Writes go through a bounded queue to the committer, which owns the order of everything ([`committer`]).
//! - Reads run on tokio's blocking threads, on snapshots, never on a runtime worker.
//! - After a failed write or sync the store refuses writes until it is opened anew; reads go on.
//! - The directory belongs to one process: a second one is refused.

mod batch;
mod command;
mod committer;
#[cfg(feature = "faults")]
mod faults;
mod find;
mod heads;
mod keys;
mod log;
mod options;
mod poison;
mod queue;
mod restore;
mod rows;
mod store;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
mod values;
mod walk;
#[cfg(test)]
mod walk_tests;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use self::command::Command;
use self::committer::Committer;
pub use self::options::{Durability, EmbeddedOptions};
use self::poison::Poison;
use self::queue::{NoAnswer, Queue};
pub use self::restore::EmbeddedRestore;
use self::tables::Tables;
use crate::clock::Clock;
use crate::observer::{EmbeddedStats, StoreObserver, StoreOperation};
use crate::store::StoreError;

/// A store in a directory of its own.
///
/// It must be used within a tokio runtime. Dropping it without [`close`](crate::Store::close) lets the committer
/// finish what is queued on its own thread; the directory stays locked until then.
pub struct EmbeddedStore {
    running: RwLock<Option<Running>>,
    committer: Mutex<Option<JoinHandle<()>>>,
    poison: Poison,
    observer: Arc<dyn StoreObserver>,
    clock: Clock,
}

/// What an open store works with; a call holds a clone of it as long as it runs.
#[derive(Clone)]
struct Running {
    queue: Queue,
    tables: Tables,
}

impl EmbeddedStore {
    /// Opens the store in `options.path`, making it when there is none. Blocks while it replays what the last
    /// process left in the journal (up to 64 MiB).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the directory cannot be used or belongs to a running process,
    /// [`StoreError::Corrupt`] when what it holds cannot be read.
    pub fn open(options: EmbeddedOptions) -> Result<Self, StoreError> {
        let tables = Tables::open(&options)?;
        let poison = Poison::default();
        let (queue, jobs) = Queue::new(&options, poison.clone());
        let committer = Committer::spawn(&options, tables.clone(), jobs, poison.clone())
            .map_err(|error| StoreError::Unavailable(format!("the committer cannot be started: {error}")))?;
        Ok(Self {
            running: RwLock::new(Some(Running { queue, tables })),
            committer: Mutex::new(Some(committer)),
            poison,
            observer: options.observer,
            clock: options.clock,
        })
    }

    /// How full the store is; all zero when it is closed. Looks at the directory, so not for every message.
    pub fn stats(&self) -> EmbeddedStats {
        let Ok(Running { queue, tables }) = self.running() else { return EmbeddedStats::default() };
        EmbeddedStats {
            queued_calls: queue.calls(),
            queued_bytes: queue.bytes(),
            journal_bytes: tables.database.journal_disk_space().unwrap_or_default(),
            disk_bytes: tables.database.disk_space().unwrap_or_default(),
        }
    }

    fn running(&self) -> Result<Running, StoreError> {
        self.running.read().clone().ok_or_else(|| StoreError::Unavailable("the store is closed".into()))
    }

    /// Lets the committer do something and waits for its answer.
    async fn write<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, NoAnswer> {
        let running = self.running().map_err(NoAnswer::Refused)?;
        running.queue.ask(command).await
    }

    /// Reads on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Tables) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let tables = self.running()?.tables;
        let done = spawn_blocking(move || read(&tables)).await;
        done.map_err(|error| StoreError::Unavailable(format!("a read did not end: {error}")))?
    }

    /// Tells the observer how long `call` took.
    async fn timed<T>(&self, operation: StoreOperation, call: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let result = call.await;
        self.observer.operated(operation, started.elapsed().as_secs_f64());
        result
    }
}
