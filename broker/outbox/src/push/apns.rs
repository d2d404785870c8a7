//! Apple Push Notification service: `POST /3/device/{token}` over HTTP/2, with a provider token (ES256).

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use natter_node::config::Apns as ApnsConfig;
use natter_store::Clock;
use parking_lot::Mutex;
use reqwest::{Client, StatusCode, Version};
use serde_json::{Map, Value, json};

use super::config::{PushConfigError, signing_key};
use super::http::{self, Answer};
use super::message::{Device, PushMessage, PushResult};

/// A provider token is good for 60 minutes and may be changed every 20.
const TOKEN_SECONDS: i64 = 40 * 60;
/// Largest payload.
const PAYLOAD_BYTES_MAX: usize = 4096;
/// How long Apple keeps a notification for a device that is off.
const EXPIRATION_SECONDS: i64 = 4 * 3600;

/// A client for one app.
pub(super) struct Apns {
    client: Client,
    config: ApnsConfig,
    key: EncodingKey,
    clock: Clock,
    /// The provider token and when it was made.
    token: Mutex<Option<(String, i64)>>,
}

impl Apns {
    /// The client speaks HTTP/2 and nothing else.
    pub(super) fn new(config: &ApnsConfig, client: Client, clock: Clock) -> Result<Self, PushConfigError> {
        let key = signing_key(&config.key)?;
        Ok(Self { client, config: config.clone(), key, clock, token: Mutex::new(None) })
    }

    pub(super) async fn send(&self, device: &Device, message: &PushMessage) -> Result<PushResult, PushResult> {
        // The token is part of the path.
        if device.token.is_empty() || !device.token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(PushResult::TokenDead);
        }
        let body = payload(message).to_string();
        if body.len() > PAYLOAD_BYTES_MAX {
            return Ok(PushResult::rejected(format_args!("the payload has {} bytes", body.len())));
        }
        let now = (self.clock)() / 1000;
        let token = self.token(now).map_err(|error| PushResult::retry(format_args!("no provider token: {error}")))?;
        let url = format!("{}/3/device/{}", self.config.url.trim_end_matches('/'), device.token);
        let request = self
            .client
            .post(url)
            .version(Version::HTTP_2)
            .header("authorization", format!("bearer {token}"))
            .header("apns-topic", &self.config.topic)
            .header("apns-push-type", "alert")
            .header("apns-priority", "10")
            .header("apns-expiration", (now + EXPIRATION_SECONDS).to_string())
            .header("content-type", "application/json")
            .body(body);
        Ok(self.result(&http::send(request).await?))
    }

    fn result(&self, answer: &Answer) -> PushResult {
        if answer.status == StatusCode::OK {
            return PushResult::Delivered;
        }
        match answer.text("/reason") {
            "BadDeviceToken" | "DeviceTokenNotForTopic" | "Unregistered" | "ExpiredToken" => PushResult::TokenDead,
            _ if answer.status == StatusCode::GONE => PushResult::TokenDead,
            reason @ ("ExpiredProviderToken" | "InvalidProviderToken") => {
                *self.token.lock() = None;
                PushResult::retry(reason)
            }
            reason => answer.later().unwrap_or_else(|| answer.rejected(reason)),
        }
    }

    fn token(&self, now: i64) -> jsonwebtoken::errors::Result<String> {
        let mut kept = self.token.lock();
        if let Some((token, _)) = kept.as_ref().filter(|(_, made)| (0..TOKEN_SECONDS).contains(&(now - made))) {
            return Ok(token.clone());
        }
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.config.key_id.clone());
        let token = jsonwebtoken::encode(&header, &json!({ "iss": self.config.team_id, "iat": now }), &self.key)?;
        *kept = Some((token.clone(), now));
        Ok(token)
    }
}

fn payload(message: &PushMessage) -> Value {
    let mut aps = Map::new();
    aps.insert("alert".to_owned(), json!({ "title": message.short_title(), "body": message.short_body() }));
    aps.insert("sound".to_owned(), "default".into());
    if let Some(badge) = message.badge {
        aps.insert("badge".to_owned(), badge.into());
    }
    if let Some(channel) = &message.channel_id {
        aps.insert("thread-id".to_owned(), channel.as_str().into());
    }
    let data = message.all_data().into_iter().map(|(name, text)| (name, Value::from(text)));
    let mut payload: Map<String, Value> = data.collect();
    payload.insert("aps".to_owned(), aps.into());
    payload.into()
}
