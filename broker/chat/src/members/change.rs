//! Joining, leaving, roles and a member's own settings.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_core::{EntityId, TenantId};
use tokio::sync::MutexGuard;

use super::{CHANNELS_OF, MEMBERS, MEMBERS_MAX};
use crate::channels::CHANNELS;
use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::event::{Event, EventBody};
use crate::hot::HotChannel;
use crate::model::{ChannelType, Member, Role, User};
use crate::rows::Versioned;

/// Rows that are written side by side, so that the store commits them together.
const WRITES_AT_ONCE: usize = 256;

/// A member's own settings; `None` leaves one.
#[derive(Clone, Copy, Debug, Default)]
pub struct SettingsPatch {
    /// Shown first in lists.
    pub starred: Option<bool>,
    /// Pushes nothing and is left out of totals.
    pub muted: Option<bool>,
}

impl Chat {
    /// Adds users to a channel; those who belong to it already stay as they are. Answers with those who are new.
    ///
    /// # Errors
    /// The caller is neither owner nor admin, a user is unknown, or the channel is a conversation of two.
    pub async fn add_members(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        users: &[String],
    ) -> Result<Vec<Member>, ChatError> {
        let (hot, _) = self.ruled(tenant, caller, channel, Role::Admin).await?;
        let users = self.known_users(tenant, users, "userIds").await?;
        self.admit_members(&hot, &users, Role::Member).await
    }

    /// Joins an open channel. Answers with the membership, and whether it is new.
    ///
    /// # Errors
    /// The channel is not open to all.
    pub async fn join(&self, tenant: &TenantId, caller: &str, channel: EntityId) -> Result<(Member, bool), ChatError> {
        let hot = self.visible(tenant, caller, channel).await?;
        if let Some(member) = self.member(&hot, caller).await? {
            return Ok((member, false));
        }
        let user = self.known_users(tenant, &[caller.to_owned()], "userId").await?;
        let joined = self.admit_members(&hot, &user, Role::Member).await?.pop();
        match joined {
            Some(member) => Ok((member, true)),
            None => Ok((self.membership(tenant, caller, channel).await?, false)),
        }
    }

