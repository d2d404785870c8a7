//! Devices that notifications are pushed to.

use natter_core::EntityId;
use serde::{Deserialize, Serialize};

/// What a device runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// iOS.
    Ios,
    /// Android.
    Android,
    /// An app built with Expo, on either.
    Expo,
    /// A browser.
    Web,
}

impl Platform {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Ios, Self::Android, Self::Expo, Self::Web];

    /// Its name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Android => "android",
            Self::Expo => "expo",
            Self::Web => "web",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == name)
    }
}

/// Who delivers to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Firebase Cloud Messaging.
    Fcm,
    /// Apple Push Notification service.
    Apns,
    /// Expo's push service.
    Expo,
}

impl Provider {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Fcm, Self::Apns, Self::Expo];

    /// Its name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fcm => "fcm",
            Self::Apns => "apns",
            Self::Expo => "expo",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == name)
    }
}

/// A user's device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its id.
    pub id: EntityId,
    /// What it runs.
    pub platform: Platform,
    /// Who delivers to it.
    pub provider: Provider,
    /// What the provider knows it by.
    pub token: String,
    /// The client's own id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The app's version on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds of its last registration.
    pub registered_at: i64,
}

/// A device to be registered.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// What it runs.
    pub platform: Platform,
    /// Who delivers to it.
    pub provider: Provider,
    /// What the provider knows it by: 1 to 4,096 bytes without white space.
    pub token: String,
    /// The client's own id of it: 1 to 128 characters. A user's device is registered anew under the same one.
    pub device_id: Option<String>,
    /// Up to 64 characters.
    pub app_version: Option<String>,
}
