//! Channels whose admins are equals: each of them may name others, take that back and delete the channel, and one always
//! remains. The domain's owner is one of them; when the last owner goes, another admin owns the channel.

use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::hot::HotChannel;
use crate::model::{Member, Role};

const NOT_ALLOWED: ChatError = ChatError::Forbidden("your role in this channel does not allow it");

/// Where a removal has led.
#[derive(Clone, Debug, PartialEq)]
pub struct Removal {
    /// Who is gone.
    pub member: Member,
    /// Whether the channel went with its last member.
    pub is_deleted: bool,
}

impl Chat {
    /// Makes users members, whoever wants it; those who belong to the channel stay as they are. Answers with those who
    /// are new.
    ///
    /// # Errors
    /// A user is unknown, or the channel is a conversation of two.
    pub async fn admit_unasked(
        &self,
        tenant: &TenantId,
        channel: EntityId,
        users: &[String],
    ) -> Result<Vec<Member>, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        let users = self.known_users(tenant, users, "userIds").await?;
        self.admit_members(&hot, &users, Role::Member).await
    }

    /// Makes a member an admin, or takes that away. Answers with the member, and whether that has changed anything.
    ///
    /// # Errors
    /// The caller is no admin, the user is no member, or it would leave the channel without an admin.
    pub async fn set_admin(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        user: &str,
        is_admin: bool,
    ) -> Result<(Member, bool), ChatError> {
        let hot = self.hot(tenant, channel).await?;
        let roster = self.roster(&hot).await?;
        let _turn = hot.membership.lock().await;
        let own = roster.get(caller).ok_or(ChatError::NotFound(Missing::Channel))?;
        if own.role < Role::Admin {
            return Err(NOT_ALLOWED);
        }
        let member = roster.get(user).ok_or(ChatError::NotFound(Missing::Member))?;
        if (member.role >= Role::Admin) == is_admin {
            return Ok((member, false));
        }
        if !is_admin {
            self.keep_owner_without(&hot, &member, &roster.all()).await?;
        }
        let role = if is_admin { Role::Admin } else { Role::Member };
        Ok((self.give_role(&hot, user, role).await?, true))
    }

    /// Takes a user out of a channel: by an admin, or by itself. The channel goes with its last member.
    ///
    /// # Errors
    /// The caller may not, the user is no member, or it is the only admin while others remain.
    pub async fn remove_keeping_admin(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        user: &str,
    ) -> Result<Removal, ChatError> {
        let hot = self.hot(tenant, channel).await?;
        let roster = self.roster(&hot).await?;
        let turn = hot.membership.lock().await;
        let own = roster.get(caller).ok_or(ChatError::NotFound(Missing::Channel))?;
        let member = roster.get(user).ok_or(ChatError::NotFound(Missing::Member))?;
        if caller != user && own.role < Role::Admin {
            return Err(NOT_ALLOWED);
        }
        let members = roster.all();
        if members.len() == 1 {
            drop(turn);
            self.delete_unasked(&hot).await?;
            return Ok(Removal { member, is_deleted: true });
        }
        self.keep_owner_without(&hot, &member, &members).await?;
        drop(turn);
        // If the heir has gone meanwhile, the last owner stays.
        self.dismiss_member(&hot, user).await?;
        Ok(Removal { member, is_deleted: false })
    }

    /// Deletes a channel with everything in it.
    ///
    /// # Errors
    /// The caller is no admin of it.
    pub async fn delete_channel_by_admin(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
    ) -> Result<(), ChatError> {
        let (hot, _) = self.ruled(tenant, caller, channel, Role::Admin).await?;
        self.delete_unasked(&hot).await
    }

    /// Makes another admin the owner if this member is the only one; the channel's lock of membership is held.
    async fn keep_owner_without(&self, hot: &HotChannel, member: &Member, all: &[Member]) -> Result<(), ChatError> {
        if member.role < Role::Admin {
            return Ok(());
        }
        let admins = all.iter().filter(|other| other.user != member.user && other.role >= Role::Admin);
        let heir = admins.min_by_key(|other| (std::cmp::Reverse(other.role), other.joined_at, other.id));
        let heir = heir.ok_or(ChatError::Conflict("a channel keeps an admin"))?;
        if member.role == Role::Owner && heir.role != Role::Owner {
            self.give_role(hot, &heir.user, Role::Owner).await?;
        }
        Ok(())
    }

    async fn give_role(&self, hot: &HotChannel, user: &str, role: Role) -> Result<Member, ChatError> {
        self.change_member(hot, user, |member| Some(Member { role, ..member.clone() })).await
    }
}
