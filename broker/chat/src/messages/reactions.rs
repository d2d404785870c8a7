//! Reactions: each user once per emoji.

use std::sync::Arc;

use natter_core::{EntityId, TenantId};

use super::state::{NAMED_MAX, REACTIONS, Reacted, State, reaction_row};
use crate::chat::Chat;
use crate::error::ChatError;
use crate::event::{Event, EventBody, ReactionChange};
use crate::hot::HotChannel;
use crate::model::{Message, Reaction};
use crate::validate;

/// Different emojis under one message.
const EMOJIS_MAX: usize = 100;

impl Chat {
    /// Adds the caller's reaction to a message. Answers with all reactions, and whether it is new.
    ///
    /// # Errors
    /// The caller is no member, there is no such message, or it is no emoji.
    pub async fn react(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        message: EntityId,
        emoji: &str,
    ) -> Result<(Vec<Reaction>, bool), ChatError> {
        self.change_reaction(tenant, caller, channel, message, emoji, true).await
    }

    /// Takes the caller's reaction back. Answers with all reactions, and whether there was one.
    ///
    /// # Errors
    /// As [`Chat::react`].
    pub async fn unreact(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        message: EntityId,
        emoji: &str,
    ) -> Result<(Vec<Reaction>, bool), ChatError> {
        self.change_reaction(tenant, caller, channel, message, emoji, false).await
    }

    async fn change_reaction(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        message: EntityId,
        emoji: &str,
        adds: bool,
    ) -> Result<(Vec<Reaction>, bool), ChatError> {
        validate::emoji(emoji)?;
        let (hot, _) = self.own(tenant, caller, channel).await?;
        let seq = self.find(&hot, message).await?.message.seq;
        let _turn = hot.lock_message(seq).await?;
        let found = self.find(&hot, message).await?;
        let had = self.has_reacted(&hot, seq, &found.state, emoji, caller).await?;
        if had == adds {
            let reactions = self.finish(&hot, found, Some(caller)).await?.reactions;
            return Ok((reactions, false));
        }
        let mut state = found.state;
        state.react(emoji, caller, adds)?;
        let reactions = self.append_reaction(&hot, found.message, state, (emoji, caller), adds).await?;
        Ok((reactions, true))
    }

    async fn append_reaction(
        &self,
        hot: &Arc<HotChannel>,
        message: Message,
        state: State,
        (emoji, user): (&str, &str),
        adds: bool,
    ) -> Result<Vec<Reaction>, ChatError> {
        let (id, seq) = (message.id, message.seq);
        let marks = self.own_reactions_but(hot, &message, &state, user, emoji, adds).await?;
        let users = self.names_of(&hot.tenant, &[super::Found { message, state: state.clone() }]).await?;
        let shown = state.shown_reactions(&users, &[]);
        let change =
            ReactionChange { message: id, seq, emoji: emoji.to_owned(), user: user.to_owned(), reactions: shown };
        let body = if adds { EventBody::ReactionAdded(change) } else { EventBody::ReactionRemoved(change) };
        let published = self.append(hot, Event::of(hot.id, body)).await?;
        hot.projected_to(published.offset).await?;
        Ok(state.shown_reactions(&users, &marks))
    }

    /// The caller's own emojis under a message, when one of them is just changing.
    async fn own_reactions_but(
        &self,
        hot: &HotChannel,
        message: &Message,
        state: &State,
        caller: &str,
        emoji: &str,
        adds: bool,
    ) -> Result<Vec<String>, ChatError> {
        let mut marks = self.own_reactions(hot, message, state, caller).await?;
        marks.retain(|mark| mark != emoji);
        if adds {
            marks.push(emoji.to_owned());
        }
        Ok(marks)
    }

    /// The emojis that the caller has put under a message.
    pub(crate) async fn own_reactions(
        &self,
        hot: &HotChannel,
        message: &Message,
        state: &State,
        caller: &str,
    ) -> Result<Vec<String>, ChatError> {
        let mut own = Vec::new();
        for reacted in &state.reactions {
            if self.has_reacted(hot, message.seq, state, &reacted.emoji, caller).await? {
                own.push(reacted.emoji.clone());
            }
        }
        Ok(own)
    }

    async fn has_reacted(
        &self,
        hot: &HotChannel,
        seq: u64,
        state: &State,
        emoji: &str,
        user: &str,
    ) -> Result<bool, ChatError> {
        let Some(reacted) = state.reactions.iter().find(|reacted| reacted.emoji == emoji) else { return Ok(false) };
        if reacted.users.iter().any(|known| known == user) {
            return Ok(true);
        }
        if reacted.count <= reacted.users.len() as u64 {
            return Ok(false);
        }
        let row = reaction_row(seq, emoji, user);
        Ok(REACTIONS.get(self.store(), &hot.tenant, &hot.id.to_hex(), &row).await?.is_some())
    }

    /// Brings the rows of a reaction up to date with its event.
    pub(crate) async fn project_reaction(
        &self,
        hot: &HotChannel,
        change: &ReactionChange,
        adds: bool,
    ) -> Result<(), ChatError> {
        let row = reaction_row(change.seq, &change.emoji, &change.user);
        let partition = hot.id.to_hex();
        match adds {
            true => REACTIONS.set(self.store(), &hot.tenant, &partition, &row, &()).await,
            false => REACTIONS.remove(self.store(), &hot.tenant, &partition, &row).await,
        }
    }
}

impl State {
    /// Counts a reaction in or out.
    fn react(&mut self, emoji: &str, user: &str, adds: bool) -> Result<(), ChatError> {
        if let Some(reacted) = self.reactions.iter_mut().find(|reacted| reacted.emoji == emoji) {
            reacted.users.retain(|known| known != user);
            reacted.count = if adds { reacted.count + 1 } else { reacted.count.saturating_sub(1) };
            if adds && reacted.users.len() < NAMED_MAX {
                reacted.users.push(user.to_owned());
            }
        } else if adds && self.reactions.len() < EMOJIS_MAX {
            self.reactions.push(Reacted { emoji: emoji.to_owned(), count: 1, users: vec![user.to_owned()] });
        } else if adds {
            return Err(ChatError::invalid("emoji", format!("at most {EMOJIS_MAX} different ones under a message")));
        }
        self.reactions.retain(|reacted| reacted.count > 0);
        Ok(())
    }

    /// Takes over what an event says of all reactions.
    pub(crate) fn reacted(&mut self, reactions: &[Reaction]) {
        let reacted = reactions.iter().map(|reaction| Reacted {
            emoji: reaction.emoji.clone(),
            count: reaction.count,
            users: reaction.users.iter().map(|user| user.id.clone()).collect(),
        });
        self.reactions = reacted.collect();
    }
}
