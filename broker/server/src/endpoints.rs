//! Webhooks of all tenants: one client, and one directory of their endpoints.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use natter_chat::Chat;
use natter_node::config::Webhooks;
use natter_openchat::{Accounts, OpenChat};
use natter_outbox::guard::{GuardedClient, GuardedClientOptions};
use natter_outbox::webhook::{EndpointDirectory, WebhookDeliverer, WebhookEndpoint};
use natter_outbox::{Delivery, JobKind, Outbox};
use natter_store::Clock;

/// The client for endpoints, which refuses addresses that are not public.
///
/// # Errors
/// A file of `webhooks.extra_ca` cannot be used.
pub(crate) fn client(config: &Webhooks) -> anyhow::Result<GuardedClient> {
    let config = config.clone();
    let options = GuardedClientOptions { allow_hosts: config.allow_hosts, extra_ca: config.extra_ca };
    GuardedClient::new(&options).context("webhooks cannot be sent")
}

/// Says to the queue who sends webhooks.
pub(crate) fn register(outbox: &Outbox, client: GuardedClient, chat: &Chat, open_chat: &OpenChat, clock: Clock) {
    let endpoints = Endpoints { partners: open_chat.accounts().clone(), chat: chat.clone() };
    let deliverer = WebhookDeliverer::new(client, Arc::new(endpoints), clock);
    outbox.register(JobKind::Webhook, Arc::new(deliverer));
}

/// Partners of Open Chat have their endpoints in their accounts, all other tenants in the domain.
struct Endpoints {
    partners: Accounts,
    chat: Chat,
}

#[async_trait]
impl EndpointDirectory for Endpoints {
    async fn endpoint(&self, delivery: &Delivery) -> Result<Option<WebhookEndpoint>, String> {
        match self.partners.is_partner(&delivery.tenant) {
            true => self.partners.endpoint(delivery).await,
            false => self.chat.endpoint(delivery).await,
        }
    }
}
