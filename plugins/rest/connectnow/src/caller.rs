//! Who is calling: an API user, a chat user, or both at once.

use std::sync::Arc;

use natter_core::EntityId;

use crate::api_users::ApiUser;
use crate::errors::ApiError;

/// A chat user whose token has passed: a user of the domain in one chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visitor {
    pub(crate) chat: EntityId,
    /// The user of the domain.
    pub(crate) user: String,
    /// Unix milliseconds of the token's end.
    pub(crate) expires_at: i64,
}

/// Whoever has shown tokens that are good. A request may carry both kinds; a route takes the one that it needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    pub(crate) api_user: Option<Arc<ApiUser>>,
    pub(crate) visitor: Option<Visitor>,
}

impl Caller {
    /// Where only an API token will do.
    pub(crate) fn api_user(&self) -> Result<&ApiUser, ApiError> {
        self.api_user.as_deref().ok_or(ApiError::UNAUTHENTICATED)
    }

    /// Where only a chat-user token will do.
    pub(crate) fn visitor(&self) -> Result<&Visitor, ApiError> {
        self.visitor.as_ref().ok_or(ApiError::UNAUTHENTICATED)
    }

    /// The caller's name among those of the tenant, for keys that make repeats harmless; none for nobody.
    pub(crate) fn label(&self) -> Option<String> {
        match (&self.visitor, &self.api_user) {
            (Some(visitor), _) => Some(format!("chat-user:{}:{}", visitor.chat.to_hex(), visitor.user)),
            (None, Some(user)) => Some(format!("api-user:{}", user.domain_id())),
            (None, None) => None,
        }
    }
}
