//! Where durable channels live: the [`Store`] trait, its engines and the one suite that all of them pass.
//!
//! The trait offers nothing wider than a partition. A durable channel is one append-only log; an append is
//! conditional on the position that its writer believes to be the last one, so the store itself is the
//! sequencer and two writers can never both win a number. `seq` and id of an event lead to its offset; both ways are
//! written with the event.

mod clock;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod embedded;
mod limits;
mod memory;
mod observer;
mod record;
#[cfg(feature = "scylla")]
mod scylla;
mod store;
pub mod transfer;

pub use clock::{Clock, system_clock};
pub use embedded::{Durability, EmbeddedOptions, EmbeddedRestore, EmbeddedStore};
pub use memory::MemoryStore;
pub use observer::{EmbeddedStats, StoreObserver, StoreOperation};
#[cfg(feature = "scylla")]
pub use scylla::{CqlConsistency, CqlCredentials, CqlSerialConsistency, CqlTls, ScyllaOptions, ScyllaStore};
#[cfg(feature = "cql-tests")]
pub use scylla::{CqlFault, CqlFaults};
pub use store::{
    AppendError, AppendOutcome, IDEMPOTENCY_TTL_MS, LogAppend, LogHead, LogRecord, READ_BYTES_MAX, ReadDirection,
    ReadRequest, Row, RowKey, RowWriteOutcome, Store, StoreError, StoreHealth, Version,
};
