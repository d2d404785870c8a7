//! Admin access of participants.

use natter_chat::event::telling;

use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, Problem};
use crate::push::Told;
use crate::shapes::participant::CampusParticipant;

impl Campus {
    /// Makes a participant an admin.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn grant_admin(&self, caller: &Caller, id: &str, participant: &str) -> Answer<CampusParticipant> {
        self.set_admin(caller, id, participant, true).await
    }

    /// Takes admin access from a participant; nobody takes their own.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn remove_admin(&self, caller: &Caller, id: &str, participant: &str) -> Answer<()> {
        self.set_admin(caller, id, participant, false).await.map(|_| ())
    }

    async fn set_admin(
        &self,
        caller: &Caller,
        id: &str,
        participant: &str,
        is_admin: bool,
    ) -> Answer<CampusParticipant> {
        let (overview, _) = self.ruled_group(caller, id).await?;
        let (tenant, channel) = (caller.tenant(), &overview.channel);
        let member = self.participant(caller, channel, participant).await?;
        if !is_admin && member.user == caller.id() {
            return Err(Problem::forbidden("You cannot remove your own admin access"));
        }
        let change = self.chat().set_admin(tenant, caller.id(), channel.id, &member.user, is_admin);
        let (member, is_changed) = telling(change).await?;
        let view = self.participant_view(tenant, channel, &member).await?;
        if is_changed {
            self.emit_admin(tenant, channel, &member.user, &view, is_admin).await;
            let told = if is_admin { Told::AdminGranted } else { Told::AdminRemoved };
            self.push(tenant, told, channel, caller.name(), vec![member.user]).await;
        }
        Ok(view)
    }
}
