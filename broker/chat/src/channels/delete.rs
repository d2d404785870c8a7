//! Deleting channels, and a user's leaving everything.

use std::sync::Arc;

use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::event::{Event, EventBody};
use crate::hot::{HotChannel, summary};
use crate::model::{Channel, Role};
use crate::names::options;

impl Chat {
    /// Deletes a channel with everything in it.
    ///
    /// # Errors
    /// The caller does not own it.
    pub async fn delete_channel(&self, tenant: &TenantId, caller: &str, channel: EntityId) -> Result<(), ChatError> {
        let (hot, _) = self.ruled(tenant, caller, channel, Role::Owner).await?;
        self.delete_unasked(&hot).await
    }

    /// Deletes a channel, whoever wants it. The mark on its row comes first: from then on nobody sees it, and what a crash
    /// leaves behind is garbage that nothing leads to.
    pub(crate) async fn delete_unasked(&self, hot: &Arc<HotChannel>) -> Result<(), ChatError> {
        let now_ms = self.now_ms();
        let roster = self.roster(hot).await?;
        let members = roster.users(|_| true);
        self.change_channel(hot, |channel| channel.deleted_at = Some(now_ms)).await?;
        let event = Event::of(hot.id, EventBody::ChannelDeleted);
        self.announce(hot, &event);
        self.tell_members(hot, &event).await?;
        self.after_change(hot, &event).await?;
        self.erase_members(hot, &members).await?;
        let channel = hot.channel();
        self.0.hot.forget(&hot.tenant, hot.id);
        self.0.broker.delete_log(hot.key.clone(), options(hot.key.name())).await?;
        self.clear_channel(&hot.tenant, &channel).await?;
        for user in &members {
            self.tell_total(&hot.tenant, user).await?;
        }
        Ok(())
    }

    async fn clear_channel(&self, tenant: &TenantId, channel: &Channel) -> Result<(), ChatError> {
        summary::remove(self.store(), tenant, channel.id).await?;
        self.remove_states(tenant, channel.id).await?;
        self.release_claims(tenant, channel).await?;
        match channel.workspace {
            Some(workspace) => self.workspace_channel_removed(tenant, workspace).await,
            None => Ok(()),
        }
    }

    /// Takes a user out of all channels. One whose only owner leaves gets the member who has been there longest; one that
    /// is left without members stays for those who may read it.
    pub(crate) async fn leave_everything(&self, tenant: &TenantId, user: &str) -> Result<(), ChatError> {
        for channel in self.channels_of(tenant, user).await?.iter() {
            let hot = match self.hot(tenant, *channel).await {
                Ok(hot) => hot,
                Err(ChatError::NotFound(_)) => continue,
                Err(error) => return Err(error),
            };
            self.hand_over(&hot, user).await?;
            match self.dismiss_member(&hot, user).await {
                Ok(()) | Err(ChatError::NotFound(Missing::Member)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes somebody else an owner, if this user is the only one.
    async fn hand_over(&self, hot: &HotChannel, user: &str) -> Result<(), ChatError> {
        let members = self.roster(hot).await?.all();
        let is_needed = !members.iter().any(|member| member.user != user && member.role == Role::Owner);
        let heir = members
            .iter()
            .filter(|member| member.user != user)
            .min_by_key(|member| (std::cmp::Reverse(member.role), member.joined_at, member.id));
        if let Some(heir) = heir.filter(|_| is_needed) {
            let promote =
                |member: &crate::model::Member| Some(crate::model::Member { role: Role::Owner, ..member.clone() });
            self.change_member(hot, &heir.user, promote).await?;
        }
        Ok(())
    }
}
