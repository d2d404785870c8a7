//! What a caller may see of a chat.
//!
//! An API user sees the chats of their own companies; whoever has a chat-user token sees that one chat. Everything else is
//! not there, but for a chat user who looks at another chat: that is forbidden.

use natter_chat::{ChannelOverview, ChannelType, ChatError};
use natter_core::EntityId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api_users::ApiUser;
use crate::caller::Caller;
use crate::connect_now::ConnectNow;
use crate::errors::ApiError;

/// Where a channel's `extra` has what only this document knows.
const EXTRA: &str = "connectnow";

/// What the channel's `extra` has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChatExtra {
    /// The API user as a user of the domain.
    pub(crate) owner: String,
    /// The company.
    pub(crate) company: EntityId,
    /// Whether it takes messages.
    pub(crate) open: bool,
}

impl ChatExtra {
    pub(crate) fn of(extra: &Map<String, Value>) -> Option<Self> {
        extra.get(EXTRA).and_then(|value| Self::deserialize(value).ok())
    }

    pub(crate) fn into_extra(self) -> Map<String, Value> {
        // A struct of texts always has a JSON form.
        let value = serde_json::to_value(self).unwrap_or_default();
        Map::from_iter([(EXTRA.to_owned(), value)])
    }
}

/// A chat that a caller may see.
#[derive(Clone, Debug)]
pub(crate) struct OpenedChat {
    pub(crate) id: EntityId,
    pub(crate) extra: ChatExtra,
    pub(crate) overview: ChannelOverview,
    /// The caller as a user of the domain.
    pub(crate) as_user: String,
    /// Whether the caller is a chat user, not the API user.
    pub(crate) is_visitor: bool,
}

impl ConnectNow {
    /// A chat of an API user's.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn own_chat(&self, user: &ApiUser, chat_id: &str) -> Result<OpenedChat, ApiError> {
        let id = EntityId::parse_hex(chat_id).ok_or(ApiError::NotFound)?;
        let as_user = user.domain_id();
        let chat = self.opened(id, as_user, false).await?.ok_or(ApiError::NotFound)?;
        if chat.extra.owner == chat.as_user { Ok(chat) } else { Err(ApiError::NotFound) }
    }

    /// A chat, for whoever may see it.
    ///
    /// # Errors
    /// 401; 404; 403 for a chat user of another chat.
    pub(crate) async fn visible_chat(&self, caller: &Caller, chat_id: &str) -> Result<OpenedChat, ApiError> {
        if caller.label().is_none() {
            return Err(ApiError::UNAUTHENTICATED);
        }
        let id = EntityId::parse_hex(chat_id).ok_or(ApiError::NotFound)?;
        if let Some(visitor) = caller.visitor.as_ref().filter(|visitor| visitor.chat == id) {
            return self.opened(id, visitor.user.clone(), true).await?.ok_or(ApiError::NotFound);
        }
        match caller.api_user.as_deref() {
            Some(user) => self.own_chat(user, chat_id).await,
            None if self.extra_of(id).await?.is_some() => Err(ApiError::Forbidden),
            None => Err(ApiError::NotFound),
        }
    }

    /// What this document knows of a chat, whoever asks; `None` when it is not one of its chats.
    pub(crate) async fn extra_of(&self, id: EntityId) -> Result<Option<ChatExtra>, ApiError> {
        Ok(self.channel_of(id).await?.and_then(|channel| ChatExtra::of(&channel.extra)))
    }

    /// The chat's channel, whoever asks; `None` when there is none that could be a chat.
    pub(crate) async fn channel_of(&self, id: EntityId) -> Result<Option<natter_chat::Channel>, ApiError> {
        match self.chat().channel_unasked(&self.tenant(), id).await {
            Ok(channel) => Ok(Some(channel).filter(|channel| channel.kind == ChannelType::Group)),
            Err(ChatError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A chat as one of its members sees it.
    pub(crate) async fn opened(
        &self,
        id: EntityId,
        as_user: String,
        is_visitor: bool,
    ) -> Result<Option<OpenedChat>, ApiError> {
        let overview = match self.chat().channel(&self.tenant(), &as_user, id).await {
            Ok(overview) => overview,
            Err(ChatError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let extra = ChatExtra::of(&overview.channel.extra).filter(|_| overview.channel.kind == ChannelType::Group);
        Ok(extra.map(|extra| OpenedChat { id, extra, overview, as_user, is_visitor }))
    }
}
