//! A partner's endpoint: setting it, checking it, trying it.

use natter_outbox::guard::FetchError;
use natter_rest::Rejection;
use serde_json::value::RawValue;
use url::Url;

use super::{job, told};
use crate::accounts::WebhookView;
use crate::caller::Caller;
use crate::errors::{ApiError, Code};
use crate::open_chat::OpenChat;

/// Bytes of a webhook's URL.
const URL_BYTES_MAX: usize = 2_048;

impl OpenChat {
    /// Tells a partner's server that it can be told.
    ///
    /// # Errors
    /// 1004 when there is no webhook.
    pub(crate) async fn test_webhook(&self, caller: &Caller) -> Result<(), ApiError> {
        caller.require_partner()?;
        let data = RawValue::from_string("{}".to_owned()).map_err(|error| Rejection::internal(&error))?;
        let event = told(caller.username(), "ping", self.now_ms(), data);
        match job(caller.tenant(), caller.account(), event, None)? {
            Some(job) => self.enqueue(Some(job)).await,
            None => Err(ApiError::Refused(Code::NotFound, "No webhook is registered")),
        }
    }

    /// Sets a partner's webhook, or removes it with an empty URL.
    ///
    /// # Errors
    /// 1000 for a URL that is not https, or leads to an address that is not public.
    pub(crate) async fn set_webhook(&self, caller: &Caller, url: &str) -> Result<WebhookView, ApiError> {
        caller.require_partner()?;
        if !url.is_empty() {
            self.check_webhook(url).await?;
        }
        let set = self.accounts().set_webhook(caller, (!url.is_empty()).then(|| url.to_owned())).await?;
        Ok(match set {
            Some(webhook) => WebhookView { webhook_url: Some(webhook.url), webhook_secret: Some(webhook.secret) },
            None => WebhookView { webhook_url: None, webhook_secret: None },
        })
    }

    /// A name that does not resolve now may do so when it is needed; every delivery checks the address again.
    async fn check_webhook(&self, url: &str) -> Result<(), ApiError> {
        let refuse = |message: &str| Err(ApiError::from(Rejection::invalid("webhook_url", message)));
        let is_https = Url::parse(url).is_ok_and(|url| url.scheme() == "https" && url.has_host());
        if !is_https || url.len() > URL_BYTES_MAX {
            return refuse("must be a valid HTTPS URL");
        }
        match self.client().check(url).await {
            Err(FetchError::BlockedAddress) => refuse("must lead to a public address"),
            Err(FetchError::Url | FetchError::Scheme) => refuse("must be a valid HTTPS URL"),
            _ => Ok(()),
        }
    }
}
