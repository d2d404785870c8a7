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

/// A look at what has become of a notification that its provider has given a ticket for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptJob {
    /// Where the notification went.
    pub(super) device: Device,
    /// The provider's name of the receipt.
    pub(super) receipt: String,
}

/// Lanes that the receipts of a tenant wait in: all of them are due in the order of their tickets, so few lanes in memory
/// stand for however many receipts.
const RECEIPT_LANES: u64 = 16;

impl ReceiptJob {
    /// The job that asks.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub(super) fn into_job(self, tenant: TenantId) -> Result<Job, serde_json::Error> {
        let lane = xxhash_rust::xxh3::xxh3_64(self.receipt.as_bytes()) % RECEIPT_LANES;
        Ok(Job {
            tenant,
            kind: JobKind::Push,
            order_key: Some(format!("receipts/{lane}")),
            host: self.device.provider.as_str().to_owned(),
            payload: serde_json::to_vec(&self)?.into(),
        })
    }
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