    /// Takes a user out of a channel: by an owner or admin, or by itself.
    ///
    /// # Errors
    /// The caller may not, the user is no member, or it is the only owner while others remain.
    pub async fn remove_member(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        user: &str,
    ) -> Result<(), ChatError> {
        let (hot, own) = self.own(tenant, caller, channel).await?;
        let gone = self.member(&hot, user).await?.ok_or(ChatError::NotFound(Missing::Member))?;
        if caller != user && (own.role < Role::Admin || gone.role >= own.role && own.role != Role::Owner) {
            return Err(ChatError::Forbidden("your role in this channel does not allow it"));
        }
        self.dismiss_member(&hot, user).await
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// The caller does not own the channel, or would leave it without an owner.
    pub async fn set_role(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        user: &str,
        role: Role,
    ) -> Result<Member, ChatError> {
        let (hot, _) = self.ruled(tenant, caller, channel, Role::Owner).await?;
        let _turn = hot.membership.lock().await;
        if role != Role::Owner && caller == user && self.other_owners_unlocked(&hot, user).await? == 0 {
            return Err(ChatError::Conflict("a channel keeps an owner"));
        }
        self.change_member(&hot, user, |member| (member.role != role).then(|| Member { role, ..member.clone() })).await
    }

    /// Changes a member's own settings.
    ///
    /// # Errors
    /// [`Missing::Channel`] when the caller is no member.
    pub async fn change_settings(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        patch: SettingsPatch,
    ) -> Result<Member, ChatError> {
        let (hot, _) = self.own(tenant, caller, channel).await?;
        let changed = self.change_member(&hot, caller, |member| {
            let starred = patch.starred.unwrap_or(member.starred);
            let muted = patch.muted.unwrap_or(member.muted);
            ((starred, muted) != (member.starred, member.muted)).then(|| Member { starred, muted, ..member.clone() })
        });
        let member = changed.await?;
        self.tell_total(tenant, caller).await?;
        Ok(member)
    }

    /// Makes users members, tells everyone, and answers with those who are new.
    pub(crate) async fn admit_members(
        &self,
        hot: &HotChannel,
        users: &[User],
        role: Role,
    ) -> Result<Vec<Member>, ChatError> {
        if hot.channel.read().value.kind == ChannelType::Messaging {
            return Err(ChatError::Conflict("a conversation has two members"));
        }
        let turn = hot.membership.lock().await;
        let members = self.write_members(hot, users, role, &turn).await?;
        drop(turn);
        let view = hot.channel();
        for user in users.iter().filter(|user| members.iter().any(|member| member.user == user.id)) {
            self.append(hot, Event::of(hot.id, EventBody::MemberJoined { user: user.brief(), role })).await?;
            self.tell_user(
                &hot.tenant,
                &user.id,
                &Event::of(hot.id, EventBody::ChannelCreated(Box::new(view.clone()))),
            );
        }
        Ok(members)
    }

    /// Writes the rows of new members; `_turn` is the channel's lock of membership.
    pub(crate) async fn write_members(
        &self,
        hot: &HotChannel,
        users: &[User],
        role: Role,
        _turn: &MutexGuard<'_, ()>,
    ) -> Result<Vec<Member>, ChatError> {
        let count = hot.channel.read().value.member_count as usize;
        if count + users.len() > MEMBERS_MAX {
            return Err(ChatError::Conflict("the channel has as many members as it may"));
        }
        let written = stream::iter(users).map(|user| self.write_member(hot, user, role));
        let written: Vec<_> = written.buffered(WRITES_AT_ONCE).boxed().try_collect().await?;
        let new: Vec<_> = written.into_iter().flatten().collect();
        for member in &new {
            if let Some(roster) = hot.roster.get() {
                roster.put(member.clone());
            }
            self.forget_channels_of(&hot.tenant, &member.value.user);
        }
        for member in &new {
            self.follow_membership(&hot.tenant, &member.value.user, hot.id).await?;
        }
        self.count_members(hot, new.len() as i64).await?;
        Ok(new.into_iter().map(|member| member.value).collect())
    }

    async fn write_member(
        &self,
        hot: &HotChannel,
        user: &User,
        role: Role,
    ) -> Result<Option<Versioned<Member>>, ChatError> {
        let (seq, own_at_read) = hot.with_fold(|fold| (fold.seq, fold.sent_by(&user.id)));
        let member = Member {
            user: user.id.clone(),
            id: self.new_id(),
            role,
            joined_at: self.now_ms(),
            last_read_seq: seq,
            last_read_id: None,
            last_read_at: None,
            own_at_read,
            starred: false,
            muted: false,
        };
        let partition = hot.id.to_hex();
        let mut is_new = false;
        let written = MEMBERS
            .update(self.store(), &hot.tenant, &partition, &user.id, |known| {
                is_new = known.is_none();
                Ok::<_, ChatError>(is_new.then(|| member.clone()))
            })
            .await?;
        CHANNELS_OF.set(self.store(), &hot.tenant, &user.id, &partition, &()).await?;
        Ok(written.filter(|_| is_new))
    }

    /// Takes a member out, whoever wants it.
    pub(crate) async fn dismiss_member(&self, hot: &HotChannel, user: &str) -> Result<(), ChatError> {
        let turn = hot.membership.lock().await;
        let is_last = hot.channel.read().value.member_count <= 1;
        let is_owner = self.member(hot, user).await?.is_some_and(|member| member.role == Role::Owner);
        if is_owner && !is_last && self.other_owners_unlocked(hot, user).await? == 0 {
            return Err(ChatError::Conflict("the last owner cannot leave while others remain"));
        }
        self.erase_member(hot, user, &turn).await?;
        drop(turn);
        let brief = self.brief(&hot.tenant, user).await?;
        self.append(hot, Event::of(hot.id, EventBody::MemberLeft { user: brief })).await?;
        self.0.broker.unsubscribe(&hot.tenant, user, hot.key.name());
        self.unfollow_membership(&hot.tenant, user, hot.id).await;
        self.tell_total(&hot.tenant, user).await
    }

    /// Removes the rows of a member; `_turn` is the channel's lock of membership.
    pub(crate) async fn erase_member(
        &self,
        hot: &HotChannel,
        user: &str,
        _turn: &MutexGuard<'_, ()>,
    ) -> Result<(), ChatError> {
        let was_member = self.erase_rows(hot, user).await?;
        if was_member { self.count_members(hot, -1).await } else { Ok(()) }
    }

    /// Removes the rows of all members of a channel that is being deleted, which nobody counts any more.
    pub(crate) async fn erase_members(&self, hot: &HotChannel, users: &[String]) -> Result<(), ChatError> {
        let _turn = hot.membership.lock().await;
        let erased = stream::iter(users).map(|user| self.erase_rows(hot, user));
        erased.buffer_unordered(WRITES_AT_ONCE).boxed().try_for_each(|_| async { Ok(()) }).await?;
        for user in users {
            self.0.broker.unsubscribe(&hot.tenant, user, hot.key.name());
            self.unfollow_membership(&hot.tenant, user, hot.id).await;
        }
        Ok(())
    }

    /// Removes a member's row and its index. Says whether there was one.
    async fn erase_rows(&self, hot: &HotChannel, user: &str) -> Result<bool, ChatError> {
        let partition = hot.id.to_hex();
        let was_member = MEMBERS.delete(self.store(), &hot.tenant, &partition, user).await?.is_some();
        if let Some(roster) = hot.roster.get() {
            roster.remove(user);
        }
        CHANNELS_OF.remove(self.store(), &hot.tenant, user, &partition).await?;
        self.forget_channels_of(&hot.tenant, user);
        Ok(was_member)
    }

    async fn other_owners_unlocked(&self, hot: &HotChannel, user: &str) -> Result<usize, ChatError> {
        let rows = MEMBERS.all(self.store(), &hot.tenant, &hot.id.to_hex(), MEMBERS_MAX).await?;
        Ok(rows.iter().filter(|(name, member)| name != user && member.value.role == Role::Owner).count())
    }

    async fn count_members(&self, hot: &HotChannel, more: i64) -> Result<(), ChatError> {
        if more == 0 {
            return Ok(());
        }
        self.change_channel(hot, |channel| channel.member_count = channel.member_count.saturating_add_signed(more))
            .await
    }

    /// Changes the channel's row.
    pub(crate) async fn change_channel(
        &self,
        hot: &HotChannel,
        change: impl Fn(&mut crate::model::Channel),
    ) -> Result<(), ChatError> {
        let changed = CHANNELS
            .update(self.store(), &hot.tenant, &hot.id.to_hex(), "", |channel| {
                let mut channel = channel.cloned().ok_or(ChatError::NotFound(Missing::Channel))?;
                change(&mut channel);
                Ok::<_, ChatError>(Some(channel))
            })
            .await?;
        if let Some(changed) = changed {
            let mut known = hot.channel.write();
            if known.version < changed.version {
                *known = changed;
            }
        }
        Ok(())
    }

    pub(crate) fn forget_channels_of(&self, tenant: &TenantId, user: &str) {
        self.0.channels_of_changes.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.0.channels_of.invalidate(&(tenant.clone(), user.to_owned()));
    }
}
