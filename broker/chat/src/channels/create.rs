//! Making channels: the truth first (the channel's row, its members), then what finds them.

use std::sync::Arc;

use natter_core::{EntityId, TenantId};
use serde::{Deserialize, Serialize};

use super::CHANNELS;
use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::event::{Event, EventBody};
use crate::hot::HotChannel;
use crate::model::{Channel, ChannelOverview, ChannelType, NewChannel, Posting, Role, User};
use crate::rows::Table;
use crate::validate;

/// The channel of a pair of users: partition the pair.
const PAIRS: Table<Claim> = Table::new("chat_pairs");
/// The channel that has a slug: partition the cid.
const SLUGS: Table<Claim> = Table::new("chat_slugs");
/// Bytes of a slug without its suffix.
const SLUG_BYTES_MAX: usize = 80;
/// Suffixes that are tried before one that is random.
const SUFFIXES: u64 = 5;

/// Who has something that only one can have.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Claim {
    channel: EntityId,
}

impl Chat {
    /// Makes a channel with the caller as its owner. The same pair of users has one conversation: then the answer is the
    /// one that exists, and `false`.
    ///
    /// # Errors
    /// A value cannot be taken, or names a user or workspace that is not there.
    pub async fn create_channel(
        &self,
        tenant: &TenantId,
        caller: &str,
        new: NewChannel,
    ) -> Result<(ChannelOverview, bool), ChatError> {
        validate::new_channel(&new)?;
        let mut members = new.members.clone();
        members.retain(|member| member != caller);
        let mut seen = std::collections::HashSet::new();
        members.retain(|member| seen.insert(member.clone()));
        if new.kind == ChannelType::Messaging && members.len() != 1 {
            return Err(ChatError::invalid("memberIds", "a conversation has exactly one other member"));
        }
        let others = self.known_users(tenant, &members, "memberIds").await?;
        let owner = self.known_users(tenant, &[caller.to_owned()], "userId").await?;
        if let Some(workspace) = new.workspace {
            self.require_workspace(tenant, caller, workspace).await?;
        }
        let owner = owner.into_iter().next().ok_or(ChatError::NotFound(Missing::User))?;
        match new.kind {
            ChannelType::Messaging => self.open_conversation(tenant, &owner, &others, &new).await,
            _ => {
                let hot = self.make_channel(tenant, &owner, self.new_id(), &new).await?;
                self.fill_channel(&hot, &owner, &others).await?;
                if let Some(workspace) = new.workspace {
                    self.workspace_channel_added(tenant, workspace).await?;
                }
                Ok((self.overview(&hot, caller).await?, true))
            }
        }
    }

