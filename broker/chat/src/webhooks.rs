//! Where a tenant's server is told what happens: one endpoint for each tenant.
//!
//! Every event asks for the endpoint, so it is remembered, and so is that there is none. The row is never removed, since
//! only its version tells an old one from a new one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use moka::ops::compute::Op;
use moka::sync::Cache;
use natter_core::TenantId;
use natter_outbox::Delivery;
use natter_outbox::webhook::{EndpointDirectory, WebhookEndpoint, new_secret};
use serde::{Deserialize, Serialize};

use crate::chat::Chat;
use crate::error::ChatError;
use crate::rows::{Table, Versioned};

/// Endpoints: one partition.
const WEBHOOKS: Table<Kept> = Table::new("chat_webhooks");
const PARTITION: &str = "endpoint";
/// Tenants whose endpoints are remembered.
const REMEMBERED_MAX: u64 = 100_000;
/// How long a change by another node can go unseen.
const SEEN_WITHIN: Duration = Duration::from_secs(5);
/// Characters of a secret that a tenant brings.
const SECRET_MAX: usize = 256;

/// A tenant's endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// What signs it.
    pub secret: String,
}

/// What stands in the row; `None` when the endpoint was removed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    webhook: Option<Webhook>,
}

/// The endpoints that are remembered, with the versions of their rows.
pub(crate) struct Webhooks(Cache<TenantId, (u64, Option<Arc<Webhook>>)>);

impl Default for Webhooks {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(SEEN_WITHIN).build())
    }
}

impl Webhooks {
    /// Remembers a row; a newer one stays, so that a slow reader does not bring an old one back.
    fn remember(&self, tenant: &TenantId, row: Option<Versioned<Kept>>) -> Option<Arc<Webhook>> {
        let (version, kept) = row.map_or((0, Kept::default()), |row| (row.version, row.value));
        let new = (version, kept.webhook.map(Arc::new));
        self.0.entry(tenant.clone()).and_compute_with(|known| match known {
            Some(known) if known.value().0 > version => Op::Nop,
            _ => Op::Put(new.clone()),
        });
        new.1
    }
}

impl Chat {
    /// A tenant's endpoint, if it has one.
    ///
    /// # Errors
    /// The store fails.
    pub async fn webhook(&self, tenant: &TenantId) -> Result<Option<Arc<Webhook>>, ChatError> {
        if let Some((_, known)) = self.0.webhooks.0.get(tenant) {
            return Ok(known);
        }
        let row = WEBHOOKS.get(self.store(), tenant, PARTITION, "").await?;
        Ok(self.0.webhooks.remember(tenant, row))
    }

    /// Sets a tenant's endpoint; `None` removes it. The URL has been checked. Without a secret the one before stays, or
    /// a new one is made.
    ///
    /// # Errors
    /// The secret is empty, too long, or has control characters in it.
    pub async fn set_webhook(
        &self,
        tenant: &TenantId,
        url: Option<String>,
        secret: Option<String>,
    ) -> Result<Option<Arc<Webhook>>, ChatError> {
        let is_sound = |secret: &String| {
            (1..=SECRET_MAX).contains(&secret.chars().count()) && !secret.chars().any(char::is_control)
        };
        if !secret.as_ref().is_none_or(is_sound) {
            return Err(ChatError::invalid("secret", format!("1 to {SECRET_MAX} characters")));
        }
        let fresh = new_secret();
        let written = WEBHOOKS.update(self.store(), tenant, PARTITION, "", |known| {
            let before = known.and_then(|kept| kept.webhook.as_ref()).map(|webhook| webhook.secret.clone());
            let secret = secret.clone().or(before).unwrap_or_else(|| fresh.clone());
            Ok::<_, ChatError>(Some(Kept { webhook: url.clone().map(|url| Webhook { url, secret }) }))
        });
        Ok(self.0.webhooks.remember(tenant, written.await?))
    }
}

#[async_trait]
impl EndpointDirectory for Chat {
    async fn endpoint(&self, delivery: &Delivery) -> Result<Option<WebhookEndpoint>, String> {
        let webhook = self.webhook(&delivery.tenant).await.map_err(|error| error.to_string())?;
        Ok(webhook.map(|webhook| WebhookEndpoint { url: webhook.url.clone(), secret: webhook.secret.clone() }))
    }
}

#[cfg(test)]
mod tests;
