//! What the document's clients see on Socket.IO.
//!
//! Messages come from the channels that a socket follows, once for all who follow. What shows a whole chat, or leaves one of
//! the caller's own sockets out, is emitted to the sockets of each participant.

use natter_chat::event::{Event, EventBody};
use natter_chat::{Channel, ChannelType, Chat, ChatError, Member};
use natter_core::{EntityId, Publication, TenantId};
use natter_node::realtime::{App, Args, Refused, Render, Socket, UserTokens};
use serde::Serialize;

use crate::campus::Campus;
use crate::chats::sent::message_view;
use crate::chats::view::{Names, Seen};
use crate::errors::Answer;
use crate::shapes::event::{
    CampusAdminEvent, CampusChatEvent, CampusDeletedEvent, CampusGone, CampusJoinedEvent, CampusMessageEvent,
    CampusReadEvent, CampusRemovedEvent, CampusRequestEvent, CampusScoreEvent, CampusStatusEvent,
};
use crate::shapes::participant::{CampusParticipant, last_read_at};
use crate::shapes::request::{CampusRequest, CampusRequestStatus};
use crate::shapes::user::CampusUser;
use crate::shapes::value::CampusId;

/// The app's name.
const APP: &str = "campus";
/// Sockets that are written to before others get their turn.
const EMITS_AT_ONCE: usize = 1_024;

/// The document on sockets: for every client with a token of a tenant that no app before it has taken.
pub fn app(campus: &Campus, tokens: UserTokens) -> App {
    let (connecting, connected, disconnected) = (campus.clone(), campus.clone(), campus.clone());
    App::new(APP, "/", tokens)
        .on_connecting(move |socket| attach(connecting.clone(), socket))
        .on_connected(move |socket| {
            let campus = connected.clone();
            async move {
                // One that goes on where it was has not been connecting.
                if socket.is_recovered() && attach(campus, socket.clone()).await.is_err() {
                    socket.disconnect(true);
                }
            }
        })
        .on_disconnected(move |socket, _reason| {
            disconnected.chat().detach_socket(&socket);
            std::future::ready(())
        })
        .rendered_by(Shown(campus.chat().clone()))
}

async fn attach(campus: Campus, socket: Socket) -> Result<(), Refused> {
    if socket.user().is_empty() {
        return Ok(());
    }
    campus.chat().attach_socket(&socket).await.map_err(|_| Refused::new("try again later"))
}

/// Shows what comes from chats' channels.
struct Shown(Chat);

impl Render for Shown {
    fn render(&self, channel: &str, publication: &Publication, emit: &mut dyn FnMut(&str, &Args)) {
        let Some((tenant, id)) = chat_of(channel) else { return };
        let is_known =
            matches!(self.0.kind_in_memory(&tenant, id), None | Some(ChannelType::Messaging | ChannelType::Group));
        let Ok(event) = Event::decode(publication) else { return };
        match event.body {
            EventBody::Message(posted) if is_known => {
                let message = posted.into_message(id, publication.seq, publication.time_ms);
                let user = self.0.user_in_memory(&tenant, &message.sender.id);
                let user = user.map_or_else(|| CampusUser::brief(message.sender.clone()), |user| CampusUser::of(&user));
                emit("chat-message", &Args::one(&CampusMessageEvent { message: message_view(&message, user) }));
            }
            EventBody::ChannelDeleted if is_known && !event.told => {
                emit("chat-deleted", &Args::one(&CampusDeletedEvent { chat: CampusId(id) }));
            }
            _ => {}
        }
    }
}

/// The chat of a channel's name, `chat:{tenant}:{id}`.
fn chat_of(channel: &str) -> Option<(TenantId, EntityId)> {
    let (tenant, id) = channel.strip_prefix("chat:")?.rsplit_once(':')?;
    Some((TenantId::new(tenant), EntityId::parse_uuid(id)?))
}

impl Campus {
    /// `chat-created {chat}` to all participants; a chat of two has the other one's name for each.
    pub(crate) async fn emit_created(&self, tenant: &TenantId, seen: &Seen, except: Option<&str>) -> Answer<()> {
        if seen.channel.kind == ChannelType::Messaging {
            for member in &seen.members {
                let chat = self.shown(tenant, &member.user, seen, Names::All).await?;
                self.emit(tenant, [&member.user], "chat-created", &CampusChatEvent { chat }, except).await;
            }
            return Ok(());
        }
        let users = self.users_of(tenant, seen.channel.id).await?;
        let chat = self.shown(tenant, "", seen, Names::All).await?;
        self.emit(tenant, &users, "chat-created", &CampusChatEvent { chat }, except).await;
        Ok(())
    }

    /// `chat-updated {chat}` to all participants.
    pub(crate) async fn emit_updated(&self, tenant: &TenantId, seen: &Seen, except: Option<&str>) -> Answer<()> {
        let users = self.users_of(tenant, seen.channel.id).await?;
        let chat = self.shown(tenant, "", seen, Names::All).await?;
        self.emit(tenant, &users, "chat-updated", &CampusChatEvent { chat }, except).await;
        Ok(())
    }

