//! Where state lives: `[store]` and `[cluster]`.

use std::path::PathBuf;

use serde::Deserialize;

use super::secret::Secret;

/// Which store keeps channels and their history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// In this process, in a folder.
    Embedded,
    /// A Scylla or Cassandra cluster.
    Scylla,
    /// In memory only, for tests: nothing survives a restart.
    Memory,
}

/// What an acknowledgement promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The write is on disk (fsync, shared by a group of writes).
    Sync,
    /// The write is handed to the system; a power failure may take the last ones back.
    Async,
}

/// Scylla's consistency of ordinary reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Scylla's own")]
pub enum Consistency {
    One,
    Two,
    Three,
    Quorum,
    All,
    LocalQuorum,
    EachQuorum,
    LocalOne,
}

/// Scylla's consistency of conditional writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SerialConsistency {
    /// Across data centres.
    Serial,
    /// Within one data centre; only where there is one.
    LocalSerial,
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Which engine.
    pub kind: StoreKind,
    /// Folder of the embedded store.
    pub path: PathBuf,
    /// What an acknowledgement promises.
    pub durability: Durability,
    /// Scylla: addresses to start from, as `host:port`.
    pub contact_points: Vec<String>,
    /// Scylla: keyspace.
    pub keyspace: String,
    /// Scylla: copies of each row.
    pub replication_factor: u8,
    /// Scylla: consistency of ordinary statements.
    pub consistency: Consistency,
    /// Scylla: consistency of conditional statements.
    pub serial_consistency: SerialConsistency,
    /// Scylla: data centre to prefer; empty leaves it to the driver.
    pub datacenter: String,
    /// Scylla: role to log in as; empty does not log in.
    pub username: String,
    /// Scylla: its password.
    pub password: Secret,
    /// Scylla: PEM file with the authorities of the nodes' certificates; empty means no TLS.
    pub tls_authorities: PathBuf,
    /// Scylla: PEM file with this node's own certificate, where the cluster asks for one.
    pub tls_certificate: PathBuf,
    /// Scylla: PEM file with its key.
    pub tls_private_key: PathBuf,
}

impl Store {
    /// Whether what one node wrote is what another reads: majorities overlap, fewer replicas need not.
    pub fn is_consistent(&self) -> bool {
        use Consistency::{All, EachQuorum, LocalQuorum, Quorum};
        matches!(self.consistency, Quorum | All | LocalQuorum | EachQuorum)
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            kind: StoreKind::Embedded,
            path: PathBuf::from("data"),
            durability: Durability::Sync,
            contact_points: Vec::new(),
            keyspace: "natter".to_owned(),
            replication_factor: 3,
            consistency: Consistency::LocalQuorum,
            serial_consistency: SerialConsistency::Serial,
            datacenter: String::new(),
            username: String::new(),
            password: Secret::default(),
            tls_authorities: PathBuf::new(),
            tls_certificate: PathBuf::new(),
            tls_private_key: PathBuf::new(),
        }
    }
}

/// `[cluster]`: more than one node. Needs a store that the nodes share.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// URL of the Redis or Valkey that carries fan-out and presence; may hold a password.
    pub redis: Secret,
    /// Name of this node, unique in the cluster; empty means one made at start.
    #[serde(default)]
    pub node_name: String,
}
