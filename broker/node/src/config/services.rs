//! Work beside messaging: `[files]`, `[mail]`, `[webhooks]`, `[link_previews]`, `[push]`.

use std::path::PathBuf;

use serde::Deserialize;

use super::secret::Secret;

/// `[files]`: uploads.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Folder of the uploads, unless `url` is set.
    pub path: PathBuf,
    /// Object storage instead of a folder, as `s3://bucket/prefix`.
    pub url: Option<String>,
    /// Largest upload in bytes.
    pub max_file_bytes: u64,
    /// Most files of one message.
    pub max_files_per_message: u32,
}

impl Default for Files {
    fn default() -> Self {
        Self { path: PathBuf::from("files"), url: None, max_file_bytes: 26_214_400, max_files_per_message: 10 }
    }
}

/// `[mail]`: outgoing mail.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// Folder that takes every mail as a file, unless `smtp_url` is set.
    pub outbox: PathBuf,
    /// Mail server, as `smtps://user:password@host`.
    pub smtp_url: Option<Secret>,
    /// Sender's address.
    pub from: String,
}

impl Default for Mail {
    fn default() -> Self {
        Self { outbox: PathBuf::from("outbox"), smtp_url: None, from: "natter@localhost".to_owned() }
    }
}

/// `[webhooks]`: deliveries to tenants' servers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// Hosts exempt from the block on private addresses.
    pub allow_hosts: Vec<String>,
    /// PEM files of authorities trusted besides the system's.
    pub extra_ca: Vec<PathBuf>,
    /// First wait before a repeat, in milliseconds.
    pub retry_initial_ms: u64,
    /// Longest wait between repeats, in milliseconds.
    pub retry_max_ms: u64,
    /// Age in hours at which a delivery is dropped.
    pub give_up_after_hours: u32,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            allow_hosts: Vec::new(),
            extra_ca: Vec::new(),
            retry_initial_ms: 1000,
            retry_max_ms: 3_600_000,
            give_up_after_hours: 24,
        }
    }
}

/// `[link_previews]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkPreviews {
    /// Whether links in messages are looked up.
    pub enabled: bool,
    /// Hosts exempt from the block on private addresses.
    pub allow_hosts: Vec<String>,
}

impl Default for LinkPreviews {
    fn default() -> Self {
        Self { enabled: true, allow_hosts: Vec::new() }
    }
}

/// `[push]`: providers of push notifications; each is off unless set.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Push {
    /// Firebase Cloud Messaging.
    pub fcm: Option<Fcm>,
    /// Apple Push Notification service.
    pub apns: Option<Apns>,
    /// Expo.
    pub expo: Option<Expo>,
    /// Novu.
    pub novu: Option<Novu>,
}

/// Firebase Cloud Messaging.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fcm {
    /// Base URL.
    #[serde(default = "Fcm::default_url")]
    pub url: String,
    /// File of the service account.
    pub service_account: PathBuf,
}

impl Fcm {
    fn default_url() -> String {
        "https://fcm.googleapis.com".to_owned()
    }
}

/// Apple Push Notification service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apns {
    /// Base URL.
    #[serde(default = "Apns::default_url")]
    pub url: String,
    /// File of the signing key.
    pub key: PathBuf,
    /// Id of the signing key.
    pub key_id: String,
    /// Id of the team.
    pub team_id: String,
    /// Topic, the bundle id of the app.
    pub topic: String,
}

impl Apns {
    fn default_url() -> String {
        "https://api.push.apple.com".to_owned()
    }
}

/// Expo.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expo {
    /// Base URL.
    #[serde(default = "Expo::default_url")]
    pub url: String,
    /// Seconds after a notification until its receipt is asked for.
    #[serde(default = "Expo::default_receipts_after")]
    pub receipts_after_seconds: u32,
}

impl Expo {
    fn default_url() -> String {
        "https://exp.host".to_owned()
    }

    fn default_receipts_after() -> u32 {
        900
    }
}

/// Novu.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Novu {
    /// Base URL.
    #[serde(default = "Novu::default_url")]
    pub url: String,
    /// Key of the account.
    pub api_key: Secret,
}

impl Novu {
    fn default_url() -> String {
        "https://api.novu.co".to_owned()
    }
}
