//! A partner's endpoint, and the deliverer's way to it.

use async_trait::async_trait;
use natter_outbox::Delivery;
use natter_outbox::webhook::{EndpointDirectory, WebhookEndpoint, new_secret};

use super::{Accounts, Webhook};
use crate::caller::Caller;
use crate::errors::ApiError;

impl Accounts {
    /// Sets or removes the endpoint of a partner; the URL has been checked. The secret stays for as long as there is one.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn set_webhook(&self, caller: &Caller, url: Option<String>) -> Result<Option<Webhook>, ApiError> {
        let secret = new_secret();
        let key = caller.account().key();
        let changed = self.change(&key, |account| {
            let known = account.webhook.take().map(|known| known.secret);
            let secret = known.unwrap_or_else(|| secret.clone());
            account.webhook = url.clone().map(|url| Webhook { url, secret });
        });
        Ok(changed.await?.webhook.clone())
    }
}

#[async_trait]
impl EndpointDirectory for Accounts {
    async fn endpoint(&self, delivery: &Delivery) -> Result<Option<WebhookEndpoint>, String> {
        let account = self.of_tenant(delivery.tenant.as_str()).await.map_err(|error| error.failure().message)?;
        let webhook = account.and_then(|account| account.webhook.clone());
        Ok(webhook.map(|Webhook { url, secret }| WebhookEndpoint { url, secret }))
    }
}
