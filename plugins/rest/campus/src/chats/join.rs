//! Becoming a participant: by oneself, or by an admin's will.

use natter_chat::event::telling;
use natter_chat::{Channel, Member};
use natter_core::TenantId;

use super::create::check_number;
use super::extra::{ChatExtra, is_group};
use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, Problem};
use crate::push::Told;
use crate::shapes::participant::{CampusNewParticipants, CampusParticipant};

/// The answer to who wants to join a restricted chat.
const RESTRICTED: Problem =
    Problem::Refused(axum::http::StatusCode::FORBIDDEN, "This chat is restricted; an admin has to accept your request");
const JOINED_ALREADY: &str = "Already a participant of this chat";

impl Campus {
    /// Joins a group chat.
    ///
    /// # Errors
    /// 409 for a participant; 403 for a restricted chat, whose admins are asked then.
    pub(crate) async fn join(&self, caller: &Caller, id: &str, socket: Option<&str>) -> Answer<CampusParticipant> {
        let overview = self.found(caller, id).await?;
        if !is_group(&overview.channel) {
            return Err(Problem::NOT_GROUP);
        }
        if overview.membership.is_some() {
            return Err(Problem::conflict(JOINED_ALREADY));
        }
        if ChatExtra::of(&overview.channel).restricted {
            self.ask_to_join(caller, &overview.channel).await?;
            return Err(RESTRICTED);
        }
        let member = self.admit_one(caller.tenant(), &overview.channel, caller.id()).await?;
        // A request of the time when the chat was restricted has been overtaken.
        self.drop_request_of(caller.tenant(), overview.channel.id, &caller.hex()).await?;
        self.emit_joined(caller.tenant(), &overview.channel, &member, socket).await?;
        self.score_join(caller.tenant(), &member.user, &overview.channel).await?;
        self.participant_view(caller.tenant(), &overview.channel, &member).await
    }

    /// Makes one user a participant of a group chat.
    ///
    /// # Errors
    /// 409 for a participant.
    pub(crate) async fn admit_one(&self, tenant: &TenantId, channel: &Channel, user: &str) -> Answer<Member> {
        let users = [user.to_owned()];
        let admitted = telling(self.chat().admit_unasked(tenant, channel.id, &users)).await?;
        admitted.into_iter().next().ok_or(Problem::conflict(JOINED_ALREADY))
    }

    /// Makes users participants; those who are already are passed over.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn add_many(
        &self,
        caller: &Caller,
        id: &str,
        new: CampusNewParticipants,
    ) -> Answer<Vec<CampusParticipant>> {
        let (overview, _) = self.ruled_group(caller, id).await?;
        check_number(&new.participants)?;
        let (tenant, channel) = (caller.tenant(), &overview.channel);
        let users = self.user_ids(tenant, &new.participants).await?;
        self.check_invited(caller, &new.participants).await?;
        let members = telling(self.chat().admit_unasked(tenant, channel.id, &users)).await?;
        let socket = new.socket.as_ref().map(|socket| socket.0.as_str());
        let mut views = Vec::with_capacity(members.len());
        for member in &members {
            let user = self.person(tenant, &member.user).await?.id.to_hex();
            self.drop_request_of(tenant, channel.id, &user).await?;
            self.emit_joined(tenant, channel, member, socket).await?;
            views.push(self.participant_view(tenant, channel, member).await?);
        }
        let added = members.into_iter().map(|member| member.user).collect();
        self.push(tenant, Told::Joined, channel, caller.name(), added).await;
        Ok(views)
    }

    /// Counts a joining for the user's score, once for each chat.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn score_join(&self, tenant: &TenantId, user: &str, channel: &Channel) -> Answer<()> {
        let hex = self.person(tenant, user).await?.id.to_hex();
        if let Some(score) = self.graph().count_join(tenant, &hex, &channel.id.to_hex()).await? {
            self.emit_score(tenant, user, score).await;
        }
        Ok(())
    }
}
