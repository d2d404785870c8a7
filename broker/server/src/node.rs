//! The running node: what reload, administration and shutdown work on.

use std::path::PathBuf;
use std::sync::Arc;

use natter_node::Broker;
use natter_node::auth::KeyError;
use natter_node::channel_limits::ChannelLimits;
use natter_node::config::{Config, Limits, Listener};
use natter_node::limits::ConnectionLimits;
use natter_node::plugin::Mount;
use natter_node::tenant::Tenants;
use natter_outbox::Outbox;
use natter_store::StoreError;
use thiserror::Error;
use tokio::sync::{Mutex, MutexGuard};

use crate::store::OpenStore;
use crate::tenants::Tenancy;
use crate::wiring::Plugins;

/// Everything that runs.
pub(crate) struct Node {
    /// Where the configuration came from.
    pub(crate) file: Option<PathBuf>,
    /// What is configured, without the tenants that were added. Whoever changes what is in force holds it.
    configured: Mutex<Config>,
    pub(crate) broker: Broker,
    pub(crate) store: OpenStore,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) outbox: Outbox,
    plugins: Plugins,
}

/// Why a change is not in force.
#[derive(Debug, Error)]
pub(crate) enum ApplyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a tenant's key cannot be used: {0}")]
    Key(#[from] KeyError),
}

impl Node {
    pub(crate) fn new(
        file: Option<PathBuf>,
        configured: Config,
        broker: Broker,
        store: OpenStore,
        tenants: Arc<Tenants>,
        outbox: Outbox,
        plugins: Plugins,
    ) -> Self {
        Self { file, configured: Mutex::new(configured), broker, store, tenants, outbox, plugins }
    }

    /// What a listener serves.
    pub(crate) fn mounts(&self, listener: &Listener) -> Vec<Mount> {
        self.plugins.mounts(listener)
    }

    /// What is configured, for as long as nobody may change it.
    pub(crate) async fn configured(&self) -> MutexGuard<'_, Config> {
        self.configured.lock().await
    }

    /// Puts a configuration in force, together with the tenants of the store.
    ///
    /// # Errors
    /// Everything stays as it was.
    pub(crate) async fn apply(&self, configured: &Config) -> Result<(), ApplyError> {
        let config = with_stored_tenants(configured, &self.store).await?;
        self.plugins.reload(&config)?;
        self.broker.set_limits(connection_limits(&config.limits));
        self.broker.set_channel_limits(ChannelLimits::new(&config));
        self.tenants.replace(config.tenants);
        Ok(())
    }
}

/// The configuration with the tenants that were added at run time.
///
/// # Errors
/// The store cannot be read.
pub(crate) async fn with_stored_tenants(configured: &Config, store: &OpenStore) -> Result<Config, StoreError> {
    let tenancy = Tenancy { store: store.store.as_ref(), configured: &configured.tenants };
    let mut config = configured.clone();
    config.tenants = tenancy.all().await?;
    Ok(config)
}

/// What one connection may use.
pub(crate) fn connection_limits(limits: &Limits) -> ConnectionLimits {
    ConnectionLimits {
        connection_queue_bytes_max: limits.connection_queue_bytes_max,
        commands_in_flight_max: u32::try_from(limits.commands_in_flight_max).unwrap_or(u32::MAX),
    }
}
