//! What can be said at once, from memory alone: for those who show events and must not wait.

use std::sync::Arc;

use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::model::{ChannelType, User};

impl Chat {
    /// A user, deleted or not, if it is in memory. Whoever has just sent or read something is.
    pub fn user_in_memory(&self, tenant: &TenantId, id: &str) -> Option<Arc<User>> {
        self.0.users.get(tenant, id)
    }

    /// What a channel is for, if it is in memory. One that something has just happened in is.
    pub fn kind_in_memory(&self, tenant: &TenantId, channel: EntityId) -> Option<ChannelType> {
        self.0.hot.get(tenant, channel).map(|hot| hot.channel.read().value.kind)
    }
}