    /// `chat-joined {chat, participant}` to all participants, the new one included.
    pub(crate) async fn emit_joined(
        &self,
        tenant: &TenantId,
        channel: &Channel,
        member: &Member,
        except: Option<&str>,
    ) -> Answer<()> {
        let users = self.users_of(tenant, channel.id).await?;
        let seen = self.seen(tenant, channel.id).await?;
        let chat = self.shown(tenant, "", &seen, Names::All).await?;
        let participant = self.participant_view(tenant, channel, member).await?;
        let payload = CampusJoinedEvent { chat, participant };
        self.emit(tenant, &users, "chat-joined", &payload, except).await;
        Ok(())
    }

    /// `chat-participant-removed {chat, participant}` to `users`: those who were participants before.
    pub(crate) async fn emit_removed(
        &self,
        tenant: &TenantId,
        channel: &Channel,
        member: &Member,
        users: &[String],
        except: Option<&str>,
    ) -> Answer<()> {
        let user = self.person(tenant, &member.user).await?.id;
        let participant = CampusGone { id: Some(CampusId(member.id)), user };
        let payload = CampusRemovedEvent { chat: CampusId(channel.id), participant };
        self.emit(tenant, users, "chat-participant-removed", &payload, except).await;
        Ok(())
    }

    /// The same for a membership that ended elsewhere, of which only the user is known.
    pub(crate) async fn emit_gone(&self, tenant: &TenantId, chat: EntityId, user: CampusId, users: &[String]) {
        let payload = CampusRemovedEvent { chat: CampusId(chat), participant: CampusGone { id: None, user } };
        self.emit(tenant, users, "chat-participant-removed", &payload, None).await;
    }

    /// `chat-deleted {chat}` to those who were participants.
    pub(crate) async fn emit_deleted(&self, tenant: &TenantId, chat: EntityId, users: &[String], except: Option<&str>) {
        self.emit(tenant, users, "chat-deleted", &CampusDeletedEvent { chat: CampusId(chat) }, except).await;
    }

    /// `chat-read {chat, user, lastReadAt}` to all participants.
    pub(crate) async fn emit_read(&self, tenant: &TenantId, chat: EntityId, member: &Member) -> Answer<()> {
        let users = self.users_of(tenant, chat).await?;
        let user = self.person(tenant, &member.user).await?.id;
        let payload = CampusReadEvent { chat: CampusId(chat), user, last_read_at: last_read_at(member) };
        self.emit(tenant, &users, "chat-read", &payload, None).await;
        Ok(())
    }

    /// `chat-participant-status {chat, participant, status}` to who has asked to join.
    pub(crate) async fn emit_status(
        &self,
        tenant: &TenantId,
        channel: &Channel,
        user: &str,
        participant: &CampusParticipant,
        status: CampusRequestStatus,
    ) {
        let payload = CampusStatusEvent { chat: CampusId(channel.id), participant: participant.clone(), status };
        self.emit(tenant, [user], "chat-participant-status", &payload, None).await;
    }

    /// `chat-admin-access-granted` or `-removed {chat, participant}` to the participant.
    pub(crate) async fn emit_admin(
        &self,
        tenant: &TenantId,
        channel: &Channel,
        user: &str,
        participant: &CampusParticipant,
        is_admin: bool,
    ) {
        let event = if is_admin { "chat-admin-access-granted" } else { "chat-admin-access-removed" };
        let payload = CampusAdminEvent { chat: CampusId(channel.id), participant: participant.clone() };
        self.emit(tenant, [user], event, &payload, None).await;
    }

    /// `chat-request {chat, request}` to the admins.
    pub(crate) async fn emit_request(
        &self,
        tenant: &TenantId,
        channel: &Channel,
        request: CampusRequest,
    ) -> Result<(), ChatError> {
        let members = self.chat().members_unasked(tenant, channel.id).await?;
        let admins = members.iter().filter(|member| member.role >= natter_chat::Role::Admin).map(|member| &member.user);
        let payload = CampusRequestEvent { chat: CampusId(channel.id), request };
        self.emit(tenant, admins, "chat-request", &payload, None).await;
        Ok(())
    }

    /// `score-updated {action, score}` to the user.
    pub(crate) async fn emit_score(&self, tenant: &TenantId, user: &str, score: i64) {
        let payload = CampusScoreEvent { action: "join-group-chat", score };
        self.emit(tenant, [user], "score-updated", &payload, None).await;
    }

    /// Emits an event to all of the document's sockets of some users, but not to one of them.
    async fn emit<S: AsRef<str>>(
        &self,
        tenant: &TenantId,
        users: impl IntoIterator<Item = S>,
        event: &str,
        payload: &impl Serialize,
        except: Option<&str>,
    ) {
        let args = Args::one(payload);
        let users: Vec<S> = users.into_iter().collect();
        for chunk in users.chunks(EMITS_AT_ONCE) {
            for user in chunk {
                self.emit_to(tenant, user.as_ref(), event, &args, except);
            }
            tokio::task::yield_now().await;
        }
    }

    fn emit_to(&self, tenant: &TenantId, user: &str, event: &str, args: &Args, except: Option<&str>) {
        for socket in self.chat().sockets_of(tenant, user) {
            if socket.scope().app != APP || except == Some(&**socket.id()) {
                continue;
            }
            if let Err(error) = socket.emit(event, args) {
                tracing::debug!(event, %error, "a socket does not get an event");
            }
        }
    }
}
