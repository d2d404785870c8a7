//! Tenants: who owns users, channels and limits. Nothing crosses from one to another.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use natter_core::TenantId;

use crate::config;

/// A tenant while the node runs: what is configured of it, which may be reloaded, and what is counted.
#[derive(Debug)]
pub struct Tenant {
    id: TenantId,
    settings: ArcSwap<config::Tenant>,
    connections: AtomicUsize,
    users: AtomicUsize,
}

impl Tenant {
    /// Makes a tenant that nobody is connected to.
    pub fn new(settings: config::Tenant) -> Self {
        Self {
            id: TenantId::new(settings.id.as_str()),
            settings: ArcSwap::from_pointee(settings),
            connections: AtomicUsize::new(0),
            users: AtomicUsize::new(0),
        }
    }

    /// What is configured of it now.
    pub fn settings(&self) -> Arc<config::Tenant> {
        self.settings.load_full()
    }

    /// Its name.
    pub fn id(&self) -> &TenantId {
        &self.id
    }

    /// Connections that have told who they are.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Distinct users with a connection; anonymous ones are not counted.
    pub fn users(&self) -> usize {
        self.users.load(Ordering::Relaxed)
    }

    pub(crate) fn connection_opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connection_closed(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn user_came(&self) {
        self.users.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn user_left(&self) {
        self.users.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All tenants of the node, by name and by API key.
#[derive(Debug, Default)]
pub struct Tenants(ArcSwap<Index>);

#[derive(Clone, Debug, Default)]
struct Index {
    by_id: HashMap<String, Arc<Tenant>>,
    by_api_key: HashMap<String, Arc<Tenant>>,
}

impl Tenants {
    /// Makes the tenants that are configured.
    pub fn new(configured: impl IntoIterator<Item = config::Tenant>) -> Self {
        let tenants = Self::default();
        tenants.replace(configured);
        tenants
    }

    /// Takes a new configuration over. Tenants that stay keep their counters; those that are gone are not found any more.
    pub fn replace(&self, configured: impl IntoIterator<Item = config::Tenant>) {
        let old = self.0.load();
        let mut index = Index::default();
        for settings in configured {
            let tenant = match old.by_id.get(&settings.id) {
                Some(tenant) => Arc::clone(tenant),
                None => Arc::new(Tenant::new(settings.clone())),
            };
            for key in &settings.api_keys {
                index.by_api_key.insert(key.reveal().to_owned(), Arc::clone(&tenant));
            }
            index.by_id.insert(settings.id.clone(), Arc::clone(&tenant));
            tenant.settings.store(Arc::new(settings));
        }
        self.0.store(Arc::new(index));
    }

    /// Takes in one tenant that was made at run time. One that is there already stays as it is.
    pub fn ensure(&self, settings: config::Tenant) -> Arc<Tenant> {
        let new = Arc::new(Tenant::new(settings));
        let id = new.id().as_str();
        self.0.rcu(|index| {
            if index.by_id.contains_key(id) {
                return Arc::clone(index);
            }
            let keys = new.settings().api_keys.clone();
            let mut index = Index::clone(index);
            index.by_api_key.extend(keys.iter().map(|key| (key.reveal().to_owned(), Arc::clone(&new))));
            index.by_id.insert(id.to_owned(), Arc::clone(&new));
            Arc::new(index)
        });
        // A reload that does not see the row yet may have taken it away again; it comes back with the next look.
        self.get(id).unwrap_or(new)
    }

    /// A tenant by its name.
    pub fn get(&self, id: &str) -> Option<Arc<Tenant>> {
        self.0.load().by_id.get(id).cloned()
    }

    /// The tenant that an API key belongs to.
    pub fn by_api_key(&self, key: &str) -> Option<Arc<Tenant>> {
        self.0.load().by_api_key.get(key).cloned()
    }

    /// All of them, in no order.
    pub fn all(&self) -> Vec<Arc<Tenant>> {
        self.0.load().by_id.values().cloned().collect()
    }
}