    async fn open_conversation(
        &self,
        tenant: &TenantId,
        owner: &User,
        others: &[User],
        new: &NewChannel,
    ) -> Result<(ChannelOverview, bool), ChatError> {
        let other = others.first().ok_or(ChatError::NotFound(Missing::User))?;
        let pair = pair_key(&owner.id, &other.id);
        let claim = Claim { channel: self.new_id() };
        let known = PAIRS.create(self.store(), tenant, &pair, "", &claim).await?;
        let id = known.map_or(claim.channel, |known| known.value.channel);
        let existing = match self.hot(tenant, id).await {
            Ok(hot) => Some(hot),
            Err(ChatError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        // A crash may have left the claim without a channel, or a channel without members.
        let is_complete = match &existing {
            Some(hot) => self.member(hot, &owner.id).await?.is_some() && self.member(hot, &other.id).await?.is_some(),
            None => false,
        };
        let hot = match existing {
            Some(hot) => hot,
            None => self.make_channel(tenant, owner, id, new).await?,
        };
        if !is_complete {
            self.fill_channel(&hot, owner, others).await?;
        }
        Ok((self.overview(&hot, &owner.id).await?, !is_complete))
    }

    /// The conversation that a pair of users has, or once had.
    pub(crate) async fn conversation_id(
        &self,
        tenant: &TenantId,
        one: &str,
        other: &str,
    ) -> Result<Option<EntityId>, ChatError> {
        let known = PAIRS.get(self.store(), tenant, &pair_key(one, other), "").await?;
        Ok(known.map(|known| known.value.channel))
    }

    async fn make_channel(
        &self,
        tenant: &TenantId,
        owner: &User,
        id: EntityId,
        new: &NewChannel,
    ) -> Result<Arc<HotChannel>, ChatError> {
        let now_ms = self.now_ms();
        let channel = Channel {
            id,
            kind: new.kind,
            slug: self.claim_slug(tenant, new.kind, &new.name, id).await?,
            name: new.name.trim().to_owned(),
            description: new.description.clone(),
            image: new.image.clone(),
            creator: owner.id.clone(),
            workspace: new.workspace,
            member_count: 0,
            created_at: now_ms,
            updated_at: now_ms,
            posting: Posting::default(),
            extra: new.extra.clone(),
            deleted_at: None,
        };
        // A conversation that was deleted begins anew under its id; one that another call has just made stays.
        let write = |known: Option<&Channel>| {
            let is_free = known.is_none_or(|known| known.deleted_at.is_some());
            Ok::<_, ChatError>(is_free.then(|| channel.clone()))
        };
        CHANNELS.update(self.store(), tenant, &id.to_hex(), "", write).await?;
        self.hot(tenant, id).await
    }

    async fn fill_channel(&self, hot: &Arc<HotChannel>, owner: &User, others: &[User]) -> Result<(), ChatError> {
        let is_pair = hot.channel.read().value.kind == ChannelType::Messaging;
        let turn = hot.membership.lock().await;
        self.write_members(hot, std::slice::from_ref(owner), Role::Owner, &turn).await?;
        let role = if is_pair { Role::Owner } else { Role::Member };
        self.write_members(hot, others, role, &turn).await?;
        drop(turn);
        let event = Event::of(hot.id, EventBody::ChannelCreated(Box::new(hot.channel())));
        for user in std::iter::once(owner).chain(others) {
            self.tell_user(&hot.tenant, &user.id, &event);
        }
        self.after_change(hot, &event).await
    }

    /// Finds a slug that no other channel of the type has, and takes it.
    async fn claim_slug(
        &self,
        tenant: &TenantId,
        kind: ChannelType,
        name: &str,
        id: EntityId,
    ) -> Result<String, ChatError> {
        let base = slug(name);
        for suffix in 1..=SUFFIXES + 1 {
            let slug = match suffix {
                _ if base.is_empty() => id.to_hex(),
                1 => base.clone(),
                _ if suffix <= SUFFIXES => format!("{base}-{suffix}"),
                _ => format!("{base}-{}", id.to_hex()),
            };
            let cid = format!("{}:{slug}", kind.as_str());
            let known = SLUGS.create(self.store(), tenant, &cid, "", &Claim { channel: id }).await?;
            if known.is_none_or(|known| known.value.channel == id) {
                return Ok(slug);
            }
        }
        Err(ChatError::Unavailable)
    }

    /// Lets go of what only this channel could have.
    pub(super) async fn release_claims(&self, tenant: &TenantId, channel: &Channel) -> Result<(), ChatError> {
        SLUGS.delete(self.store(), tenant, &channel.cid(), "").await.map(|_| ())
    }
}

/// The partition of a pair, the same from either side. Ids are at most 128 bytes.
fn pair_key(one: &str, other: &str) -> String {
    let (first, second) = if one < other { (one, other) } else { (other, one) };
    format!("{}:{first}:{second}", first.len())
}

/// Letters and digits in lower case, everything else as single hyphens between them.
pub(crate) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        if slug.len() >= SLUG_BYTES_MAX {
            break;
        }
        if character.is_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{pair_key, slug};

    #[test]
    fn a_slug_keeps_letters_and_digits() {
        assert_eq!(slug("  Project Alpha! (2) "), "project-alpha-2");
        assert_eq!(slug("Ünïcode Straße"), "ünïcode-straße");
        assert_eq!(slug("🎉"), "");
    }

    #[test]
    fn a_pair_has_one_key_and_no_other_pair_has_it() {
        assert_eq!(pair_key("a", "b"), pair_key("b", "a"));
        assert_ne!(pair_key("a:b", "c"), pair_key("a", "b:c"));
    }
}
