//! All configured providers.

use std::path::PathBuf;
use std::time::Duration;

use natter_node::config::Push;
use natter_store::Clock;
use serde_json::Value;

use super::apns::Apns;
use super::config::PushConfigError;
use super::expo::Expo;
use super::fcm::Fcm;
use super::http;
use super::message::{Device, PushMessage, PushProvider, PushResult};
use super::novu::Novu;
use crate::guard::build;

/// Longest wait for Novu's preferences.
const NOVU_PREFERENCES_TIME_MAX: Duration = Duration::from_secs(3);

/// Sends notifications through whatever provider a device has.
pub struct PushSender {
    fcm: Option<Fcm>,
    apns: Option<Apns>,
    expo: Option<Expo>,
    novu: Option<Novu>,
}

impl PushSender {
    /// Reads the keys of the providers that are configured. `extra_ca` are PEM files of authorities trusted besides the
    /// system's.
    ///
    /// # Errors
    /// A file cannot be used.
    pub fn from_config(config: &Push, extra_ca: &[PathBuf], clock: &Clock) -> Result<Self, PushConfigError> {
        let client = build(http::builder, extra_ca)?;
        let http2 = build(|| http::builder().http2_prior_knowledge(), extra_ca)?;
        let fcm = config.fcm.as_ref().map(|fcm| Fcm::new(fcm, client.clone(), clock.clone()));
        let apns = config.apns.as_ref().map(|apns| Apns::new(apns, http2, clock.clone()));
        Ok(Self {
            fcm: fcm.transpose()?,
            apns: apns.transpose()?,
            expo: config.expo.as_ref().map(|expo| Expo::new(expo, client.clone())),
            novu: config.novu.as_ref().map(|novu| Novu::new(novu, client)),
        })
    }

    /// Whether a provider is configured.
    pub fn has(&self, provider: PushProvider) -> bool {
        match provider {
            PushProvider::Fcm => self.fcm.is_some(),
            PushProvider::Apns => self.apns.is_some(),
            PushProvider::Expo => self.expo.is_some(),
            PushProvider::Novu => self.novu.is_some(),
        }
    }

    /// Makes one attempt. `id` stays the same over repeats.
    pub async fn send(&self, id: &str, device: &Device, message: &PushMessage) -> PushResult {
        let sent = match (device.provider, &self.fcm, &self.apns, &self.expo, &self.novu) {
            (PushProvider::Fcm, Some(fcm), ..) => fcm.send(device, message).await,
            (PushProvider::Apns, _, Some(apns), ..) => apns.send(device, message).await,
            (PushProvider::Expo, _, _, Some(expo), _) => expo.send(device, message).await,
            (PushProvider::Novu, .., Some(novu)) => novu.send(id, device, message).await,
            (provider, ..) => Err(PushResult::rejected(format_args!("{} is not configured", provider.as_str()))),
        };
        sent.unwrap_or_else(|failed| failed)
    }

    /// How long after a ticket its receipt is to be asked for.
    pub(super) fn receipts_after(&self) -> Duration {
        self.expo.as_ref().map(Expo::receipts_after).unwrap_or_default()
    }

    /// What has become of a notification that there was a ticket for.
    pub(super) async fn receipt(&self, provider: PushProvider, receipt: &str) -> PushResult {
        match (provider, &self.expo) {
            (PushProvider::Expo, Some(expo)) => expo.receipt(receipt).await.unwrap_or_else(|failed| failed),
            _ => PushResult::rejected(format_args!("{} is not configured", provider.as_str())),
        }
    }

    /// What Novu has of a subscriber's preferences; none when it is not configured, or does not answer within 3 s: a user
    /// waits for them.
    pub async fn novu_preferences(&self, subscriber: &str) -> Option<Value> {
        let asked = self.novu.as_ref()?.preferences(subscriber);
        tokio::time::timeout(NOVU_PREFERENCES_TIME_MAX, asked).await.ok().flatten()
    }
}
