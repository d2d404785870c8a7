//! One message to every room of a shop.
//!
//! Rooms are sent to side by side, so that the store commits many messages at once; what is kept of each is its name and
//! time only, and the answer is written from that while it is sent. Every message carries a key: a try that is repeated
//! here, or by a client with an `Idempotency-Key`, sends nothing twice.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::{ChatError, NewMessage};
use natter_core::EntityId;
use natter_rest::random_text;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Sent;
use crate::caller::Caller;
use crate::check;
use crate::errors::ApiError;
use crate::list::Entries;
use crate::message::{self, MessageExtra, MessageType};
use crate::open_chat::OpenChat;
use crate::room::Room;
use crate::side::Side;
use crate::time::iso;

/// Rooms that are sent to side by side.
const SENDS_AT_ONCE: usize = 256;
/// Tries of one message while the node is too busy, and the first pause between them.
const TRIES_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);
/// Characters of the key that a broadcast gets when it came without one.
const KEY_CHARACTERS: usize = 32;

/// `POST /v2/chats/broadcast`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct BroadcastBody {
    /// The shop.
    #[schema(example = "shop_001")]
    pub(crate) shop_id: String,
    /// 1 to 5,000 characters.
    #[schema(example = "🎉 Flash sale! 50% off today only!")]
    pub(crate) message: String,
    /// The shop's display name; the room's unless given.
    pub(crate) sender_name: Option<String>,
    /// `text` unless given.
    #[serde(rename = "type")]
    pub(crate) kind: Option<MessageType>,
    /// Has to be the caller's, if given.
    pub(crate) username: Option<String>,
}

/// What was sent: how many messages, and each of them.
pub(crate) struct Broadcast {
    pub(crate) count: usize,
    pub(crate) messages: Entries<Sent>,
}

/// What is said of it.
pub(crate) fn broadcast_message(count: usize) -> String {
    format!("Broadcast sent to {count} chatroom{}", if count == 1 { "" } else { "s" })
}

/// What is kept of a message until the answer is written.
struct Posted {
    room: EntityId,
    message: EntityId,
    seq: u64,
    created_at: i64,
    /// Where it is not the one that was given.
    sender_name: Option<String>,
}

impl OpenChat {
    /// Sends a message to every room of a shop, as the shop. `key` makes a repeat of the same call harmless.
    ///
    /// # Errors
    /// 1000, 4000, 4003, 1005 when the shop has no rooms; 5000 when it could not be sent to all of them.
    pub(crate) async fn broadcast(
        &self,
        caller: &Caller,
        body: BroadcastBody,
        key: Option<String>,
    ) -> Result<Broadcast, ApiError> {
        caller.check_username(body.username.as_deref())?;
        check::id("shop_id", &body.shop_id)?;
        check::message(&body.message)?;
        body.sender_name.as_deref().map_or(Ok(()), |name| check::name("sender_name", name))?;
        caller.require_side(Side::Shop, &body.shop_id)?;
        let rooms = self.rooms_of(caller, Side::Shop, &body.shop_id).await?;
        let key = key.map_or_else(|| random_text(KEY_CHARACTERS), Ok)?;
        let sends = stream::iter(rooms).map(|room| self.post(caller, room, &body, &key));
        let posted: Vec<Option<Posted>> = sends.buffered(SENDS_AT_ONCE).try_collect().await?;
        let posted: Vec<Posted> = posted.into_iter().flatten().collect();
        let count = posted.len();
        let body = Arc::new(body);
        let messages = stream::iter(posted).map(move |posted| Ok(shown(&body, posted))).boxed();
        Ok(Broadcast { count, messages })
    }

    /// Sends to one room; `None` when it has gone meanwhile.
    async fn post(
        &self,
        caller: &Caller,
        id: EntityId,
        body: &BroadcastBody,
        key: &str,
    ) -> Result<Option<Posted>, ApiError> {
        let Some((room, _)) = self.found(caller, id).await? else { return Ok(None) };
        let own_name = body.sender_name.is_none().then(|| room.shop_name.clone().unwrap_or(room.shop_id.clone()));
        let sender_name = body.sender_name.clone().or_else(|| own_name.clone()).unwrap_or_default();
        let kind = body.kind.unwrap_or_default();
        let new = NewMessage {
            attachments: message::attachments(kind, &body.message),
            text: body.message.clone(),
            key: Some(key.to_owned()),
            extra: MessageExtra { kind, sender_name }.into_extra(),
            ..NewMessage::default()
        };
        let Some(sent) = self.insist(caller, &room, new).await? else { return Ok(None) };
        Ok(Some(Posted {
            room: id,
            message: sent.id,
            seq: sent.seq,
            created_at: sent.created_at,
            sender_name: own_name,
        }))
    }

    /// Sends, again and again while the node is too busy.
    async fn insist(
        &self,
        caller: &Caller,
        room: &Room,
        new: NewMessage,
    ) -> Result<Option<natter_chat::Message>, ApiError> {
        let mut tries = 0;
        loop {
            match self.chat().send(caller.tenant(), room.member_of(Side::Shop), room.id, new.clone()).await {
                Ok(sent) => return Ok(Some(sent.message)),
                Err(ChatError::NotFound(_)) => return Ok(None),
                Err(ChatError::Unavailable) if tries + 1 < TRIES_MAX => {
                    tokio::time::sleep(PAUSE * 2u32.pow(tries)).await;
                    tries += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn shown(body: &BroadcastBody, posted: Posted) -> Sent {
    Sent {
        message_id: posted.message.to_hex(),
        room_id: posted.room.to_hex(),
        sender_by: Side::Shop,
        sender_id: body.shop_id.clone(),
        sender_name: posted.sender_name.or_else(|| body.sender_name.clone()).unwrap_or_default(),
        message: body.message.clone(),
        kind: body.kind.unwrap_or_default(),
        seq: posted.seq,
        client_id: None,
        created_at: iso(posted.created_at),
    }
}
