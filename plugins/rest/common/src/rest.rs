//! What all dialects of a node have in common at run time.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::http::request::Parts;
use natter_files::FileStore;
use natter_node::auth::KeyError;
use natter_node::config::{AddressRange, Config};
use natter_node::plugin::Mount;
use natter_node::tenant::Tenants;
use natter_store::{Clock, Store};

use crate::callers::Callers;
use crate::client_address::{ClientAddress, peer};
use crate::cors::Cors;
use crate::dialect::Dialect;
use crate::files;
use crate::idempotency::Idempotency;
use crate::rate::RateLimits;
use crate::serve::surround;

/// Time between two rounds that delete expired answers of the store.
const SWEEP_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// Callers, limits, idempotency, files and cross-origin rules; one for the node, shared by its dialects.
///
/// A dialect's state gives it out with `impl FromRef<State> for Arc<Rest>`, which is what the extractors ask for.
pub struct Rest {
    callers: Callers,
    limits: RateLimits,
    idempotency: Idempotency,
    files: FileStore,
    settings: ArcSwap<Settings>,
}

#[derive(Debug, Default)]
struct Settings {
    cors: Arc<Cors>,
    trusted_proxies: Vec<AddressRange>,
}

impl Settings {
    fn new(config: &Config) -> Self {
        Self {
            cors: Arc::new(Cors::new(&config.server.allowed_origins)),
            trusted_proxies: config.server.trusted_proxies.clone(),
        }
    }
}

impl Rest {
    /// Puts the parts together. `clock` is what limits and idempotency count by.
    ///
    /// # Errors
    /// A tenant's key that cannot be used.
    pub fn new(
        config: &Config,
        tenants: Arc<Tenants>,
        store: Arc<dyn Store>,
        files: FileStore,
        clock: Clock,
    ) -> Result<Arc<Self>, KeyError> {
        let is_cluster = config.cluster.is_some();
        Ok(Arc::new(Self {
            callers: Callers::new(config, tenants)?,
            limits: RateLimits::new(Arc::clone(&clock)),
            idempotency: Idempotency::new(store, clock, is_cluster),
            files,
            settings: ArcSwap::from_pointee(Settings::new(config)),
        }))
    }

    /// Takes a new configuration over.
    ///
    /// # Errors
    /// A tenant's key that cannot be used; nothing has changed then.
    pub fn reload(&self, config: &Config) -> Result<(), KeyError> {
        self.callers.reload(config)?;
        self.settings.store(Arc::new(Settings::new(config)));
        Ok(())
    }

    /// Who is calling.
    pub fn callers(&self) -> &Callers {
        &self.callers
    }

    /// How often somebody may call.
    pub fn limits(&self) -> &RateLimits {
        &self.limits
    }

    /// Answers that are given again.
    pub fn idempotency(&self) -> &Idempotency {
        &self.idempotency
    }

    /// Uploaded files.
    pub fn files(&self) -> &FileStore {
        &self.files
    }

    /// The address that a request comes from.
    pub fn client_address(&self, parts: &Parts) -> ClientAddress {
        ClientAddress::new(peer(parts), &parts.headers, &self.settings.load().trusted_proxies)
    }

    /// A dialect's routes with everything around them: its 404 and 405, cross-origin rules, metrics, a net under panics.
    pub fn serve<D: Dialect>(self: &Arc<Self>, routes: Router) -> Router {
        surround::<D>(self, routes)
    }

    /// `/files`: uploaded files for browsers, to be mounted wherever a dialect is.
    pub fn files_mount(self: &Arc<Self>) -> Mount {
        files::mount(self)
    }

    /// Deletes expired answers from time to time, until the runtime ends or nobody else holds this.
    pub fn start_sweeping(self: &Arc<Self>) {
        let rest = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SWEEP_INTERVAL).await;
                let Some(rest) = rest.upgrade() else { return };
                let tenants = rest.callers.tenants().all();
                for tenant in tenants {
                    if let Err(error) = rest.idempotency.sweep(tenant.id()).await {
                        tracing::warn!(tenant = %tenant.id(), %error, "expired answers could not be deleted");
                    }
                }
            }
        });
    }

    pub(crate) fn cors(&self) -> Arc<Cors> {
        Arc::clone(&self.settings.load().cors)
    }
}
