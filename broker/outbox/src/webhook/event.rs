//! What is told, and how it waits in the queue.

use natter_core::TenantId;
use natter_store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use crate::queue::{EnqueueError, Job, JobId, JobKind, Outbox};

/// Something that a tenant's server is told. Its place in the queue is its JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookEvent {
    /// What names it for good, so that a receiver knows it again even if it was queued twice around a crash; without it
    /// the job's name does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What has happened, such as `message.new`.
    pub event: String,
    /// Whose endpoint it is, where the protocol has such a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// When it happened, in the protocol's own form.
    pub created_at: String,
    /// The message, room, or whatever it is about; passed on as it stands.
    pub data: Box<RawValue>,
}

/// The body as it is sent.
#[derive(Serialize)]
struct Body<'a> {
    id: String,
    #[serde(flatten)]
    event: Passed<'a>,
}

#[derive(Serialize)]
struct Passed<'a> {
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    created_at: &'a str,
    data: &'a RawValue,
}

impl WebhookEvent {
    /// The job that tells it. Events with the same `room` arrive in the order of the calls to `enqueue`. `host` is that
    /// of the endpoint as far as known, for fairness only: the endpoint is looked up when it is the job's turn.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn into_job(self, tenant: TenantId, host: &str, room: Option<&str>) -> Result<Job, serde_json::Error> {
        Ok(Job {
            tenant,
            kind: JobKind::Webhook,
            order_key: room.map(str::to_owned),
            host: host.to_owned(),
            payload: serde_json::to_vec(&self)?.into(),
        })
    }

    /// Queues it for the endpoint at `url`, in the order of `room`. What has no place in the queue is not told, which is
    /// logged: a server that is dead for long must not keep messages from being sent.
    ///
    /// # Errors
    /// The store failed; nobody knows whether it is queued.
    pub async fn tell(
        self,
        outbox: &Outbox,
        tenant: &TenantId,
        url: &str,
        room: Option<&str>,
    ) -> Result<(), StoreError> {
        let url = Url::parse(url).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let job = match self.into_job(tenant.clone(), host, room) {
            Ok(job) => job,
            Err(error) => {
                tracing::error!(%tenant, %error, "a webhook cannot be written");
                return Ok(());
            }
        };
        match outbox.enqueue(job).await {
            Ok(_) => Ok(()),
            Err(EnqueueError::Store(error)) => Err(error),
            Err(error) => {
                tracing::warn!(%tenant, %error, "a webhook is not told");
                Ok(())
            }
        }
    }

    pub(super) fn body(&self, id: JobId) -> Result<Vec<u8>, serde_json::Error> {
        let event = Passed {
            event: &self.event,
            username: self.username.as_deref(),
            created_at: &self.created_at,
            data: &self.data,
        };
        serde_json::to_vec(&Body { id: self.id.clone().unwrap_or_else(|| id.to_string()), event })
    }
}
