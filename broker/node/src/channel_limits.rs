//! How many channels each tenant may have in memory, over all shards.
//!
//! Invariant: a tenant has one quota for as long as the process lives, so that what it has taken is counted once whatever
//! is reloaded meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use dashmap::DashMap;
use natter_core::{ChannelQuota, ChannelQuotas, TenantId};

use crate::config::Config;

/// The bounds of all tenants.
#[derive(Clone, Debug)]
pub struct ChannelLimits {
    default_max: usize,
    /// Tenants with a bound of their own.
    own: HashMap<TenantId, usize>,
}

impl ChannelLimits {
    /// `limits.channels_per_tenant_max`, and what tenants have in its place.
    pub fn new(config: &Config) -> Self {
        let tenants = config.tenants.iter();
        let own = tenants.filter_map(|tenant| Some((TenantId::new(tenant.id.as_str()), tenant.limits.channels_max?)));
        Self { default_max: config.limits.channels_per_tenant_max, own: own.collect() }
    }

    fn of(&self, tenant: &TenantId) -> usize {
        self.own.get(tenant).copied().unwrap_or(self.default_max)
    }
}

impl Default for ChannelLimits {
    fn default() -> Self {
        Self { default_max: usize::MAX, own: HashMap::new() }
    }
}

/// The quotas of all tenants that ever had a channel.
#[derive(Debug, Default)]
pub(crate) struct TenantQuotas {
    limits: ArcSwap<ChannelLimits>,
    quotas: DashMap<TenantId, Arc<ChannelQuota>>,
}

impl TenantQuotas {
    /// Puts other bounds in force.
    pub(crate) fn set(&self, limits: ChannelLimits) {
        // A quota that is made meanwhile by the old bounds is in the map before its part of the map is looked at.
        self.limits.store(Arc::new(limits));
        let limits = self.limits.load();
        self.quotas.iter().for_each(|quota| quota.set_max(limits.of(quota.key())));
    }
}

impl ChannelQuotas for TenantQuotas {
    fn of(&self, tenant: &TenantId) -> Arc<ChannelQuota> {
        if let Some(quota) = self.quotas.get(tenant) {
            return Arc::clone(&quota);
        }
        let make = || Arc::new(ChannelQuota::new(self.limits.load().of(tenant)));
        Arc::clone(&self.quotas.entry(tenant.clone()).or_insert_with(make))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Tenant;

    fn limits(default_max: usize, acme_max: Option<usize>) -> ChannelLimits {
        let mut acme = Tenant { id: "acme".to_owned(), ..Tenant::default() };
        acme.limits.channels_max = acme_max;
        let mut config = Config::default();
        config.tenants = vec![acme];
        config.limits.channels_per_tenant_max = default_max;
        ChannelLimits::new(&config)
    }

    #[test]
    fn a_tenant_s_own_bound_stands_in_place_of_the_node_s() {
        let limits = limits(7, Some(3));
        assert_eq!((limits.of(&TenantId::new("acme")), limits.of(&TenantId::new("other"))), (3, 7));
    }

    #[test]
    fn a_quota_outlives_a_reload() {
        let quotas = TenantQuotas::default();
        let acme = TenantId::new("acme");
        let before = quotas.of(&acme);
        quotas.set(limits(7, Some(3)));
        assert!(Arc::ptr_eq(&before, &quotas.of(&acme)));
        assert_eq!(before.max(), 3);
        assert_eq!(quotas.of(&TenantId::new("other")).max(), 7);
    }
}
