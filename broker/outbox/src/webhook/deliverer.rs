//! Sends webhooks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::{counter, histogram};
use natter_store::Clock;
use tokio::time::Instant;

use super::endpoint::WebhookEndpoint;
use super::event::WebhookEvent;
use super::signature::{SIGNATURE_HEADER, sign};
use crate::guard::{FetchError, GuardedClient};
use crate::queue::{Deliverer, Delivery, Outcome};

/// Longest time until an endpoint has answered.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
const GONE: u16 = 410;

/// Knows the endpoints; the domain implements it.
#[async_trait]
pub trait EndpointDirectory: Send + Sync + 'static {
    /// The endpoint that a job is for, as it is now; none when it was removed, and the job is then done.
    ///
    /// # Errors
    /// Nobody knows at the moment; the job is tried again.
    async fn endpoint(&self, delivery: &Delivery) -> Result<Option<WebhookEndpoint>, String>;
}

/// The deliverer of [`JobKind::Webhook`](crate::JobKind::Webhook).
pub struct WebhookDeliverer {
    client: GuardedClient,
    directory: Arc<dyn EndpointDirectory>,
    clock: Clock,
}

impl WebhookDeliverer {
    /// Sends with this client, whose addresses are guarded, what the directory knows an endpoint for.
    pub fn new(client: GuardedClient, directory: Arc<dyn EndpointDirectory>, clock: Clock) -> Self {
        Self { client, directory, clock }
    }

    async fn attempt(&self, delivery: &Delivery) -> (&'static str, Outcome) {
        let endpoint = match self.directory.endpoint(delivery).await {
            Ok(Some(endpoint)) => endpoint,
            Ok(None) => return ("ok", Outcome::Done),
            Err(reason) => return ("retry", Outcome::retry(reason)),
        };
        let event = serde_json::from_slice::<WebhookEvent>(&delivery.payload);
        let body = match event.and_then(|event| event.body(delivery.id)) {
            Ok(body) => body,
            Err(error) => return ("dead", Outcome::dead(format_args!("the event cannot be read: {error}"))),
        };
        let headers = [
            ("content-type", "application/json".to_owned()),
            (SIGNATURE_HEADER, sign(&endpoint.secret, (self.clock)() / 1000, &body)),
        ];
        match self.client.post(&endpoint.url, &headers, body.into(), ANSWER_TIME_MAX).await {
            Ok(answer) if (200..300).contains(&answer.status) => ("ok", Outcome::Done),
            Ok(answer) if answer.status == GONE => ("dead", Outcome::dead("the endpoint answered 410")),
            Ok(answer) => {
                let reason = format!("the endpoint answered {}", answer.status);
                ("retry", Outcome::Retry { reason, after: answer.retry_after })
            }
            // A name may lead elsewhere tomorrow, so it is not final.
            Err(error @ FetchError::BlockedAddress) => ("blocked_address", Outcome::retry(error)),
            Err(error @ (FetchError::Url | FetchError::Scheme)) => ("dead", Outcome::dead(error)),
            Err(error) => ("retry", Outcome::retry(error)),
        }
    }
}

#[async_trait]
impl Deliverer for WebhookDeliverer {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        let started = Instant::now();
        let (result, outcome) = self.attempt(delivery).await;
        counter!("natter_webhook_attempts_total", "result" => result).increment(1);
        histogram!("natter_webhook_duration_seconds", "result" => result).record(started.elapsed());
        outcome
    }
}
