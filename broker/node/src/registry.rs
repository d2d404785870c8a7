//! Which connections a user has, on whichever lane.

use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use natter_core::{LaneId, TenantId};
use smallvec::SmallVec;

use crate::lane::ConnectionId;
use crate::tenant::Tenant;

type Connections = SmallVec<[(LaneId, ConnectionId); 1]>;

/// The connections of every named user. Anonymous connections are counted by their tenant, but not listed.
#[derive(Default)]
pub(crate) struct Registry {
    users: DashMap<(TenantId, Arc<str>), Connections>,
}

impl Registry {
    pub(crate) fn add(&self, tenant: &Tenant, user: &Arc<str>, lane: LaneId, connection: ConnectionId) {
        tenant.connection_opened();
        if user.is_empty() {
            return;
        }
        let mut connections = self.users.entry((tenant.id().clone(), Arc::clone(user))).or_default();
        if connections.is_empty() {
            tenant.user_came();
        }
        connections.push((lane, connection));
    }

    pub(crate) fn remove(&self, tenant: &Tenant, user: &Arc<str>, lane: LaneId, connection: ConnectionId) {
        tenant.connection_closed();
        let Entry::Occupied(mut entry) = self.users.entry((tenant.id().clone(), Arc::clone(user))) else { return };
        entry.get_mut().retain(|known| *known != (lane, connection));
        if entry.get().is_empty() {
            entry.remove();
            tenant.user_left();
        }
    }

    /// The connections of a user, in no order.
    pub(crate) fn connections(&self, tenant: &TenantId, user: &str) -> Connections {
        self.users.get(&(tenant.clone(), Arc::from(user))).map(|found| found.clone()).unwrap_or_default()
    }
}
