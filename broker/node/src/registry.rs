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
    /// Notes a connection. True when it is its user's first.
    pub(crate) fn add(&self, tenant: &Tenant, user: &Arc<str>, lane: LaneId, connection: ConnectionId) -> bool {
        tenant.connection_opened();
        if user.is_empty() {
            return false;
        }
        let mut connections = self.users.entry((tenant.id().clone(), Arc::clone(user))).or_default();
        let is_first = connections.is_empty();
        if is_first {
            tenant.user_came();
        }
        connections.push((lane, connection));
        is_first
    }

    /// Forgets a connection. True when it was its user's last.
    pub(crate) fn remove(&self, tenant: &Tenant, user: &Arc<str>, lane: LaneId, connection: ConnectionId) -> bool {
        tenant.connection_closed();
        let Entry::Occupied(mut entry) = self.users.entry((tenant.id().clone(), Arc::clone(user))) else {
            return false;
        };
        entry.get_mut().retain(|known| *known != (lane, connection));
        let was_last = entry.get().is_empty();
        if was_last {
            entry.remove();
            tenant.user_left();
        }
        was_last
    }

    /// The connections of a user that were noted before this one. Of two connections it is one that is told of the other.
    pub(crate) fn before(
        &self,
        tenant: &TenantId,
        user: &Arc<str>,
        lane: LaneId,
        connection: ConnectionId,
    ) -> Connections {
        let Some(found) = self.users.get(&(tenant.clone(), Arc::clone(user))) else { return Connections::new() };
        match found.iter().position(|known| *known == (lane, connection)) {
            Some(place) => Connections::from_slice(&found[..place]),
            None => Connections::new(),
        }
    }

    /// The connections of a user, in the order in which they came.
    pub(crate) fn connections(&self, tenant: &TenantId, user: &str) -> Connections {
        self.users.get(&(tenant.clone(), Arc::from(user))).map(|found| found.clone()).unwrap_or_default()
    }
}
