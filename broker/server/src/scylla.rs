//! Opens the store that nodes share, as `[store]` describes it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use natter_node::config::{self, Consistency, SerialConsistency};
use natter_store::transfer::is_unfinished;
use natter_store::{CqlConsistency, CqlCredentials, CqlSerialConsistency, CqlTls, ScyllaOptions, ScyllaStore, Store};

use crate::store::Observer;

/// Connects, and makes or migrates the tables.
///
/// # Errors
/// The cluster cannot be worked with, or holds only a part of what is being moved there.
pub(crate) async fn open(settings: &config::Store) -> anyhow::Result<Arc<dyn Store>> {
    let store = connect(settings).await?;
    if is_unfinished(&store).await? {
        bail!("the keyspace {} is not complete: run `natter migrate` again", settings.keyspace);
    }
    Ok(Arc::new(store))
}

/// Connects, whatever the keyspace holds.
///
/// # Errors
/// The cluster cannot be worked with.
pub(crate) async fn connect(settings: &config::Store) -> anyhow::Result<ScyllaStore> {
    let mut options = ScyllaOptions::new(settings.contact_points.clone(), &settings.keyspace);
    options.replication_factor = settings.replication_factor;
    options.datacenter = Some(settings.datacenter.clone()).filter(|name| !name.is_empty());
    options.consistency = consistency(settings.consistency)?;
    options.serial_consistency = match settings.serial_consistency {
        SerialConsistency::Serial => CqlSerialConsistency::Serial,
        SerialConsistency::LocalSerial => CqlSerialConsistency::LocalSerial,
    };
    options.credentials = credentials(settings);
    options.tls = tls(settings);
    options.observer = Arc::new(Observer::new("scylla"));
    let points = settings.contact_points.join(", ");
    ScyllaStore::open(options).await.with_context(|| format!("cannot open the store at {points}"))
}

fn consistency(consistency: Consistency) -> anyhow::Result<CqlConsistency> {
    Ok(match consistency {
        Consistency::LocalQuorum => CqlConsistency::LocalQuorum,
        Consistency::Quorum => CqlConsistency::Quorum,
        Consistency::EachQuorum => CqlConsistency::EachQuorum,
        Consistency::All => CqlConsistency::All,
        Consistency::One | Consistency::Two | Consistency::Three | Consistency::LocalOne => {
            bail!("store.consistency could miss what was acknowledged")
        }
    })
}

fn credentials(settings: &config::Store) -> Option<CqlCredentials> {
    let username = settings.username.clone();
    (!username.is_empty()).then(|| CqlCredentials { username, password: settings.password.reveal().to_owned() })
}

fn tls(settings: &config::Store) -> Option<CqlTls> {
    let is_set = |path: &Path| !path.as_os_str().is_empty();
    let identity = || (settings.tls_certificate.clone(), settings.tls_private_key.clone());
    is_set(&settings.tls_authorities).then(|| CqlTls {
        authorities: settings.tls_authorities.clone(),
        identity: is_set(&settings.tls_certificate).then(identity),
    })
}
