//! What account calls take and answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::side::Side;

/// `POST /v2/auth/register`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct RegisterBody {
    /// 3 to 50 letters, digits, `-` or `_`; unique in any letter case.
    #[schema(example = "partner_shop")]
    pub username: String,
    /// An email address; unique in any letter case.
    #[schema(example = "owner@shop.example")]
    pub email: String,
}

/// `POST /v2/auth/webhook`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct WebhookBody {
    /// An https URL; empty removes the webhook.
    #[schema(example = "https://your-server.com/webhook/chat")]
    pub(crate) webhook_url: String,
    /// Has to be the caller's, if given.
    pub(crate) username: Option<String>,
}

/// `POST /v2/auth/socket-token`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SocketTokenBody {
    /// The side that the token is for.
    pub by: Side,
    /// Its id, 1 to 128 characters.
    #[schema(example = "cust_123")]
    pub id: String,
    /// Seconds, 1 to 2,592,000; 3,600 unless given.
    #[schema(example = 3600)]
    pub expires_in: Option<u32>,
    /// Has to be the caller's, if given.
    pub username: Option<String>,
}

/// A new partner. The token is shown here and never again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Registered {
    pub(crate) username: String,
    pub(crate) email: String,
    /// 100 letters and digits.
    pub(crate) access_token: String,
    pub(crate) created_at: String,
}

/// The caller's account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    pub(crate) username: String,
    pub(crate) email: String,
    /// `null` when there is none.
    pub(crate) webhook_url: Option<String>,
    pub(crate) created_at: String,
}

/// A token in the place of the one before.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct NewAccessToken {
    pub(crate) username: String,
    /// 100 letters and digits.
    pub(crate) access_token: String,
    /// Until when the one before is good.
    pub(crate) previous_token_expires_at: String,
}

/// The caller's endpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WebhookView {
    /// `null` when it was removed.
    pub(crate) webhook_url: Option<String>,
    /// What signs the deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) webhook_secret: Option<String>,
}
