//! Sends what waits in the queue.

use std::sync::Arc;

use async_trait::async_trait;
use metrics::counter;
use natter_core::TenantId;

use super::job::{PushJob, ReceiptJob};
use super::message::{Device, PushResult};
use super::sender::PushSender;
use crate::queue::{Deliverer, Delivery, Outbox, Outcome};

/// Knows the devices; the domain implements it.
#[async_trait]
pub trait DeviceDirectory: Send + Sync + 'static {
    /// Whether a notification is still wanted, now that it is its turn: the device is there with this token.
    async fn is_wanted(&self, tenant: &TenantId, job: &PushJob) -> bool;

    /// The provider says that the token leads nowhere: the device is to be forgotten if it still has it.
    async fn token_dead(&self, tenant: &TenantId, device: &Device);
}

/// The deliverer of [`JobKind::Push`](crate::JobKind::Push): of notifications, and of looks at their receipts.
pub struct PushDeliverer {
    sender: Arc<PushSender>,
    directory: Arc<dyn DeviceDirectory>,
    outbox: Outbox,
}

impl PushDeliverer {
    /// Sends with these providers; `outbox` takes what is to be asked later.
    pub fn new(sender: Arc<PushSender>, directory: Arc<dyn DeviceDirectory>, outbox: Outbox) -> Self {
        Self { sender, directory, outbox }
    }

    async fn send(&self, delivery: &Delivery, job: &PushJob) -> Outcome {
        if !self.directory.is_wanted(&delivery.tenant, job).await {
            return Outcome::Done;
        }
        let result = self.sender.send(&delivery.id.to_string(), &job.device, &job.message).await;
        counter!(
            "natter_push_attempts_total",
            "provider" => job.device.provider.as_str(), "result" => result.label()
        )
        .increment(1);
        self.settle(&delivery.tenant, &job.device, result).await
    }

    async fn settle(&self, tenant: &TenantId, device: &Device, result: PushResult) -> Outcome {
        match result {
            PushResult::Delivered => Outcome::Done,
            PushResult::Ticketed { receipt } => {
                self.ask_later(tenant, ReceiptJob { device: device.clone(), receipt }).await;
                Outcome::Done
            }
            PushResult::TokenDead => {
                self.directory.token_dead(tenant, device).await;
                Outcome::Done
            }
            PushResult::Retry { reason, after } => Outcome::Retry { reason, after },
            PushResult::Rejected { reason } => Outcome::Dead { reason },
        }
    }

    /// The notification is sent whether or not its receipt can be asked for, so a failure here is only logged.
    async fn ask_later(&self, tenant: &TenantId, job: ReceiptJob) {
        let Ok(job) = job.into_job(tenant.clone()) else { return };
        if let Err(error) = self.outbox.enqueue_later(job, self.sender.receipts_after()).await {
            tracing::warn!(%tenant, %error, "the receipt of a notification will not be asked for");
        }
    }
}

#[async_trait]
impl Deliverer for PushDeliverer {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        if let Ok(ReceiptJob { device, receipt }) = serde_json::from_slice(&delivery.payload) {
            let result = self.sender.receipt(device.provider, &receipt).await;
            return self.settle(&delivery.tenant, &device, result).await;
        }
        match serde_json::from_slice::<PushJob>(&delivery.payload) {
            Ok(job) => self.send(delivery, &job).await,
            Err(error) => Outcome::dead(format_args!("the notification cannot be read: {error}")),
        }
    }
}

impl PushResult {
    /// Its name in metrics.
    fn label(&self) -> &'static str {
        match self {
            Self::Delivered | Self::Ticketed { .. } => "ok",
            Self::TokenDead => "token_dead",
            Self::Retry { .. } => "retry",
            Self::Rejected { .. } => "rejected",
        }
    }
}
