//! Firebase Cloud Messaging: `POST /v1/projects/{project}/messages:send` (HTTP v1).

use natter_node::config::Fcm as FcmConfig;
use natter_store::Clock;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::config::{PushConfigError, service_account};
use super::fcm_token::FcmTokens;
use super::http::{self, Answer};
use super::message::{Device, PushMessage, PushResult};

/// How long FCM keeps a notification for a device that is off.
const TTL: &str = "14400s";

/// A client of one Firebase project.
pub(super) struct Fcm {
    client: Client,
    url: String,
    tokens: FcmTokens,
}

impl Fcm {
    pub(super) fn new(config: &FcmConfig, client: Client, clock: Clock) -> Result<Self, PushConfigError> {
        let (account, key) = service_account(&config.service_account)?;
        let tokens = FcmTokens::new(account, key, clock);
        let url = format!("{}/v1/projects/{}/messages:send", config.url.trim_end_matches('/'), tokens.project());
        Ok(Self { client, url, tokens })
    }

    pub(super) async fn send(&self, device: &Device, message: &PushMessage) -> Result<PushResult, PushResult> {
        let token = self.tokens.get(&self.client).await?;
        let request = self.client.post(&self.url).bearer_auth(token).json(&body(device, message));
        let answer = http::send(request).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.tokens.forget();
        }
        Ok(result(&answer))
    }
}

fn body(device: &Device, message: &PushMessage) -> Value {
    let mut aps = json!({ "sound": "default" });
    if let Some(badge) = message.badge {
        aps["badge"] = badge.into();
    }
    if let Some(channel) = &message.channel_id {
        aps["thread-id"] = channel.as_str().into();
    }
    let mut android = json!({ "priority": "HIGH", "ttl": TTL, "notification": { "sound": "default" } });
    if let Some(badge) = message.badge {
        android["notification"]["notification_count"] = badge.into();
    }
    json!({ "message": {
        "token": device.token,
        "notification": { "title": message.short_title(), "body": message.short_body() },
        "data": message.all_data(),
        "android": android,
        "apns": { "headers": { "apns-priority": "10" }, "payload": { "aps": aps } },
    } })
}

fn result(answer: &Answer) -> PushResult {
    if answer.status.is_success() {
        return PushResult::Delivered;
    }
    let details = answer.body.pointer("/error/details").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let code = details.iter().find_map(|detail| detail.get("errorCode")?.as_str()).unwrap_or_default();
    match code {
        // The app was removed, or the token was made for another project.
        "UNREGISTERED" | "SENDER_ID_MISMATCH" => PushResult::TokenDead,
        "INVALID_ARGUMENT" if names_token(details) => PushResult::TokenDead,
        // Of a project that is not there, or keys that are wrong, the device knows nothing.
        _ if answer.status == StatusCode::UNAUTHORIZED => PushResult::retry("status 401"),
        _ => answer.later().unwrap_or_else(|| answer.rejected(answer.text("/error/status"))),
    }
}

/// Whether it is the token that is no argument.
fn names_token(details: &[Value]) -> bool {
    let violations = details.iter().filter_map(|detail| detail.get("fieldViolations")?.as_array()).flatten();
    violations.into_iter().any(|violation| violation.get("field").and_then(Value::as_str) == Some("message.token"))
}
