//! The engine for ScyllaDB and Apache Cassandra: any number of nodes share one keyspace.
//!
//! - The store is the sequencer. An append is one conditional batch on a bucket, a partition of 1,024 events: it moves
//!   the bucket's end if that is where the writer believes, and brings the events with it ([`append`]).
//! - A bucket is opened when the one before it is full, and not before its keys and ids are in the index ([`keys`]).
//! - A conditional write is sent once. What became of it when no answer came is found out by reading at serial
//!   consistency, never guessed; reads and plain writes may be repeated ([`session`], [`statements`]).
//! - While the cluster does not answer, calls are refused at once; no call is waited for longer than one and a half
//!   times the time of a request, but a trim or a deletion, which nobody waits for.
//! - natter makes its own tables ([`schema`]) and asks the server what it can ([`server`]).
//!
//! Buckets that are written to are written only conditionally: a plain write with a clock that is ahead would hide
//! later conditional ones.

mod append;
mod engine;
mod errors;
#[cfg(feature = "cql-tests")]
mod faults;
mod find;
mod head;
mod import;
mod import_keys;
mod keys;
mod layout;
mod options;
mod parts;
mod rows;
mod scan;
mod schema;
mod server;
mod session;
mod statements;
mod store;
mod tls;
mod trim;
mod values;
mod walk;

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::task::JoinHandle;

use self::engine::Engine;
#[cfg(feature = "cql-tests")]
pub use self::faults::{CqlFault, CqlFaults};
pub use self::options::{CqlConsistency, CqlCredentials, CqlSerialConsistency, CqlTls, ScyllaOptions};
use self::session::Cql;
use crate::observer::StoreObserver;
use crate::store::StoreError;

/// How often the cluster is asked whether it answers, and how long it may take to.
const WATCH_EVERY: Duration = Duration::from_secs(1);
const WATCH_PATIENCE: Duration = Duration::from_secs(3);

/// A store in a keyspace that any number of nodes share.
pub struct ScyllaStore {
    engine: RwLock<Option<Arc<Engine>>>,
    watch: Mutex<Option<JoinHandle<()>>>,
    observer: Arc<dyn StoreObserver>,
}

impl ScyllaStore {
    /// Connects, makes the keyspace and its tables or brings them up to date, and prepares every statement.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no node can be reached, [`StoreError::Invalid`] when an option or the keyspace
    /// as it is cannot be worked with.
    pub async fn open(options: ScyllaOptions) -> Result<Self, StoreError> {
        let observer = Arc::clone(&options.observer);
        let engine = Arc::new(Engine::new(Box::pin(Cql::connect(options)).await?));
        let watch = tokio::spawn(watch(Arc::downgrade(&engine)));
        Ok(Self { engine: RwLock::new(Some(engine)), watch: Mutex::new(Some(watch)), observer })
    }

    fn engine(&self) -> Result<Arc<Engine>, StoreError> {
        self.engine.read().clone().ok_or_else(|| StoreError::Unavailable("the store is closed".into()))
    }

    /// The engine, unless the cluster is known not to answer.
    fn answering(&self) -> Result<Arc<Engine>, StoreError> {
        let engine = self.engine()?;
        match engine.cql.outage() {
            Some(reason) => Err(StoreError::Unavailable(format!("the cluster does not answer: {reason}"))),
            None => Ok(engine),
        }
    }
}

impl Drop for ScyllaStore {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.lock().take() {
            watch.abort();
        }
    }
}

/// Asks the cluster whether it answers, so that an outage and its end are known before somebody needs to.
async fn watch(engine: Weak<Engine>) {
    loop {
        tokio::time::sleep(WATCH_EVERY).await;
        let Some(engine) = engine.upgrade() else { return };
        engine.cql.ping(WATCH_PATIENCE).await;
    }
}
