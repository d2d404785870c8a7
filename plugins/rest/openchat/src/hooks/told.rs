//! How far a room's messages have been told, so that none is told twice.
//!
//! After a crash the newest messages of a room happen once more. The mark is written behind the job: a crash between the
//! two queues one event again, under the name that it had.

use natter_core::EntityId;

use crate::accounts::rows;
use crate::errors::ApiError;
use crate::open_chat::OpenChat;

impl OpenChat {
    /// Whether a room's partner has been told of what stands at this offset.
    pub(super) async fn has_told(&self, room: EntityId, offset: u64) -> Result<bool, ApiError> {
        if let Some(told) = self.told().get(&room) {
            return Ok(told >= offset);
        }
        let kept = rows::get::<u64>(self.store(), &rows::told(&room.to_hex())).await?;
        let told = kept.map_or(0, |(_, told)| told);
        self.told().insert(room, told);
        Ok(told >= offset)
    }

    /// It has been.
    pub(super) async fn set_told(&self, room: EntityId, offset: u64) -> Result<(), ApiError> {
        rows::set(self.store(), &rows::told(&room.to_hex()), &offset).await?;
        self.told().insert(room, offset);
        Ok(())
    }
}
