//! Pins: any member can pin a message to its channel.

use natter_core::{EntityId, TenantId};

use super::state::row_of;
use crate::chat::Chat;
use crate::error::ChatError;
use crate::event::{Event, EventBody, PinChange};
use crate::model::{Message, Pin};
use crate::rows::Table;

/// Pins: partition the channel, row the message's number, value its id.
pub(crate) const PINS: Table<EntityId> = Table::new("chat_pins");
/// Pins of one channel.
const PINS_MAX: usize = 1_000;

impl Chat {
    /// Pins a message, or takes it off. What is so already stays as it is.
    ///
    /// # Errors
    /// The caller is no member, there is no such message, or the channel has as many pins as it may.
    pub async fn set_pin(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        message: EntityId,
        is_pinned: bool,
    ) -> Result<(), ChatError> {
        let (hot, _) = self.own(tenant, caller, channel).await?;
        let seq = self.find(&hot, message).await?.message.seq;
        let _turn = hot.lock_message(seq).await?;
        let found = self.find(&hot, message).await?;
        if found.state.pin.is_some() == is_pinned {
            return Ok(());
        }
        if is_pinned && PINS.all(self.store(), tenant, &hot.id.to_hex(), PINS_MAX).await?.len() >= PINS_MAX {
            return Err(ChatError::Conflict("the channel has as many pins as it may"));
        }
        let change = PinChange { message, seq, user: caller.to_owned() };
        let body = if is_pinned { EventBody::Pinned(change) } else { EventBody::Unpinned(change) };
        let published = self.append(&hot, Event::of(hot.id, body)).await?;
        hot.projected_to(published.offset).await
    }

    /// The pinned messages of a channel, the newest pin first.
    ///
    /// # Errors
    /// The caller may not see the channel.
    pub async fn pins(&self, tenant: &TenantId, caller: &str, channel: EntityId) -> Result<Vec<Message>, ChatError> {
        let hot = self.visible(tenant, caller, channel).await?;
        hot.settle().await;
        let mut found = Vec::new();
        for (_, id) in PINS.all(self.store(), tenant, &hot.id.to_hex(), PINS_MAX).await? {
            found.extend(self.find_any(&hot, id.value).await?.filter(|found| !found.is_deleted()));
        }
        let mut messages = self.finish_all(&hot, found, Some(caller)).await?;
        messages.retain(|message| message.pin.is_some());
        messages.sort_by_key(|message| {
            let at = message.pin.as_ref().map_or(0, |pin| pin.at);
            (std::cmp::Reverse(at), std::cmp::Reverse(message.seq))
        });
        Ok(messages)
    }

    /// Brings a pin's row up to date with its event.
    pub(crate) async fn project_pin(
        &self,
        hot: &crate::hot::HotChannel,
        change: &PinChange,
        is_pinned: bool,
    ) -> Result<(), ChatError> {
        let (partition, row) = (hot.id.to_hex(), row_of(change.seq));
        match is_pinned {
            true => PINS.set(self.store(), &hot.tenant, &partition, &row, &change.message).await,
            false => PINS.remove(self.store(), &hot.tenant, &partition, &row).await,
        }
    }
}

impl PinChange {
    /// As it stands on the message.
    pub(crate) fn pin(&self, at: i64) -> Pin {
        Pin { by: self.user.clone(), at }
    }
}
