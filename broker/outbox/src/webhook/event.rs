//! What is told, and how it waits in the queue.

use natter_core::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::queue::{Job, JobId, JobKind};

/// Something that a tenant's server is told, as it waits in the queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookEvent {
    /// Its name, which stays the same if it is queued twice; without one it is the job's.
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
