//! Connections between two users.

use natter_chat::ChatError;
use natter_chat::rows::Table;
use natter_core::TenantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Graph;

/// Connections: partition the id.
const MEETS: Table<Meet> = Table::new("campus_meets");
/// Connections of a pair: partition the pair, row the connection. Hints.
const PAIRS: Table<()> = Table::new("campus_meet_pairs");
/// Connections of one pair that are looked at.
const PAIR_MAX: usize = 100;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MeetStatus {
    Pending,
    Accepted,
    Rejected,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meet {
    pub(crate) users: [String; 2],
    pub(crate) status: MeetStatus,
}

impl Meet {
    /// Whether it is between these two.
    pub(crate) fn is_between(&self, one: &str, other: &str) -> bool {
        let [first, second] = &self.users;
        (first == one && second == other) || (first == other && second == one)
    }
}

impl Graph {
    /// A connection by its id.
    pub(crate) async fn meet(&self, tenant: &TenantId, id: &str) -> Result<Option<Meet>, ChatError> {
        Ok(MEETS.get(&*self.store, tenant, id, "").await?.map(|row| row.value))
    }

    /// Whether there is an accepted connection between two users.
    pub(crate) async fn is_connected(&self, tenant: &TenantId, one: &str, other: &str) -> Result<bool, ChatError> {
        let hints = PAIRS.all(&*self.store, tenant, &pair(one, other), PAIR_MAX).await?;
        for (id, _) in hints {
            let meet = self.meet(tenant, &id).await?;
            if meet.is_some_and(|meet| meet.status == MeetStatus::Accepted && meet.is_between(one, other)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Enters or changes a connection; the turn is held.
    pub(super) async fn set_meet(&self, tenant: &TenantId, id: &str, meet: &Meet) -> Result<(), ChatError> {
        let former = self.meet(tenant, id).await?.filter(|former| former.users != meet.users);
        let [one, other] = &meet.users;
        PAIRS.set(&*self.store, tenant, &pair(one, other), id, &()).await?;
        MEETS.set(&*self.store, tenant, id, "", meet).await?;
        if let Some(former) = former.filter(|former| !former.is_between(one, other)) {
            PAIRS.remove(&*self.store, tenant, &pair(&former.users[0], &former.users[1]), id).await?;
        }
        Ok(())
    }

    /// Removes a connection; the turn is held.
    pub(super) async fn remove_meet(&self, tenant: &TenantId, id: &str) -> Result<(), ChatError> {
        let Some(meet) = self.meet(tenant, id).await? else { return Ok(()) };
        MEETS.remove(&*self.store, tenant, id, "").await?;
        PAIRS.remove(&*self.store, tenant, &pair(&meet.users[0], &meet.users[1]), id).await
    }
}

/// The partition of a pair, the same from either side; ids have one length.
fn pair(one: &str, other: &str) -> String {
    if one < other { format!("{one}:{other}") } else { format!("{other}:{one}") }
}
