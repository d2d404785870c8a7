//! Why the domain refuses: one table, which each plugin maps to its document's codes.

use natter_core::Refusal;
use natter_store::StoreError;

/// What is not there, or not for the caller to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A user.
    User,
    /// A channel, or one that the caller is no member of.
    Channel,
    /// A message of the channel.
    Message,
    /// A member of the channel.
    Member,
    /// A device.
    Device,
    /// A workspace, or one that the caller does not belong to.
    Workspace,
    /// An invite that was never made, is used up, or has expired.
    Invite,
}

impl Missing {
    /// A word for messages.
    pub fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Channel => "channel",
            Self::Message => "message",
            Self::Member => "member",
            Self::Device => "device",
            Self::Workspace => "workspace",
            Self::Invite => "invite",
        }
    }
}

/// Why something was not done. Nothing of it has happened, unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// It does not exist for this caller.
    #[error("{} not found", .0.noun())]
    NotFound(Missing),
    /// The token was issued before its user was deleted or its tokens were revoked.
    #[error("the token has been revoked")]
    Revoked,
    /// The caller may not.
    #[error("{0}")]
    Forbidden(&'static str),
    /// A field's value cannot be taken.
    #[error("{field}: {message}")]
    Invalid {
        /// The field's name in the domain, in camel case.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// It contradicts what is there.
    #[error("{0}")]
    Conflict(&'static str),
    /// A key that is to make repeats harmless has been used for something else.
    #[error("the key was used with another content")]
    KeyReused,
    /// The store cannot be reached, or too much is waiting; the caller may try again. What was asked may still happen
    /// when it was a message without a key.
    #[error("temporarily unavailable")]
    Unavailable,
    /// Stored data cannot be read.
    #[error("internal error")]
    Internal,
}

impl ChatError {
    /// An invalid field.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }
}

impl From<StoreError> for ChatError {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the store failed a chat operation");
        match error {
            StoreError::Corrupt(_) => Self::Internal,
            _ => Self::Unavailable,
        }
    }
}

impl From<Refusal> for ChatError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy
            | Refusal::StoreUnavailable { .. }
            | Refusal::TooManyChannels
            | Refusal::TooManySubscribers => Self::Unavailable,
            _ => Self::Internal,
        }
    }
}
