//! How a cluster is connected to.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, system_clock};
use crate::observer::{NoObserver, StoreObserver};
use crate::store::StoreError;

/// The consistency of ordinary reads and of a write's last step. Weaker ones could miss what was acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CqlConsistency {
    /// A majority of the replicas in this data centre.
    #[default]
    LocalQuorum,
    /// A majority of all replicas.
    Quorum,
    /// A majority of the replicas in each data centre (writes); reads ask a majority of all.
    EachQuorum,
    /// All replicas.
    All,
}

/// Among which replicas conditional writes and the reads that decide about them are settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CqlSerialConsistency {
    /// All replicas.
    #[default]
    Serial,
    /// Those of one data centre. Only where there is one: nodes that write the same channel from two data centres
    /// would number it twice.
    LocalSerial,
}

/// A user of the cluster.
#[derive(Clone)]
pub struct CqlCredentials {
    /// The role.
    pub username: String,
    /// Its password.
    pub password: String,
}

/// How connections are encrypted. Nodes are always verified.
#[derive(Clone, Debug)]
pub struct CqlTls {
    /// A PEM file with the authorities that sign the nodes' certificates; those name the nodes' addresses.
    pub authorities: PathBuf,
    /// PEM files of this client's own certificate chain and key, where nodes ask for them.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// How and where to open a [`ScyllaStore`](super::ScyllaStore).
#[derive(Clone)]
pub struct ScyllaOptions {
    /// Nodes to begin with, as `host:port`; the others are learnt from them.
    pub contact_points: Vec<String>,
    /// The keyspace, made when it does not exist: 1 to 48 letters, digits and underscores.
    pub keyspace: String,
    /// Copies of each row in each data centre, for a keyspace that is made.
    pub replication_factor: u8,
    /// The data centre to prefer; the driver's choice when there is none.
    pub datacenter: Option<String>,
    /// Of ordinary reads and of a write's last step.
    pub consistency: CqlConsistency,
    /// Of conditional writes.
    pub serial_consistency: CqlSerialConsistency,
    /// Whom to log in as, where the cluster asks.
    pub credentials: Option<CqlCredentials>,
    /// Encryption, if it is wanted.
    pub tls: Option<CqlTls>,
    /// How long to wait for one answer; 10 seconds unless told. A call of the store may take one and a half times this.
    pub request_timeout: Duration,
    /// After how long a read asks a further replica as well; 100 ms unless told. `None` never does.
    pub speculate_after: Option<Duration>,
    /// Channels whose log this process remembers the place of; 65,536 unless told.
    pub channels_max: u64,
    /// The clock by which new rows get their first version and keys their age.
    pub clock: Clock,
    /// Is told what the store does, for metrics.
    pub observer: Arc<dyn StoreObserver>,
    /// Makes answers go astray, to prove that nothing is lost by it.
    #[cfg(feature = "cql-tests")]
    pub faults: Option<Arc<dyn super::faults::CqlFaults>>,
}

impl ScyllaOptions {
    /// The defaults for a cluster with these nodes.
    pub fn new(contact_points: Vec<String>, keyspace: impl Into<String>) -> Self {
        Self {
            contact_points,
            keyspace: keyspace.into(),
            replication_factor: 3,
            datacenter: None,
            consistency: CqlConsistency::default(),
            serial_consistency: CqlSerialConsistency::default(),
            credentials: None,
            tls: None,
            request_timeout: Duration::from_secs(10),
            speculate_after: Some(Duration::from_millis(100)),
            channels_max: 65_536,
            clock: system_clock(),
            observer: Arc::new(NoObserver),
            #[cfg(feature = "cql-tests")]
            faults: None,
        }
    }

    /// Checks what the server would otherwise misunderstand; the keyspace's name becomes part of statements.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !(1..=48).contains(&self.keyspace.len()) || !is_name(&self.keyspace) {
            return Err(StoreError::Invalid("a keyspace is 1 to 48 letters, digits and underscores".into()));
        }
        if self.contact_points.is_empty() {
            return Err(StoreError::Invalid("no contact point is given".into()));
        }
        if self.replication_factor == 0 {
            return Err(StoreError::Invalid("the replication factor is 0".into()));
        }
        Ok(())
    }
}
