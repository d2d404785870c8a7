//! Pushes: one job for what has happened, which becomes one for each device that wants to know.

use async_trait::async_trait;
use natter_core::{EntityId, TenantId};
use natter_outbox::push::{Device as Target, DeviceDirectory, Platform as TargetPlatform, PushDeliverer, PushJob};
use natter_outbox::push::{PushMessage, PushProvider};
use natter_outbox::{Deliverer, Delivery, Job, JobKind, Outbox, Outcome};
use serde::{Deserialize, Serialize};

use super::audience::Notified;
use super::notices::Notice;
use crate::chat::Chat;
use crate::error::ChatError;
use crate::model::{Device, Platform, Provider};
use crate::preferences::may_push;

/// Something that users are notified of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spread {
    pub(super) channel: EntityId,
    pub(super) cause: Cause,
}

/// What has happened.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Cause {
    /// A message.
    Message(EntityId),
    /// A reaction to a message.
    Reaction { message: EntityId, user: String, emoji: String },
    /// A user has been made a member.
    Invite(String),
    /// Something that a document words itself.
    Notice(Notice),
}

impl Spread {
    pub(super) fn into_job(self, tenant: &TenantId) -> Result<Job, ChatError> {
        Ok(Job {
            tenant: tenant.clone(),
            kind: JobKind::Push,
            order_key: Some(self.channel.to_hex()),
            host: String::new(),
            payload: serde_json::to_vec(&self).map_err(|_| ChatError::Internal)?.into(),
        })
    }
}

/// Spreads what has happened to devices, and sends to each of them.
pub(super) struct SpreadDeliverer {
    pub(super) chat: Chat,
    pub(super) outbox: Outbox,
    pub(super) push: PushDeliverer,
    /// Whether users without a device of their own are reached through Novu.
    pub(super) has_novu: bool,
}

#[async_trait]
impl Deliverer for SpreadDeliverer {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        let Ok(spread) = serde_json::from_slice::<Spread>(&delivery.payload) else {
            return self.push.deliver(delivery).await;
        };
        match self.spread(&delivery.tenant, &spread).await {
            Ok(()) | Err(ChatError::NotFound(_)) => Outcome::Done,
            Err(error) => Outcome::retry(error),
        }
    }
}

impl SpreadDeliverer {
    async fn spread(&self, tenant: &TenantId, spread: &Spread) -> Result<(), ChatError> {
        let Some(audience) = self.chat.audience(tenant, spread).await? else { return Ok(()) };
        for notified in &audience.notified {
            self.notify(tenant, notified, &audience.message).await?;
        }
        Ok(())
    }

    async fn notify(&self, tenant: &TenantId, notified: &Notified, message: &PushMessage) -> Result<(), ChatError> {
        let user = &notified.user;
        let devices = self.chat.devices_of(tenant, user).await?;
        if devices.is_empty() && !self.has_novu {
            return Ok(());
        }
        let preferences = self.chat.preferences(tenant, user).await?;
        if !may_push(&preferences, notified.kind, self.chat.now_ms()) {
            return Ok(());
        }
        let targets = devices.iter().map(|device| (device.id.to_uuid(), target(device)));
        let novu = Target { provider: PushProvider::Novu, token: user.clone(), platform: TargetPlatform::Web };
        let novu = self.has_novu.then(|| ("novu".to_owned(), novu));
        for (device_id, device) in targets.chain(novu) {
            let job = PushJob { user_id: user.clone(), device_id, device, message: message.clone() };
            let job = job.into_job(tenant.clone()).map_err(|_| ChatError::Internal)?;
            self.outbox.enqueue(job).await.map_err(|_| ChatError::Unavailable)?;
        }
        Ok(())
    }
}

fn target(device: &Device) -> Target {
    Target { provider: provider(device.provider), token: device.token.clone(), platform: platform(device.platform) }
}

fn provider(provider: Provider) -> PushProvider {
    match provider {
        Provider::Fcm => PushProvider::Fcm,
        Provider::Apns => PushProvider::Apns,
        Provider::Expo => PushProvider::Expo,
    }
}

fn platform(platform: Platform) -> TargetPlatform {
    match platform {
        Platform::Ios => TargetPlatform::Ios,
        Platform::Android => TargetPlatform::Android,
        Platform::Web => TargetPlatform::Web,
        // Expo tells apart by the token.
        Platform::Expo => TargetPlatform::Android,
    }
}

/// The domain's devices as the queue asks for them.
pub(super) struct Devices {
    pub(super) chat: Chat,
}

#[async_trait]
impl DeviceDirectory for Devices {
    async fn is_wanted(&self, tenant: &TenantId, job: &PushJob) -> bool {
        if job.device.provider == PushProvider::Novu {
            return true;
        }
        match self.chat.devices_of(tenant, &job.user_id).await {
            Ok(devices) => devices.iter().any(|device| device.token == job.device.token),
            // Better once too often than not at all.
            Err(_) => true,
        }
    }

    async fn token_dead(&self, tenant: &TenantId, device: &Target) {
        let provider = match device.provider {
            PushProvider::Fcm => Provider::Fcm,
            PushProvider::Apns => Provider::Apns,
            PushProvider::Expo => Provider::Expo,
            PushProvider::Novu => return,
        };
        if let Err(error) = self.chat.remove_dead_token(tenant, provider, &device.token).await {
            tracing::warn!(%error, "a dead device token is not removed");
        }
    }
}
