//! A notification as it waits in the queue.

use natter_core::TenantId;
use serde::{Deserialize, Serialize};

use super::message::{Device, PushMessage};
use crate::queue::{Job, JobKind};

/// A notification for one device of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushJob {
    /// Whose device.
    pub user_id: String,
    /// The domain's name of the device.
    pub device_id: String,
    /// Where it goes, as it was when the job was made.
    pub device: Device,
    /// What it says.
    pub message: PushMessage,
}

impl PushJob {
    /// The job that sends it. Notifications for a device go out in the order of the calls to `enqueue`.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn into_job(self, tenant: TenantId) -> Result<Job, serde_json::Error> {
        Ok(Job {
            tenant,
            kind: JobKind::Push,
            order_key: Some(format!("{}/{}", self.user_id, self.device_id)),
            host: self.device.provider.as_str().to_owned(),
            payload: serde_json::to_vec(&self)?.into(),
        })
    }
}
