//! Devices.

use natter_chat::{Device, NewDevice, Platform, Provider};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::value::{ChatSdkId, ChatSdkTime};

/// What a device runs.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChatSdkPlatform {
    Ios,
    Android,
    Expo,
}

/// Who delivers to it.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChatSdkProvider {
    Fcm,
    Apns,
    Expo,
}

/// A device to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkNewDevice {
    platform: ChatSdkPlatform,
    /// What the provider knows the device by.
    token: String,
    provider: ChatSdkProvider,
    /// The client's own id of it.
    #[serde(default)]
    device_id: Option<String>,
    #[serde(default)]
    app_version: Option<String>,
}

impl From<ChatSdkNewDevice> for NewDevice {
    fn from(new: ChatSdkNewDevice) -> Self {
        let platform = match new.platform {
            ChatSdkPlatform::Ios => Platform::Ios,
            ChatSdkPlatform::Android => Platform::Android,
            ChatSdkPlatform::Expo => Platform::Expo,
        };
        let provider = match new.provider {
            ChatSdkProvider::Fcm => Provider::Fcm,
            ChatSdkProvider::Apns => Provider::Apns,
            ChatSdkProvider::Expo => Provider::Expo,
        };
        Self { platform, provider, token: new.token, device_id: new.device_id, app_version: new.app_version }
    }
}

/// A registered device.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkDevice {
    id: ChatSdkId,
    #[schema(value_type = String, example = "ios")]
    platform: &'static str,
    #[schema(value_type = String, example = "apns")]
    provider: &'static str,
    created_at: ChatSdkTime,
}

impl From<Device> for ChatSdkDevice {
    fn from(device: Device) -> Self {
        Self {
            id: device.id.into(),
            platform: device.platform.as_str(),
            provider: device.provider.as_str(),
            created_at: ChatSdkTime(device.created_at),
        }
    }
}

/// A device of the caller's list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkListedDevice {
    #[serde(flatten)]
    device: ChatSdkDevice,
    device_id: Option<String>,
    app_version: Option<String>,
}

impl From<Device> for ChatSdkListedDevice {
    fn from(device: Device) -> Self {
        let (device_id, app_version) = (device.device_id.clone(), device.app_version.clone());
        Self { device: device.into(), device_id, app_version }
    }
}

/// The caller's devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkDevices {
    pub(crate) devices: Vec<ChatSdkListedDevice>,
}
