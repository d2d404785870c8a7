//! Expo's push service: `POST /--/api/v2/push/send`, answered with a ticket, and `POST /--/api/v2/push/getReceipts`, which
//! says for a ticket, some 15 minutes later, what Apple or Google have answered.

use std::time::Duration;

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
    base: String,
    receipts_after: Duration,
}

impl Expo {
    pub(super) fn new(config: &ExpoConfig, client: Client) -> Self {
        let base = format!("{}/--/api/v2/push", config.url.trim_end_matches('/'));
        Self { client, base, receipts_after: Duration::from_secs(u64::from(config.receipts_after_seconds)) }
    }

    /// How long after its ticket a receipt is asked for.
    pub(super) fn receipts_after(&self) -> Duration {
        self.receipts_after
    }

    /// What has become of a notification that there was a ticket for. Expo forgets receipts after a day, and one that it
    /// does not have says nothing.
    pub(super) async fn receipt(&self, id: &str) -> Result<PushResult, PushResult> {
        let request = self.client.post(format!("{}/getReceipts", self.base)).json(&json!({ "ids": [id] }));
        let answer = http::send(request.header("accept", "application/json")).await?;
        if let Some(later) = answer.later() {
            return Ok(later);
        }
        let receipt = answer.body.get("data").and_then(|data| data.get(id)).unwrap_or(&Value::Null);
        Ok(match (text(receipt, "/status"), text(receipt, "/details/error")) {
            (_, "DeviceNotRegistered") => PushResult::TokenDead,
            ("error", reason) => answer.rejected(reason),
            _ if answer.status.is_success() => PushResult::Delivered,
            _ => answer.rejected(answer.text("/errors/0/code")),
        })
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
        let request = self.client.post(format!("{}/send", self.base)).header("accept", "application/json").json(&body);
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
    match (text(ticket, "/status"), text(ticket, "/details/error")) {
        ("ok", _) => match text(ticket, "/id") {
            "" => PushResult::Delivered,
            receipt => PushResult::Ticketed { receipt: receipt.to_owned() },
        },
        (_, "DeviceNotRegistered") => PushResult::TokenDead,
        (_, reason @ "MessageRateExceeded") => PushResult::retry(reason),
        ("error", reason) => answer.rejected(reason),
        // Without a ticket the request as a whole was refused.
        _ if is_no_token(answer) => PushResult::TokenDead,
        _ => answer.rejected(answer.text("/errors/0/code")),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Whether the request was refused because its token has not the form of one.
fn is_no_token(answer: &Answer) -> bool {
    answer.text("/errors/0/code") == "VALIDATION_ERROR" && answer.text("/errors/0/message").contains("\"to\"")
}
