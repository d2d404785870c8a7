//! Messages to the sockets that are registered as the side that did not send them.
//!
//! A shop may have any number of rooms, so its sockets do not follow them: what has become durable in a room is handed on
//! to the side's own room, by the room's one projection and therefore in its order. Only sides that somebody is there for
//! cost anything.

use async_trait::async_trait;
use natter_chat::event::EventBody;
use natter_chat::{ChatError, Happened, Work};
use natter_core::Refusal;
use natter_node::realtime::Args;

use super::Live;
use super::presence::registered_room;
use crate::errors::ApiError;
use crate::events::{Audience, emits};
use crate::room::Room;

#[async_trait]
impl Work for Live {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        let EventBody::Message(_) = &happened.event.body else { return Ok(()) };
        let Some(partner) = self.0.sockets.partners().get(happened.tenant) else { return Ok(()) };
        // What is done once more after a crash, or for the sake of another taker, has been told already.
        let key = (happened.tenant.clone(), happened.channel);
        let is_told = self.0.directed.get(&key).is_some_and(|told| told >= happened.offset);
        if is_told || happened.time_ms < self.0.started_ms || !partner.has_sides() {
            return Ok(());
        }
        self.direct(&happened, &partner).await?;
        self.0.directed.insert(key, happened.offset);
        Ok(())
    }
}

impl Live {
    async fn direct(&self, happened: &Happened<'_>, partner: &super::sides::Partner) -> Result<(), ChatError> {
        let Some(room) = self.room_of(happened).await? else { return Ok(()) };
        for shown in emits(&room, happened.event, happened.seq, happened.time_ms) {
            let Audience::Side(side) = &shown.to else { continue };
            if !partner.is_registered(side) {
                continue;
            }
            let sockets = self.0.sockets.room(happened.tenant, &registered_room(side));
            match sockets.emit(&shown.name, &Args::one(&shown.payload)).await {
                Ok(()) => {}
                // The event is handed on again in a moment, and nothing of the room overtakes it.
                Err(Refusal::Busy) => return Err(ChatError::Unavailable),
                Err(error) => tracing::error!(tenant = %happened.tenant, %error, "a side's sockets miss a message"),
            }
        }
        Ok(())
    }

    async fn room_of(&self, happened: &Happened<'_>) -> Result<Option<Room>, ChatError> {
        let account = self.0.open_chat.accounts().of_tenant(happened.tenant.as_str()).await;
        let account = account.map_err(|_: ApiError| ChatError::Unavailable)?;
        let Some(account) = account else { return Ok(None) };
        match self.0.open_chat.chat().conversation(happened.tenant, happened.channel).await {
            Ok(conversation) => Ok(Room::of(&account.username, &conversation)),
            Err(ChatError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
