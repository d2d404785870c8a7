//! A partner's endpoint: setting it, checking it, trying it.

use natter_outbox::webhook::check_endpoint;
use natter_rest::Rejection;
use serde_json::value::RawValue;

use super::told;
use crate::accounts::WebhookView;
use crate::caller::Caller;
use crate::errors::{ApiError, Code};
use crate::open_chat::OpenChat;

impl OpenChat {
    /// Tells a partner's server that it can be told.
    ///
    /// # Errors
    /// 1004 when there is no webhook.
    pub(crate) async fn test_webhook(&self, caller: &Caller) -> Result<(), ApiError> {
        caller.require_partner()?;
        let data = RawValue::from_string("{}".to_owned()).map_err(|error| Rejection::internal(&error))?;
        let event = told(caller.username(), "ping", self.now_ms(), data);
        match self.tell_partner(caller.tenant(), caller.account(), event, None).await? {
            true => Ok(()),
            false => Err(ApiError::Refused(Code::NotFound, "No webhook is registered")),
        }
    }

    /// Sets a partner's webhook, or removes it with an empty URL.
    ///
    /// # Errors
    /// 1000 for a URL that is not https, or leads to an address that is not public.
    pub(crate) async fn set_webhook(&self, caller: &Caller, url: &str) -> Result<WebhookView, ApiError> {
        caller.require_partner()?;
        if !url.is_empty() {
            let checked = check_endpoint(self.client(), url).await;
            checked.map_err(|refusal| Rejection::invalid("webhook_url", refusal.message()))?;
        }
        let set = self.accounts().set_webhook(caller, (!url.is_empty()).then(|| url.to_owned())).await?;
        Ok(match set {
            Some(webhook) => WebhookView { webhook_url: Some(webhook.url), webhook_secret: Some(webhook.secret) },
            None => WebhookView { webhook_url: None, webhook_secret: None },
        })
    }
}
