//! Events, and the chats that belong to them.

use natter_chat::ChatError;
use natter_chat::rows::Table;
use natter_core::TenantId;
use serde::{Deserialize, Serialize};

use super::Graph;

/// Events: partition the id.
const EVENTS: Table<EventRow> = Table::new("campus_events");
/// Events of a chat: partition the chat, row the event, with its place among them. Hints.
const OF_CHAT: Table<u64> = Table::new("campus_chat_events");
/// Events of one chat that are looked at.
const OF_CHAT_MAX: usize = 1_000;

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventRow {
    #[serde(default)]
    pub(crate) chat: Option<String>,
    #[serde(default)]
    pub(crate) creator: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) starts_at: Option<String>,
    #[serde(default)]
    pub(crate) ends_at: Option<String>,
    #[serde(default)]
    pub(crate) active: bool,
}

impl Graph {
    /// An event by its id.
    pub(crate) async fn event(&self, tenant: &TenantId, id: &str) -> Result<Option<EventRow>, ChatError> {
        Ok(EVENTS.get(&*self.store, tenant, id, "").await?.map(|row| row.value))
    }

    /// The event of a chat, with its id. Of several, the one that was given to it last.
    pub(crate) async fn event_of(
        &self,
        tenant: &TenantId,
        chat: &str,
    ) -> Result<Option<(String, EventRow)>, ChatError> {
        let mut hints = OF_CHAT.all(&*self.store, tenant, chat, OF_CHAT_MAX).await?;
        hints.sort_by_key(|(_, place)| std::cmp::Reverse(place.value));
        for (id, _) in hints {
            let event = self.event(tenant, &id).await?;
            if let Some(event) = event.filter(|event| event.chat.as_deref() == Some(chat)) {
                return Ok(Some((id, event)));
            }
        }
        Ok(None)
    }

    /// Enters or changes an event; the turn is held.
    pub(super) async fn set_event(&self, tenant: &TenantId, id: &str, event: &EventRow) -> Result<(), ChatError> {
        let former = self.event(tenant, id).await?.and_then(|former| former.chat);
        if let Some(chat) = event.chat.as_ref().filter(|chat| former.as_ref() != Some(chat)) {
            let known = OF_CHAT.all(&*self.store, tenant, chat, OF_CHAT_MAX).await?;
            let place = known.iter().map(|(_, place)| place.value + 1).max().unwrap_or_default();
            OF_CHAT.set(&*self.store, tenant, chat, id, &place).await?;
        }
        EVENTS.set(&*self.store, tenant, id, "", event).await?;
        match former.filter(|former| event.chat.as_ref() != Some(former)) {
            Some(chat) => OF_CHAT.remove(&*self.store, tenant, &chat, id).await,
            None => Ok(()),
        }
    }

    /// Removes an event; the turn is held.
    pub(super) async fn remove_event(&self, tenant: &TenantId, id: &str) -> Result<(), ChatError> {
        let Some(event) = self.event(tenant, id).await? else { return Ok(()) };
        EVENTS.remove(&*self.store, tenant, id, "").await?;
        match event.chat {
            Some(chat) => OF_CHAT.remove(&*self.store, tenant, &chat, id).await,
            None => Ok(()),
        }
    }

    /// Removes the events of a chat that is gone.
    pub(crate) async fn remove_events_of(&self, tenant: &TenantId, chat: &str) -> Result<(), ChatError> {
        let _turn = self.turn(tenant).await;
        for (id, _) in OF_CHAT.all(&*self.store, tenant, chat, OF_CHAT_MAX).await? {
            match self.event(tenant, &id).await? {
                Some(event) if event.chat.as_deref() == Some(chat) => self.remove_event(tenant, &id).await?,
                _ => OF_CHAT.remove(&*self.store, tenant, chat, &id).await?,
            }
        }
        Ok(())
    }
}
