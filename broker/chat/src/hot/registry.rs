//! Which channels are in memory.

use std::sync::Arc;

use dashmap::DashMap;
use natter_core::{EntityId, Publication, TenantId};
use tokio::sync::OnceCell;

use super::HotChannel;

/// Channels that may stay in memory while nobody uses them.
const IDLE_CHANNELS_MAX: usize = 20_000;
/// How long a channel stays in memory when nobody uses it, in milliseconds.
const IDLE_MS: i64 = 10 * 60 * 1_000;

type Slot = Arc<OnceCell<Arc<HotChannel>>>;

/// The channels in memory, by tenant and id.
#[derive(Default)]
pub(crate) struct HotChannels {
    slots: DashMap<(TenantId, EntityId), Slot>,
}

impl HotChannels {
    /// The place of a channel, whether it is loaded or not.
    pub(super) fn slot(&self, tenant: &TenantId, id: EntityId) -> Slot {
        Arc::clone(&self.slots.entry((tenant.clone(), id)).or_default())
    }

    /// A channel that is loaded, or is loading.
    pub(crate) fn get(&self, tenant: &TenantId, id: EntityId) -> Option<Arc<HotChannel>> {
        let slot = self.slots.get(&(tenant.clone(), id)).map(|slot| Arc::clone(&slot))?;
        slot.get().cloned()
    }

    /// Forgets a channel: it is gone, or what is believed of it may be wrong. Those who hold it finish with it.
    pub(crate) fn forget(&self, tenant: &TenantId, id: EntityId) {
        if let Some((_, slot)) = self.slots.remove(&(tenant.clone(), id))
            && let Some(hot) = slot.get()
        {
            hot.mark_lost();
        }
    }

    /// Forgets the place of a channel that could not be loaded, unless somebody else is at it.
    pub(super) fn let_go_of_empty(&self, tenant: &TenantId, id: EntityId) {
        self.slots.remove_if(&(tenant.clone(), id), |_, slot| Arc::strong_count(slot) == 1 && slot.get().is_none());
    }

    /// Takes in what has been committed in a channel. Answers with the channel when its projection is to be started.
    pub(crate) fn committed(
        &self,
        tenant: &TenantId,
        id: EntityId,
        publications: &[Arc<Publication>],
    ) -> Option<Arc<HotChannel>> {
        let hot = self.get(tenant, id)?;
        hot.take_in(publications).then_some(hot)
    }

    /// All channels in memory.
    pub(crate) fn all(&self) -> Vec<Arc<HotChannel>> {
        self.slots.iter().filter_map(|slot| slot.value().get().cloned()).collect()
    }

    /// Lets go of channels that nobody has used for a while, or at once of those nobody uses when there are too many.
    /// What has not been stored of a channel stays.
    pub(crate) fn let_go(&self, now_ms: i64) {
        let is_crowded = self.slots.len() > IDLE_CHANNELS_MAX;
        let before_ms = if is_crowded { now_ms } else { now_ms - IDLE_MS };
        self.slots.retain(|_, slot| {
            // Under the map's own lock nobody can take another reference to the slot or, through it, to the channel.
            let is_unused = Arc::strong_count(slot) == 1
                && slot
                    .get()
                    .is_none_or(|hot| Arc::strong_count(hot) == 1 && hot.is_idle_since(before_ms) && !hot.is_behind());
            !is_unused
        });
    }
}
