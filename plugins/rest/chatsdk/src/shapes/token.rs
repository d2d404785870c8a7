//! Tokens.

use natter_chat::{User, UserPatch};
use natter_rest::InRange;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::value::given;

/// Whose tokens to make. Fields of the profile that are left out stay, `null` clears; unknown fields are refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChatSdkTokenRequest {
    /// 1 to 128 of `A–Z a–z 0–9 _ - . @ + | :`.
    pub(crate) user_id: String,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    image: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    custom: Option<Option<Map<String, Value>>>,
    /// How long the tokens are good, in seconds: 60 to 604,800; 86,400 unless given.
    pub(crate) expires_in: Option<InRange<60, 604_800>>,
}

impl ChatSdkTokenRequest {
    /// Takes the profile out.
    pub(crate) fn patch(&mut self) -> UserPatch {
        UserPatch {
            name: self.name.take(),
            email: self.email.take(),
            image: self.image.take(),
            custom: self.custom.take(),
        }
    }
}

/// A user's tokens, and where to use them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSdkTokens {
    /// For calls.
    pub(crate) token: String,
    /// For real-time connections.
    pub(crate) ws_token: String,
    pub(crate) user: ChatSdkTokenUser,
    /// Seconds.
    pub(crate) expires_in: u32,
    /// Where to connect.
    pub(crate) ws_url: String,
    /// The second part of real-time channels: `chat:{appId}:{channelId}`.
    pub(crate) app_id: String,
}

/// The user of the tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkTokenUser {
    id: String,
    name: String,
    email: Option<String>,
    image: Option<String>,
}

impl From<&User> for ChatSdkTokenUser {
    fn from(user: &User) -> Self {
        let profile = user.profile.clone();
        Self { id: user.id.clone(), name: profile.name, email: profile.email, image: profile.image }
    }
}
