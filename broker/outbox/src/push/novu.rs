//! Novu: `POST /v1/events/trigger`. Which channels a notification takes is decided in Novu's workflow.

use natter_node::config::Novu as NovuConfig;
use natter_node::config::Secret;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::http::{self, Answer};
use super::message::{Device, PushMessage, PushResult};

/// The workflow that has to exist in the account.
const WORKFLOW: &str = "natter-message";

/// A client of one Novu account.
pub(super) struct Novu {
    client: Client,
    base: String,
    api_key: Secret,
}

impl Novu {
    pub(super) fn new(config: &NovuConfig, client: Client) -> Self {
        let base = config.url.trim_end_matches('/').to_owned();
        Self { client, base, api_key: config.api_key.clone() }
    }

    /// `id` stays the same over repeats, and Novu acts once for each.
    pub(super) async fn send(
        &self,
        id: &str,
        device: &Device,
        message: &PushMessage,
    ) -> Result<PushResult, PushResult> {
        let body = json!({
            "name": WORKFLOW,
            "to": { "subscriberId": device.token },
            "payload": {
                "title": message.short_title(),
                "body": message.short_body(),
                "badge": message.badge,
                "data": message.all_data(),
            },
            "transactionId": id,
        });
        let request = self.client.post(format!("{}/v1/events/trigger", self.base)).json(&body);
        let request = request.header("authorization", self.authorization()).header("idempotency-key", id);
        Ok(result(&http::send(request).await?))
    }

    /// A subscriber's preferences, as Novu has them; none when it has none or does not answer.
    pub(super) async fn preferences(&self, subscriber: &str) -> Option<Value> {
        let mut url = url::Url::parse(&self.base).ok()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(["v2", "subscribers", subscriber, "preferences"]);
        let answer = http::send(self.client.get(url).header("authorization", self.authorization())).await.ok()?;
        answer.status.is_success().then(|| answer.body.get("data").cloned().unwrap_or(answer.body))
    }

    fn authorization(&self) -> String {
        format!("ApiKey {}", self.api_key.reveal())
    }
}

fn result(answer: &Answer) -> PushResult {
    if let Some(later) = answer.later() {
        return later;
    }
    match (answer.status, answer.text("/data/status")) {
        (status, "processed") if status.is_success() => PushResult::Delivered,
        // Somebody is just changing the key; a day with a wrong one must not lose what was said.
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => PushResult::retry("the API key is refused"),
        (status, said) if status.is_success() => answer.rejected(said),
        _ => answer.rejected(answer.text("/message")),
    }
}
