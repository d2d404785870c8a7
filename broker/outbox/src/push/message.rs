//! Notifications, devices, and what became of one on the way to the other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Characters of a title and a body that are sent. With 2 KiB left for data this stays below the 4 KiB that APNs, FCM and
/// Expo take.
const TITLE_CHARS_MAX: usize = 100;
const BODY_CHARS_MAX: usize = 300;

/// Who brings a notification to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PushProvider {
    /// Firebase Cloud Messaging, HTTP v1.
    Fcm,
    /// Apple Push Notification service.
    Apns,
    /// Expo's push service.
    Expo,
    /// Novu; the device's token is the id of a subscriber.
    Novu,
}

impl PushProvider {
    /// Its name in the API and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fcm => "fcm",
            Self::Apns => "apns",
            Self::Expo => "expo",
            Self::Novu => "novu",
        }
    }
}

/// What a device runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// iOS and iPadOS.
    Ios,
    /// Android.
    Android,
    /// A browser.
    Web,
}

/// Where a notification goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Who brings it there.
    pub provider: PushProvider,
    /// The provider's name of the device; of Novu, the subscriber.
    pub token: String,
    /// What it runs.
    pub platform: Platform,
}

/// What a notification says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushMessage {
    /// First line; cut after 100 characters.
    pub title: String,
    /// Text; cut after 300 characters.
    pub body: String,
    /// For the app: names and texts. What makes the notification larger than its provider takes is refused there.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
    /// Number on the app's icon; of unread messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badge: Option<u32>,
    /// The chat channel: notifications of one are shown together. The app finds it in the data as `channelId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<String>,
}

impl PushMessage {
    pub(super) fn short_title(&self) -> String {
        shortened(&self.title, TITLE_CHARS_MAX)
    }

    pub(super) fn short_body(&self) -> String {
        shortened(&self.body, BODY_CHARS_MAX)
    }

    /// The data, with the channel.
    pub(super) fn all_data(&self) -> BTreeMap<String, String> {
        let mut data = self.data.clone();
        if let Some(channel) = &self.channel_id {
            data.insert("channelId".to_owned(), channel.clone());
        }
        data
    }
}

fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars_max - 1).chain(['…']).collect(),
    }
}

/// What became of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushResult {
    /// The provider has it.
    Delivered,
    /// The provider has it, and says later, by this name, what has become of it.
    Ticketed {
        /// The name of the receipt.
        receipt: String,
    },
    /// The token leads to no device any more, and never will again.
    TokenDead,
    /// Not now.
    Retry {
        /// Why.
        reason: String,
        /// The wait that the provider asks for.
        after: Option<Duration>,
    },
    /// The provider will never take this notification.
    Rejected {
        /// Why.
        reason: String,
    },
}

impl PushResult {
    pub(super) fn retry(reason: impl std::fmt::Display) -> Self {
        Self::Retry { reason: reason.to_string(), after: None }
    }

    pub(super) fn rejected(reason: impl std::fmt::Display) -> Self {
        Self::Rejected { reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_characters() {
        let message = PushMessage { title: "ä".repeat(101), body: "ö".repeat(300), ..PushMessage::default() };
        assert_eq!(message.short_title().chars().count(), 100);
        assert!(message.short_title().ends_with('…'));
        assert_eq!(message.short_body(), message.body);
    }
}
