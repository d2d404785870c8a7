//! Expo's push service: `POST /--/api/v2/push/send`.

use natter_node::config::Expo as ExpoConfig;
use reqwest::Client;
use serde_json::{Value, json};

use super::http::{self, Answer};
use super::message::{Device, PushMessage, PushResult};

/// How long a notification is kept for a device that is off.
const TTL_SECONDS: u32 = 4 * 3600;

/// A client of Expo.
pub(super) struct Expo {
    client: Client,
    url: String,
}

impl Expo {
    pub(super) fn new(config: &ExpoConfig, client: Client) -> Self {
        Self { client, url: format!("{}/--/api/v2/push/send", config.url.trim_end_matches('/')) }
    }

    pub(super) async fn send(&self, device: &Device, message: &PushMessage) -> Result<PushResult, PushResult> {
        let mut body = json!({
            "to": device.token,
            "title": message.short_title(),
            "body": message.short_body(),
            "data": message.all_data(),
            "sound": "default",
            "priority": "high",
            "ttl": TTL_SECONDS,
        });
        if let Some(badge) = message.badge {
            body["badge"] = badge.into();
        }
        let request = self.client.post(&self.url).header("accept", "application/json").json(&body);
        Ok(result(&http::send(request).await?))
    }
}

/// One message is answered with one ticket, in a list or on its own.
fn result(answer: &Answer) -> PushResult {
    if let Some(later) = answer.later() {
        return later;
    }
    let data = answer.body.get("data").unwrap_or(&Value::Null);
    let ticket = data.get(0).unwrap_or(data);
    let text = |pointer: &str| ticket.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match (text("/status"), text("/details/error")) {
        ("ok", _) => PushResult::Delivered,
        (_, "DeviceNotRegistered") => PushResult::TokenDead,
        (_, reason @ "MessageRateExceeded") => PushResult::retry(reason),
        ("error", reason) => answer.rejected(reason),
        // Without a ticket the request as a whole was refused.
        _ if is_no_token(answer) => PushResult::TokenDead,
        _ => answer.rejected(answer.text("/errors/0/code")),
    }
}

/// Whether the request was refused because its token has not the form of one.
fn is_no_token(answer: &Answer) -> bool {
    answer.text("/errors/0/code") == "VALIDATION_ERROR" && answer.text("/errors/0/message").contains("\"to\"")
}
