//! Where the tenant's server is told what happens.

use natter_chat::Webhook;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The endpoint to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkNewWebhook {
    /// An https URL; empty removes the webhook.
    #[schema(example = "https://your-server.com/webhook/chat")]
    pub(crate) url: String,
    /// What signs the deliveries, 1 to 256 characters; unless given the one before stays, or one is made.
    pub(crate) secret: Option<String>,
}

/// The endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkWebhook {
    /// `null` when it was removed.
    url: Option<String>,
    /// What signs the deliveries; `null` when there are none.
    secret: Option<String>,
}

impl ChatSdkWebhook {
    pub(crate) fn new(webhook: Option<&Webhook>) -> Self {
        let (url, secret) = webhook.map(|webhook| (webhook.url.clone(), webhook.secret.clone())).unzip();
        Self { url, secret }
    }
}
