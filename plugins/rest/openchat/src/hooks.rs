//! Webhooks: what a partner's server is told, as jobs of the outbox.
//!
//! Events: `message.new`, `room.created`, `message.read`, `user.status`, `shop.status`, and `ping` for a test. What
//! concerns a room is told in its order.

mod endpoint;
mod told;

use async_trait::async_trait;
use natter_chat::event::{Event, EventBody};
use natter_chat::{ChatError, Conversation, Happened, Work};
use natter_core::TenantId;
use natter_outbox::webhook::WebhookEvent;
use natter_rest::Rejection;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::accounts::Account;
use crate::errors::ApiError;
use crate::events::{ReadMark, Status};
use crate::message::RoomMessage;
use crate::open_chat::OpenChat;
use crate::room::{Room, RoomView};
use crate::side::Side;
use crate::time::iso;

/// What a partner's server is told of something that has happened in a room; nothing when the document knows no such event.
pub(crate) fn webhook_of(username: &str, happened: &Happened<'_>, conversation: &Conversation) -> Option<WebhookEvent> {
    let room = Room::of(username, conversation)?;
    let tell = |event: &str, data: Option<Box<RawValue>>| Some(told(username, event, happened.time_ms, data?));
    match &happened.event.body {
        EventBody::Message(posted) => {
            let message = posted.as_ref().clone().into_message(room.id, happened.seq, happened.time_ms);
            tell("message.new", raw(&RoomMessage::of(&room, &message)))
        }
        EventBody::ChannelCreated(_) => {
            let room_id = room.id.to_hex();
            tell("room.created", raw(&RoomCreated { room_id, room: room.view(conversation) }))
        }
        EventBody::Read { user, seq, .. } => {
            tell("message.read", raw(&ReadMark::new(&room, room.side_of(user), *seq, happened.time_ms)))
        }
        _ => None,
    }
}

/// A room, named as in every event that has one.
#[derive(Serialize)]
struct RoomCreated {
    room_id: String,
    #[serde(flatten)]
    room: RoomView,
}

fn status_event(status: &Status) -> &'static str {
    match status.by {
        Side::Shop => "shop.status",
        Side::User => "user.status",
    }
}

fn raw(data: &impl Serialize) -> Option<Box<RawValue>> {
    to_raw_value(data).ok()
}

fn told(username: &str, event: &str, time_ms: i64, data: Box<RawValue>) -> WebhookEvent {
    let (event, username) = (event.to_owned(), Some(username.to_owned()));
    WebhookEvent { id: None, event, username, created_at: iso(time_ms), data }
}

impl OpenChat {
    async fn tell_of(&self, happened: &Happened<'_>) -> Result<(), ApiError> {
        let Some(account) = self.accounts().of_tenant(happened.tenant.as_str()).await? else { return Ok(()) };
        if account.webhook.is_none() || !is_told(happened.event) {
            return Ok(());
        }
        // What is in no log happens once.
        let is_logged = matches!(happened.event.body, EventBody::Message(_));
        if is_logged && self.has_told(happened.channel, happened.offset).await? {
            return Ok(());
        }
        let conversation = match self.chat().conversation(happened.tenant, happened.channel).await {
            Ok(conversation) => conversation,
            Err(ChatError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let Some(event) = webhook_of(&account.username, happened, &conversation) else { return Ok(()) };
        let event = WebhookEvent { id: happened.log_name(), ..event };
        let room = conversation.channel.id.to_hex();
        self.tell_partner(happened.tenant, &account, event, Some(&room)).await?;
        if is_logged { self.set_told(happened.channel, happened.offset).await } else { Ok(()) }
    }

    /// Queues what a partner's server is told of a side that has come or gone.
    ///
    /// # Errors
    /// It cannot be queued now.
    pub async fn status_changed(&self, account: &Account, tenant: &TenantId, status: &Status) -> Result<(), ApiError> {
        let data = raw(status).ok_or_else(|| Rejection::internal(&"a status has no JSON form"))?;
        let event = told(&account.username, status_event(status), self.now_ms(), data);
        let order = format!("{}:{}", status.by.as_str(), status.id);
        self.tell_partner(tenant, account, event, Some(&order)).await.map(|_| ())
    }

    /// Queues an event for a partner's server, if it has one.
    async fn tell_partner(
        &self,
        tenant: &TenantId,
        account: &Account,
        event: WebhookEvent,
        order: Option<&str>,
    ) -> Result<bool, ApiError> {
        let Some(webhook) = &account.webhook else { return Ok(false) };
        event.tell(self.outbox(), tenant, &webhook.url, order).await?;
        Ok(true)
    }
}

/// Partners' servers are told what has happened in their rooms. Nothing of other tenants, and nothing to partners without
/// a webhook.
#[async_trait]
impl Work for OpenChat {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        self.tell_of(&happened).await.map_err(|_| ChatError::Unavailable)
    }
}

/// Whether there is a webhook for such an event at all.
fn is_told(event: &Event) -> bool {
    matches!(event.body, EventBody::Message(_) | EventBody::ChannelCreated(_) | EventBody::Read { .. })
}
