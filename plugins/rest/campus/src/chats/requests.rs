//! Requests to join a restricted group chat: one per user and chat, until somebody answers.

use axum::http::StatusCode;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::rows::Table;
use natter_chat::{Channel, ChatError};
use natter_core::{EntityId, TenantId};
use serde::{Deserialize, Serialize};

use super::AT_ONCE;
use crate::admission::Caller;
use crate::campus::Campus;
use crate::errors::{Answer, Problem};
use crate::shapes::participant::{CampusAnswer, CampusParticipant, CampusStatusBody};
use crate::shapes::request::{CampusRequest, CampusRequestStatus, CampusRequests, CampusRequestsQuery};
use crate::shapes::user::CampusUserRef;
use crate::shapes::value::{CampusId, CampusTime};

/// Pending requests: partition the chat, row the user by its digits.
const REQUESTS: Table<Pending> = Table::new("campus_requests");
/// Pending requests of one chat.
const REQUESTS_MAX: usize = 10_000;

/// A request that nobody has answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    id: EntityId,
    /// The user by its digits.
    user: EntityId,
    /// Unix milliseconds.
    created_at: i64,
}

impl Pending {
    fn view(&self, chat: EntityId, user: CampusUserRef) -> CampusRequest {
        CampusRequest {
            id: CampusId(self.id),
            user,
            chat: CampusId(chat),
            status: CampusRequestStatus::Pending,
            created_at: CampusTime(self.created_at),
        }
    }
}

impl Campus {
    /// Leaves a request of the caller with the admins of a chat. Asking again changes nothing.
    ///
    /// # Errors
    /// 409 when too many wait.
    pub(crate) async fn ask_to_join(&self, caller: &Caller, channel: &Channel) -> Answer<()> {
        let (tenant, chat) = (caller.tenant(), channel.id.to_hex());
        if REQUESTS.get(self.store(), tenant, &chat, &caller.hex()).await?.is_some() {
            return Ok(());
        }
        if self.pending(tenant, channel.id).await?.len() >= REQUESTS_MAX {
            return Err(Problem::conflict("Too many requests wait for an answer"));
        }
        let now_ms = self.now_ms();
        let user = self.person(tenant, caller.id()).await?;
        let request =
            Pending { id: EntityId::new(now_ms.unsigned_abs(), rand::random()), user: user.id.0, created_at: now_ms };
        if REQUESTS.create(self.store(), tenant, &chat, &caller.hex(), &request).await?.is_none() {
            let view = request.view(channel.id, CampusUserRef::User(user));
            self.emit_request(tenant, channel, view).await?;
        }
        Ok(())
    }

