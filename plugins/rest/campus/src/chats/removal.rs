//! Removing participants and chats, with everything that hangs on a chat.

use natter_chat::event::telling;
use natter_chat::{ChatError, Removal};
use natter_core::{EntityId, TenantId};

use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::Answer;
use crate::push::Told;

impl Campus {
    /// Takes a participant out of a group chat: an admin anyone, everyone oneself. The chat goes with its last one.
    ///
    /// # Errors
    /// 400, 403, 404; 409 for the last admin while others remain.
    pub(crate) async fn remove_participant(
        &self,
        caller: &Caller,
        id: &str,
        participant: &str,
        socket: Option<&str>,
    ) -> Answer<()> {
        let (overview, _) = self.own_group(caller, id).await?;
        let (tenant, channel) = (caller.tenant(), &overview.channel);
        let member = self.participant(caller, channel, participant).await?;
        let users = self.users_of(tenant, channel.id).await?;
        let removal = self.chat().remove_keeping_admin(tenant, caller.id(), channel.id, &member.user);
        let Removal { member, is_deleted } = telling(removal).await?;
        if is_deleted {
            self.clean_up(tenant, channel.id).await?;
            self.emit_deleted(tenant, channel.id, &users, socket).await;
            return Ok(());
        }
        self.emit_removed(tenant, channel, &member, &users, socket).await?;
        if member.user != caller.id() {
            self.push(tenant, Told::AccessRemoved, channel, caller.name(), vec![member.user]).await;
        }
        Ok(())
    }

    /// Deletes a group chat with its messages, files, picture and event.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn delete(&self, caller: &Caller, id: &str, socket: Option<&str>) -> Answer<()> {
        let (overview, _) = self.ruled_group(caller, id).await?;
        let (tenant, channel) = (caller.tenant(), overview.channel.id);
        let users = self.users_of(tenant, channel).await?;
        telling(self.chat().delete_channel_by_admin(tenant, caller.id(), channel)).await?;
        self.clean_up(tenant, channel).await?;
        self.emit_deleted(tenant, channel, &users, socket).await;
        Ok(())
    }

    /// Removes what is kept here of a chat that is gone. May be done twice.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn clean_up(&self, tenant: &TenantId, chat: EntityId) -> Result<(), ChatError> {
        let hex = chat.to_hex();
        if let Some(community) = self.leave_communities(tenant, chat).await? {
            self.delete_file(tenant, community.photo.as_deref()).await;
        }
        self.remove_files(tenant, chat).await?;
        self.drop_requests(tenant, chat).await?;
        self.graph().remove_events_of(tenant, &hex).await?;
        self.graph().remove_reels_of(tenant, &hex).await
    }

    /// Ids in the domain of all participants of a chat.
    ///
    /// # Errors
    /// The store fails, or the chat is gone.
    pub(crate) async fn users_of(&self, tenant: &TenantId, channel: EntityId) -> Result<Vec<String>, ChatError> {
        let members = self.chat().members_unasked(tenant, channel).await?;
        Ok(members.into_iter().map(|member| member.user).collect())
    }
}
