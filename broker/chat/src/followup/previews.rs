//! Link previews: what a message's links lead to, put on the message once it is known.

use async_trait::async_trait;
use natter_core::{EntityId, TenantId};
use natter_outbox::preview::{LinkPreviewer, extract_urls};
use natter_outbox::{Deliverer, Delivery, Job, JobKind, Outcome};
use serde::{Deserialize, Serialize};

use crate::chat::Chat;
use crate::error::ChatError;

/// Attempts for links that may answer in a while.
const ATTEMPTS_MAX: u32 = 3;

/// A message whose links are to be looked at.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PreviewJob {
    pub(super) channel: EntityId,
    pub(super) message: EntityId,
    /// The text that was sent: one that has been edited since has a job of its own.
    pub(super) text: String,
}

impl PreviewJob {
    pub(super) fn into_job(self, tenant: &TenantId) -> Result<Job, ChatError> {
        let host = extract_urls(&self.text).first().and_then(|url| url::Url::parse(url).ok());
        Ok(Job {
            tenant: tenant.clone(),
            kind: JobKind::LinkPreview,
            order_key: None,
            host: host.as_ref().and_then(|url| url.host_str()).unwrap_or_default().to_owned(),
            payload: serde_json::to_vec(&self).map_err(|_| ChatError::Internal)?.into(),
        })
    }
}

/// Looks at links.
pub(super) struct PreviewDeliverer {
    pub(super) chat: Chat,
    pub(super) previewer: LinkPreviewer,
}

#[async_trait]
impl Deliverer for PreviewDeliverer {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        let Ok(job) = serde_json::from_slice::<PreviewJob>(&delivery.payload) else {
            return Outcome::dead("the job cannot be read");
        };
        let mut previews = Vec::new();
        for url in extract_urls(&job.text) {
            match self.previewer.preview(&url).await {
                Ok(preview) => previews.push(preview),
                Err(error) if error.is_transient() && delivery.attempts + 1 < ATTEMPTS_MAX => {
                    return Outcome::retry(error);
                }
                // A link without a preview is shown as it is.
                Err(_) => {}
            }
        }
        if previews.is_empty() {
            return Outcome::Done;
        }
        let set = self.chat.set_link_previews(&delivery.tenant, job.channel, job.message, &job.text, previews);
        match set.await {
            // The message may be gone by now.
            Ok(()) | Err(ChatError::NotFound(_)) => Outcome::Done,
            Err(error) => Outcome::retry(error),
        }
    }
}