    /// The caller's own request for a chat, with the user's id alone.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn own_request(&self, caller: &Caller, chat: EntityId) -> Answer<Option<CampusRequest>> {
        let found = REQUESTS.get(self.store(), caller.tenant(), &chat.to_hex(), &caller.hex()).await?;
        Ok(found.map(|found| found.value.view(chat, CampusUserRef::Id(CampusId(found.value.user)))))
    }

    /// Pending requests of a chat, for its admins.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn requests(
        &self,
        caller: &Caller,
        id: &str,
        query: CampusRequestsQuery,
    ) -> Answer<CampusRequests> {
        let (overview, _) = self.ruled_group(caller, id).await?;
        let (tenant, chat) = (caller.tenant(), overview.channel.id);
        let mut all = self.pending(tenant, chat).await?;
        all.sort_by_key(|request| (request.created_at, request.id));
        let count = all.len();
        let page = all.into_iter().skip(query.page.offset(query.limit.get())).take(query.limit.get());
        let views = stream::iter(page).map(|request| async move {
            let user = self.requester(tenant, request.user).await?;
            let person = self.person(tenant, &user).await?;
            Ok::<_, Problem>(request.view(chat, CampusUserRef::User(person)))
        });
        Ok(CampusRequests { requests: views.buffered(AT_ONCE).boxed().try_collect().await?, count })
    }

    /// Answers a request by its id; for admins of any group chat.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn answer_request(
        &self,
        caller: &Caller,
        id: &str,
        request: &str,
        body: &CampusStatusBody,
    ) -> Answer<CampusParticipant> {
        let (overview, _) = self.ruled_group(caller, id).await?;
        let request = CampusId::read("requestId", request)?;
        let pending = self.pending_by_id(caller.tenant(), overview.channel.id, request).await?;
        self.answer(caller, &overview.channel, pending.ok_or(Problem::NO_REQUEST)?, body).await
    }

    /// Answers the request of a participant-to-be; for admins of a chat that belongs to an event.
    ///
    /// # Errors
    /// 400, 403, 404; 409 for a chat without an event, and for accepting when it is not active.
    pub(crate) async fn set_status(
        &self,
        caller: &Caller,
        id: &str,
        participant: &str,
        body: &CampusStatusBody,
    ) -> Answer<CampusParticipant> {
        let (overview, _) = self.ruled_group(caller, id).await?;
        let (tenant, chat) = (caller.tenant(), overview.channel.id);
        let participant = CampusId::read("participantId", participant)?;
        let event = self.graph().event_of(tenant, &chat.to_hex()).await?;
        let (_, event) = event.ok_or(Problem::conflict("The chat has no event"))?;
        let by_user = REQUESTS.get(self.store(), tenant, &chat.to_hex(), &participant.to_hex()).await?;
        let pending = match by_user {
            Some(found) => Some(found.value),
            None => self.pending_by_id(tenant, chat, participant).await?,
        };
        let pending = pending.ok_or(Problem::NO_PARTICIPANT)?;
        if body.status == CampusAnswer::Accepted && !event.active {
            return Err(Problem::conflict("The event is not active"));
        }
        self.answer(caller, &overview.channel, pending, body).await
    }

    /// Takes the caller's own request back.
    ///
    /// # Errors
    /// 400, 404; 403 for somebody else's.
    pub(crate) async fn withdraw_request(&self, caller: &Caller, id: &str, request: &str) -> Answer<()> {
        let overview = self.found(caller, id).await?;
        let request = CampusId::read("requestId", request)?;
        let chat = overview.channel.id;
        let pending = self.pending_by_id(caller.tenant(), chat, request).await?.ok_or(Problem::NO_REQUEST)?;
        if pending.user.to_hex() != caller.hex() {
            return Err(Problem::forbidden("The request is not yours"));
        }
        self.drop_request_of(caller.tenant(), chat, &caller.hex()).await
    }

    /// Removes a user's request, if there is one.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn drop_request_of(&self, tenant: &TenantId, chat: EntityId, user: &str) -> Answer<()> {
        REQUESTS.delete(self.store(), tenant, &chat.to_hex(), user).await?;
        Ok(())
    }

    /// Removes all requests of a chat that is gone.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn drop_requests(&self, tenant: &TenantId, chat: EntityId) -> Result<(), ChatError> {
        for request in self.pending(tenant, chat).await? {
            REQUESTS.delete(self.store(), tenant, &chat.to_hex(), &request.user.to_hex()).await?;
        }
        Ok(())
    }

    async fn answer(
        &self,
        caller: &Caller,
        channel: &Channel,
        pending: Pending,
        body: &CampusStatusBody,
    ) -> Answer<CampusParticipant> {
        let tenant = caller.tenant();
        let user = self.requester(tenant, pending.user).await?;
        let view = match body.status {
            CampusAnswer::Accepted => self.accept(tenant, channel, &user, body).await?,
            CampusAnswer::Rejected => CampusParticipant {
                user: CampusUserRef::Id(CampusId(pending.user)),
                is_admin: false,
                id: CampusId(pending.id),
                last_read_at: None,
            },
        };
        self.drop_request_of(tenant, channel.id, &pending.user.to_hex()).await?;
        self.emit_status(tenant, channel, &user, &view, body.status.into()).await;
        Ok(view)
    }

    async fn accept(
        &self,
        tenant: &TenantId,
        channel: &Channel,
        user: &str,
        body: &CampusStatusBody,
    ) -> Answer<CampusParticipant> {
        let member = self.admit_one(tenant, channel, user).await?;
        let socket = body.socket.as_ref().map(|socket| socket.0.as_str());
        self.emit_joined(tenant, channel, &member, socket).await?;
        self.score_join(tenant, user, channel).await?;
        self.participant_view(tenant, channel, &member).await
    }

    async fn pending(&self, tenant: &TenantId, chat: EntityId) -> Result<Vec<Pending>, ChatError> {
        let rows = REQUESTS.all(self.store(), tenant, &chat.to_hex(), REQUESTS_MAX).await?;
        Ok(rows.into_iter().map(|(_, row)| row.value).collect())
    }

    async fn pending_by_id(
        &self,
        tenant: &TenantId,
        chat: EntityId,
        id: EntityId,
    ) -> Result<Option<Pending>, ChatError> {
        Ok(self.pending(tenant, chat).await?.into_iter().find(|pending| pending.id == id))
    }

    /// The id in the domain of who has asked.
    async fn requester(&self, tenant: &TenantId, user: EntityId) -> Answer<String> {
        let found = self.chat().user_by_entity(tenant, user).await?;
        found.map(|user| user.id.clone()).ok_or(Problem::Refused(StatusCode::NOT_FOUND, "User not found"))
    }
}
