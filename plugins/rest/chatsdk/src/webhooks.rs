//! Webhooks: what a tenant's server is told, as jobs of the outbox.
//!
//! Events of a channel are told in their order, with the name and payload that real-time clients see, and always with
//! `channelId`; a read position is told as `message.read`. Open Chat's partners are told by Open Chat.

use async_trait::async_trait;
use natter_chat::event::EventBody;
use natter_chat::{Chat, ChatError, Happened, Work};
use natter_core::TenantId;
use natter_node::run_time_tenants::SELF_REGISTERED_PREFIX;
use natter_outbox::Outbox;
use natter_outbox::webhook::WebhookEvent;
use serde_json::Value;
use serde_json::value::to_raw_value;

use crate::events::{When, shown};
use crate::shapes::value::ChatSdkTime;

/// Tells tenants' servers. Nothing to tenants without a webhook.
pub struct ChatSdkWebhooks {
    chat: Chat,
    outbox: Outbox,
}

impl ChatSdkWebhooks {
    /// Begins over a running domain.
    pub fn new(chat: Chat, outbox: Outbox) -> Self {
        Self { chat, outbox }
    }
}

#[async_trait]
impl Work for ChatSdkWebhooks {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        let Some(name) = name_of(&happened.event.body).filter(|_| !is_partner(happened.tenant)) else { return Ok(()) };
        let Some(webhook) = self.chat.webhook(happened.tenant).await? else { return Ok(()) };
        let Some(event) = told(name, &happened) else { return Ok(()) };
        let channel = happened.channel.to_hex();
        let told = event.tell(&self.outbox, happened.tenant, &webhook.url, Some(&channel));
        told.await.map_err(|_| ChatError::Unavailable)
    }
}

/// Whether a tenant is a partner of Open Chat, which has its webhook and its events there.
pub(crate) fn is_partner(tenant: &TenantId) -> bool {
    tenant.as_str().starts_with(SELF_REGISTERED_PREFIX)
}

/// The name of an event that servers are told of.
fn name_of(body: &EventBody) -> Option<&'static str> {
    Some(match body {
        EventBody::Message(_) => "message.new",
        EventBody::Edited(_) => "message.updated",
        EventBody::Deleted(_) => "message.deleted",
        EventBody::ChannelCreated(_) => "channel.created",
        EventBody::MemberJoined { .. } => "channel.member_joined",
        EventBody::MemberLeft { .. } => "channel.member_left",
        EventBody::Read { .. } => "message.read",
        _ => return None,
    })
}

/// The payload of real-time clients with the channel's id.
fn told(name: &str, happened: &Happened<'_>) -> Option<WebhookEvent> {
    let when = When { seq: happened.seq, time_ms: happened.time_ms };
    let event = serde_json::to_value(shown(happened.event.clone(), when)?).ok()?;
    let mut data = event.get("payload").and_then(Value::as_object).cloned()?;
    data.insert("channelId".to_owned(), happened.channel.to_uuid().into());
    Some(WebhookEvent {
        id: happened.log_name(),
        event: name.to_owned(),
        username: None,
        created_at: ChatSdkTime(happened.time_ms).to_string(),
        data: to_raw_value(&data).ok()?,
    })
}

#[cfg(test)]
mod tests;
