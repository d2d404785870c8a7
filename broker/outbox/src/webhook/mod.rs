//! Webhooks: a tenant's server is told what has happened.
//!
//! `POST` with JSON `{id, event, username?, created_at, data}` and the header
//! `X-Natter-Signature: t=<unix seconds>,v1=<hex hmac-sha256 of "t.body" with the endpoint's secret>`. 2xx is done, 410
//! is final, anything else is tried again. Redirects are not followed.

mod deliverer;
mod endpoint;
mod event;
mod signature;

pub use deliverer::{EndpointDirectory, WebhookDeliverer};
pub use endpoint::{EndpointRefusal, WebhookEndpoint, check_endpoint, new_secret};
pub use event::WebhookEvent;
pub use signature::{SIGNATURE_HEADER, sign};

#[cfg(test)]
mod tests;
