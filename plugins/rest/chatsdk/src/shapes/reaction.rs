//! Reactions.

use natter_chat::Reaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::user::ChatSdkUserBrief;

/// One emoji under a message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkReaction {
    /// An emoji or a short name.
    #[serde(rename = "type")]
    emoji: String,
    /// How many users.
    count: u64,
    /// Whether the caller is one of them; left out in what goes to everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<bool>,
    /// The first 100 of them.
    users: Vec<ChatSdkUserBrief>,
}

impl ChatSdkReaction {
    /// As a caller sees them.
    pub(crate) fn all(reactions: Vec<Reaction>) -> Vec<Self> {
        reactions.into_iter().map(|reaction| Self::new(Some(reaction.own), reaction)).collect()
    }

    /// As everyone sees them.
    pub(crate) fn all_for_everyone(reactions: Vec<Reaction>) -> Vec<Self> {
        reactions.into_iter().map(|reaction| Self::new(None, reaction)).collect()
    }

    fn new(own: Option<bool>, reaction: Reaction) -> Self {
        let users = reaction.users.into_iter().map(Into::into).collect();
        Self { emoji: reaction.emoji, count: reaction.count, own, users }
    }
}

/// A reaction to add.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChatSdkNewReaction {
    /// A single emoji, or a short name of up to 32 characters.
    pub(crate) emoji: String,
}

/// A message's reactions now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChatSdkReactions {
    pub(crate) reactions: Vec<ChatSdkReaction>,
}
