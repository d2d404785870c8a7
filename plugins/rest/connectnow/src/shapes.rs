//! Resources as they are shown.

use jiff::Timestamp;
use natter_chat::{Entry, Message, UserBrief};
use natter_core::EntityId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api_users::ApiUser;
use crate::rows::Company;

/// One resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct One<T> {
    /// It.
    pub(crate) data: T,
}

/// A time in Unix milliseconds as `2024-05-14T10:00:00.000Z`. One that no calendar has is the epoch.
pub(crate) fn iso(unix_ms: i64) -> String {
    format!("{:.3}", Timestamp::from_millisecond(unix_ms).unwrap_or_default())
}

/// Somebody with an API token.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    id: String,
    name: String,
    email: String,
}

impl UserView {
    pub(crate) fn of(user: &ApiUser) -> Self {
        Self { id: user.domain_id(), name: user.name.clone(), email: user.email.clone() }
    }
}

/// A company.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CompanyView {
    id: String,
    name: String,
    website: Option<String>,
    created_at: String,
    updated_at: String,
}

impl CompanyView {
    pub(crate) fn of(company: &Company) -> Self {
        Self {
            id: company.id.to_hex(),
            name: company.name.clone(),
            website: company.website.clone(),
            created_at: iso(company.created_at),
            updated_at: iso(company.updated_at),
        }
    }
}

/// A chat.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ChatView {
    pub(crate) id: String,
    pub(crate) company_id: String,
    pub(crate) name: String,
    /// Whether it takes messages.
    pub(crate) open: bool,
    pub(crate) users_count: u64,
    pub(crate) messages_count: u64,
    /// The newest message.
    pub(crate) last_message: Option<MessageView>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// Somebody in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ChatUserView {
    pub(crate) id: String,
    pub(crate) chat_id: String,
    pub(crate) name: String,
    /// `null` for somebody who came through another API.
    pub(crate) email: Option<String>,
    /// Whether there is a connection, or was one within 5 seconds.
    pub(crate) online: bool,
    pub(crate) last_read_message_id: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// A chat user with the chat.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnView {
    #[serde(flatten)]
    pub(crate) user: ChatUserView,
    pub(crate) chat: ChatView,
    /// The channel of the chat for clients of Centrifugo's protocol.
    pub(crate) realtime_channel: String,
}

/// Who sent a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SenderView {
    id: String,
    name: String,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct MessageView {
    id: String,
    chat_id: String,
    chat_user_id: String,
    chat_user: SenderView,
    message: String,
    /// 1, 2, 3 … in the chat.
    seq: u64,
    edited: bool,
    created_at: String,
    updated_at: String,
}

impl MessageView {
    pub(crate) fn of(message: &Message) -> Self {
        Self {
            id: message.id.to_hex(),
            chat_id: message.channel.to_hex(),
            chat_user_id: message.sender.entity.to_hex(),
            chat_user: SenderView::of(&message.sender),
            message: message.text.clone(),
            seq: message.seq,
            edited: message.updated_at > message.created_at,
            created_at: iso(message.created_at),
            updated_at: iso(message.updated_at),
        }
    }

    /// The messages of a page.
    pub(crate) fn of_entries(entries: &[Entry]) -> Vec<Self> {
        let views = entries.iter().filter_map(|entry| match entry {
            Entry::Message(message) => Some(Self::of(message)),
            Entry::Deleted { .. } => None,
        });
        views.collect()
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl SenderView {
    pub(crate) fn of(user: &UserBrief) -> Self {
        Self { id: user.entity.to_hex(), name: user.name.clone() }
    }
}

/// What is left of a deleted message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct DeletedMessageView {
    pub(crate) id: String,
    pub(crate) chat_id: String,
    pub(crate) chat_user_id: String,
    pub(crate) chat_user: SenderView,
    pub(crate) seq: u64,
}

/// A chat's password.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ShareView {
    pub(crate) password: String,
    /// The page that asks for an email address and a code.
    pub(crate) url: String,
}

/// A chat-user token.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TokenView {
    /// 60 letters and digits, shown here only.
    pub(crate) chat_user_token: String,
    pub(crate) expires_at: String,
    pub(crate) chat_user: ChatUserView,
}

/// A code is on its way, if it may be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// The same whether or not somebody has the address.
    pub(crate) message: &'static str,
}

/// An id in a path.
pub(crate) fn id_in_path(id: &str) -> Result<EntityId, crate::errors::ApiError> {
    EntityId::parse_hex(id).ok_or(crate::errors::ApiError::NotFound)
}
