//! What has happened to a message since it was sent.
//!
//! The projection is the only writer of these rows, in the order of the log. Each remembers the offset of the last event
//! in it, so that the events of a log can be applied again after a crash.

use std::collections::HashMap;

use natter_core::{EntityId, TenantId};
use serde::{Deserialize, Serialize};

use crate::chat::Chat;
use crate::error::ChatError;
use crate::hot::HotChannel;
use crate::model::{Attachment, LinkPreview, Message, Pin, Reaction, UserBrief};
use crate::rows::Table;

/// States: partition the channel, row the message's number.
pub(crate) const STATES: Table<State> = Table::new("chat_message_states");
/// Who has reacted: partition the channel, row the message's number, the emoji and the user.
pub(crate) const REACTIONS: Table<()> = Table::new("chat_reactions");
/// Users that are named beside a reaction's count.
pub(crate) const NAMED_MAX: usize = 100;
/// States that are removed in one go with their channel.
const PAGE: usize = 1_000;

/// A message's state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// Offset of the newest event in it.
    pub(crate) as_of: u64,
    /// What an edit has made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) edit: Option<Edit>,
    /// Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deleted_at: Option<i64>,
    /// In the order of their first use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reactions: Vec<Reacted>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) link_previews: Vec<LinkPreview>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pin: Option<Pin>,
    pub(crate) reply_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_reply_at: Option<i64>,
}

/// The edited parts of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Edit {
    pub(crate) text: String,
    pub(crate) mentions: Vec<String>,
    pub(crate) attachments: Vec<Attachment>,
    /// Unix milliseconds.
    pub(crate) at: i64,
}

/// One emoji under a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reacted {
    pub(crate) emoji: String,
    pub(crate) count: u64,
    /// The first of them.
    pub(crate) users: Vec<String>,
}

impl State {
    /// Puts the state on the message as it was sent. `own` names the emojis of the caller.
    pub(crate) fn apply_to(&self, message: &mut Message, users: &HashMap<String, UserBrief>, own: &[String]) {
        if let Some(edit) = &self.edit {
            message.text.clone_from(&edit.text);
            message.mentions.clone_from(&edit.mentions);
            message.attachments.clone_from(&edit.attachments);
            message.updated_at = edit.at;
        }
        message.link_previews.clone_from(&self.link_previews);
        message.pin.clone_from(&self.pin);
        message.reply_count = self.reply_count;
        message.last_reply_at = self.last_reply_at;
        message.reactions = self.shown_reactions(users, own);
    }

    /// The reactions with the names of users.
    pub(crate) fn shown_reactions(&self, users: &HashMap<String, UserBrief>, own: &[String]) -> Vec<Reaction> {
        let shown = self.reactions.iter().map(|reacted| Reaction {
            emoji: reacted.emoji.clone(),
            count: reacted.count,
            users: reacted.users.iter().filter_map(|user| users.get(user).cloned()).collect(),
            own: own.contains(&reacted.emoji),
        });
        shown.collect()
    }
}

/// The row of a message, so that rows sort by number.
pub(crate) fn row_of(seq: u64) -> String {
    format!("{seq:016x}")
}

pub(crate) fn reaction_row(seq: u64, emoji: &str, user: &str) -> String {
    format!("{}:{emoji}\0{user}", row_of(seq))
}

impl Chat {
    pub(crate) async fn state_of(&self, hot: &HotChannel, seq: u64) -> Result<State, ChatError> {
        let found = STATES.get(self.store(), &hot.tenant, &hot.id.to_hex(), &row_of(seq)).await?;
        Ok(found.map(|found| found.value).unwrap_or_default())
    }

    /// States of the messages `first..=last`, by number.
    pub(crate) async fn states(
        &self,
        hot: &HotChannel,
        first: u64,
        last: u64,
    ) -> Result<HashMap<u64, State>, ChatError> {
        let (partition, end) = (hot.id.to_hex(), row_of(last));
        let mut after = row_of(first.saturating_sub(1));
        let mut states = HashMap::new();
        if first == 0 || first > last {
            return Ok(states);
        }
        // A page holds no more rows than there are numbers left.
        while after < end {
            let limit = PAGE.min(usize::try_from(last - first + 1).unwrap_or(PAGE));
            let page = STATES.page(self.store(), &hot.tenant, &partition, Some(&after), limit).await?;
            let Some((newest, _)) = page.last() else { break };
            after.clone_from(newest);
            for (row, state) in page.into_iter().take_while(|(row, _)| *row <= end) {
                if let Ok(seq) = u64::from_str_radix(&row, 16) {
                    states.insert(seq, state.value);
                }
            }
        }
        Ok(states)
    }

    /// Removes all that is stored of a deleted channel's messages.
    pub(crate) async fn remove_states(&self, tenant: &TenantId, channel: EntityId) -> Result<(), ChatError> {
        let partition = channel.to_hex();
        STATES.clear(self.store(), tenant, &partition, PAGE).await?;
        REACTIONS.clear(self.store(), tenant, &partition, PAGE).await?;
        super::pins::PINS.clear(self.store(), tenant, &partition, PAGE).await?;
        super::thread::REPLIES.clear(self.store(), tenant, &partition, PAGE).await
    }
}
