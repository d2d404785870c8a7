//! A chat that a call names, and what the caller is in it.

use natter_chat::{Channel, ChannelOverview, ChatError, Member};
use natter_core::EntityId;

use super::extra::{is_admin, is_chat, is_group};
use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, Problem};
use crate::shapes::value::CampusId;

impl Campus {
    /// A chat by its id, whoever may see it.
    ///
    /// # Errors
    /// 400 for what is no id, 404 when there is no such chat.
    pub(crate) async fn found(&self, caller: &Caller, id: &str) -> Answer<ChannelOverview> {
        let id = CampusId::read("id", id)?;
        let overview = self.chat().channel_from_outside(caller.tenant(), caller.id(), id).await?;
        if is_chat(&overview.channel) { Ok(overview) } else { Err(Problem::NO_CHAT) }
    }

    /// A chat that the caller is a participant of.
    ///
    /// # Errors
    /// As [`Campus::found`], and 403.
    pub(crate) async fn own(&self, caller: &Caller, id: &str) -> Answer<(ChannelOverview, Member)> {
        let overview = self.found(caller, id).await?;
        let member = overview.membership.clone().ok_or(Problem::NOT_PARTICIPANT)?;
        Ok((overview, member))
    }

    /// A group chat that the caller is a participant of.
    ///
    /// # Errors
    /// As [`Campus::own`], and 400 for a chat of two.
    pub(crate) async fn own_group(&self, caller: &Caller, id: &str) -> Answer<(ChannelOverview, Member)> {
        let (overview, member) = self.own(caller, id).await?;
        if is_group(&overview.channel) { Ok((overview, member)) } else { Err(Problem::NOT_GROUP) }
    }

    /// A group chat that the caller is an admin of.
    ///
    /// # Errors
    /// As [`Campus::own_group`], and 403.
    pub(crate) async fn ruled_group(&self, caller: &Caller, id: &str) -> Answer<(ChannelOverview, Member)> {
        let (overview, member) = self.own_group(caller, id).await?;
        match is_admin(&overview.channel, &member) {
            true => Ok((overview, member)),
            false => Err(Problem::NOT_ADMIN),
        }
    }

    /// A participant by its own id or its user's.
    ///
    /// # Errors
    /// 400 for what is no id, 404.
    pub(crate) async fn participant(&self, caller: &Caller, channel: &Channel, id: &str) -> Answer<Member> {
        let id = CampusId::read("participantId", id)?;
        self.participant_of(caller, channel.id, id).await?.ok_or(Problem::NO_PARTICIPANT)
    }

    async fn participant_of(&self, caller: &Caller, channel: EntityId, id: EntityId) -> Answer<Option<Member>> {
        match self.chat().member_by_id(caller.tenant(), channel, id).await {
            Ok(member) => return Ok(Some(member)),
            Err(ChatError::NotFound(natter_chat::Missing::Member)) => {}
            Err(error) => return Err(error.into()),
        }
        let Some(user) = self.chat().user_by_entity(caller.tenant(), id).await? else { return Ok(None) };
        let overview = self.chat().channel_from_outside(caller.tenant(), &user.id, channel).await?;
        Ok(overview.membership)
    }
}
