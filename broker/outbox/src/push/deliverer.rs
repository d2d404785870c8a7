//! Sends what waits in the queue.

use std::sync::Arc;

use async_trait::async_trait;
use metrics::counter;
use natter_core::TenantId;

use super::job::PushJob;
use super::message::PushResult;
use super::sender::PushSender;
use crate::queue::{Deliverer, Delivery, Outcome};

/// Knows the devices; the domain implements it.
#[async_trait]
pub trait DeviceDirectory: Send + Sync + 'static {
    /// Whether a notification is still wanted, now that it is its turn: the device is there with this token.
    async fn is_wanted(&self, tenant: &TenantId, job: &PushJob) -> bool;

    /// The provider says that the token leads nowhere: the device is to be forgotten if it still has it.
    async fn token_dead(&self, tenant: &TenantId, job: &PushJob);
}

/// The deliverer of [`JobKind::Push`](crate::JobKind::Push).
pub struct PushDeliverer {
    sender: PushSender,
    directory: Arc<dyn DeviceDirectory>,
}

impl PushDeliverer {
    /// Sends with these providers.
    pub fn new(sender: PushSender, directory: Arc<dyn DeviceDirectory>) -> Self {
        Self { sender, directory }
    }
}

#[async_trait]
impl Deliverer for PushDeliverer {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        let job: PushJob = match serde_json::from_slice(&delivery.payload) {
            Ok(job) => job,
            Err(error) => return Outcome::dead(format_args!("the notification cannot be read: {error}")),
        };
        if !self.directory.is_wanted(&delivery.tenant, &job).await {
            return Outcome::Done;
        }
        let result = self.sender.send(&delivery.id.to_string(), &job.device, &job.message).await;
        let label = match &result {
            PushResult::Delivered => "ok",
            PushResult::TokenDead => "token_dead",
            PushResult::Retry { .. } => "retry",
            PushResult::Rejected { .. } => "rejected",
        };
        counter!("natter_push_attempts_total", "provider" => job.device.provider.as_str(), "result" => label)
            .increment(1);
        match result {
            PushResult::Delivered => Outcome::Done,
            PushResult::TokenDead => {
                self.directory.token_dead(&delivery.tenant, &job).await;
                Outcome::Done
            }
            PushResult::Retry { reason, after } => Outcome::Retry { reason, after },
            PushResult::Rejected { reason } => Outcome::Dead { reason },
        }
    }
}
