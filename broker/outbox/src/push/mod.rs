//! Push notifications through Firebase Cloud Messaging (HTTP v1), the Apple Push Notification service, Expo and Novu.
//!
//! A job is one notification for one device. A provider answers with [`PushResult`]: a token that it calls dead is told to
//! the domain, which forgets the device.

mod apns;
mod config;
mod deliverer;
mod expo;
mod fcm;
mod fcm_token;
mod http;
mod job;
mod message;
mod novu;
mod sender;

pub use config::PushConfigError;
pub use deliverer::{DeviceDirectory, PushDeliverer};
pub use job::PushJob;
pub use message::{Device, Platform, PushMessage, PushProvider, PushResult};
pub use sender::PushSender;
