//! Telling of sides that have come or gone: the sockets of those it has rooms with, and the partner's server.

use futures_util::stream::{self, StreamExt};
use natter_core::TenantId;
use natter_node::realtime::Args;

use super::Live;
use super::presence::{online_room, registered_room};
use super::sides::Turn;
use crate::errors::ApiError;
use crate::events::Status;
use crate::side::SideId;

/// Counterparts that are told side by side.
const TOLD_AT_ONCE: usize = 64;

impl Live {
    /// Tells of a side. Nobody waits for it but those whose turn it is next.
    pub(super) fn tell_status(&self, tenant: &TenantId, side: &SideId, is_online: bool, turn: Turn) {
        let (live, tenant, side) = (self.clone(), tenant.clone(), side.clone());
        let status = Status::new(side.clone(), is_online, self.0.open_chat.now_ms());
        tokio::spawn(async move {
            if let Err(error) = live.tell_counterparts(&tenant, &side, &status).await {
                let error = error.failure().message;
                tracing::warn!(%tenant, error, "counterparts are not told of a side's status");
            }
            if let Err(error) = live.tell_partner(&tenant, &status).await {
                let error = error.failure().message;
                tracing::warn!(%tenant, error, "a partner is not told of a side's status");
            }
            drop(turn);
            live.tidy(&tenant, &side);
        });
    }

    async fn tell_partner(&self, tenant: &TenantId, status: &Status) -> Result<(), ApiError> {
        match self.0.open_chat.accounts().of_tenant(tenant.as_str()).await? {
            Some(account) => self.0.open_chat.status_changed(&account, tenant, status).await,
            None => Ok(()),
        }
    }

    /// Only those who are there are looked for, however many rooms the side has.
    async fn tell_counterparts(&self, tenant: &TenantId, side: &SideId, status: &Status) -> Result<(), ApiError> {
        let Some(partner) = self.0.sockets.partners().get(tenant) else { return Ok(()) };
        let by = side.by.other();
        let present = partner.present(by);
        let members = present.iter().map(|id| by.member(id)).collect();
        let chat = self.0.open_chat.chat();
        let told = chat.conversation_partners_among(tenant, &side.by.member(&side.id), members).await?;
        let told: std::collections::HashSet<String> = told.into_iter().collect();
        let (event, args) = (status.event_name(), Args::one(status));
        let counterparts = present.into_iter().filter(|id| told.contains(&by.member(id)));
        stream::iter(counterparts)
            .for_each_concurrent(TOLD_AT_ONCE, |id| {
                let counterpart = SideId { by, id };
                let sockets = self.0.sockets.room(tenant, &registered_room(&counterpart));
                let sockets = sockets.to(&online_room(&counterpart));
                let (event, args) = (&event, &args);
                async move {
                    if let Err(error) = sockets.emit(event, args).await {
                        tracing::warn!(%tenant, %error, "a side is not told of its counterpart's status");
                    }
                }
            })
            .await;
        Ok(())
    }
}
