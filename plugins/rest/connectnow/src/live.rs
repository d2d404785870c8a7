//! A chat as its users' sockets see it (Socket.IO, namespace `/`).
//!
//! A socket follows its chat's channel, whose messages and edits are shown from the event alone, once for all sockets.
//! What needs more than the event says (who came or went, whose message was deleted, who types) is sent to the chat's
//! room.

mod document;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use natter_chat::event::{Deletion, Event, EventBody};
use natter_chat::{Chat, ChatError, Happened, UserBrief, Work};
use natter_core::{EntityId, Publication};
use natter_node::realtime::{App, Args, Attempt, Identity, Refused, Render, Scope, Socket, Verdict};
use serde::Serialize;

use crate::caller::Visitor;
use crate::connect_now::ConnectNow;
use crate::errors::ApiError;
use crate::shapes::{ChatUserView, DeletedMessageView, MessageView, SenderView};

pub(crate) use document::document;

/// The app's name, and its namespace.
const APP: &str = "connectnow";
const NAMESPACE: &str = "/";
/// How long a client that says again that its user types is not heard, in milliseconds.
const TYPING_MS: i64 = 1_000;

/// What is kept with a socket.
struct Entered {
    visitor: Visitor,
    /// When its user typed last, in Unix milliseconds.
    typed_at: AtomicI64,
}

impl ConnectNow {
    /// What chat users' sockets see and may do; to be registered before the app that takes all users of tenants.
    pub fn app(&self) -> App {
        let (entering, leaving, typing) = (self.clone(), self.clone(), self.clone());
        let authenticator = {
            let connect_now = self.clone();
            move |attempt: Attempt| connect_now.clone().verdict(attempt)
        };
        let render = ChatRender(self.chat().clone());
        App::new(APP, NAMESPACE, authenticator)
            .rendered_by(render)
            .on_connecting(move |socket| entering.clone().enter(socket))
            .on_disconnected(move |socket, _| {
                leaving.chat().detach_socket(&socket);
                std::future::ready(())
            })
            .on_raw("typing", move |socket, _| typing.clone().types(socket))
    }

    /// A client with a token that is not one of ours is left to others.
    async fn verdict(self, attempt: Attempt) -> Verdict {
        let Some(token) = attempt.token() else { return Verdict::NotMine };
        let visitor = match self.visitor_of(&token).await {
            Ok(Some(visitor)) => visitor,
            Ok(None) => return Verdict::NotMine,
            Err(_) => return Verdict::Refused(Refused::new("try again later")),
        };
        let Some(tenant) = self.whole_tenant() else { return Verdict::NotMine };
        let user = visitor.user.as_str().into();
        Verdict::Accepted(Identity { tenant, user, state: Arc::new(Entered { visitor, typed_at: AtomicI64::new(0) }) })
    }

    /// What happens in the chat from now on arrives. Somebody who was removed meanwhile is not let in.
    async fn enter(self, socket: Socket) -> Result<(), Refused> {
        let refused = || Refused::new("try again later");
        let Some(Entered { visitor, .. }) = socket.state::<Entered>() else { return Err(refused()) };
        socket.join(&room(visitor.chat)).await.map_err(|_| refused())?;
        self.chat().attach_socket(&socket).await.map_err(|_| refused())?;
        match self.chat().membership(&self.tenant(), &visitor.user, visitor.chat).await {
            Ok(_) => Ok(()),
            Err(_) => {
                self.chat().detach_socket(&socket);
                Err(Refused::new("invalid token"))
            }
        }
    }

    /// A client says that its user types: the others of the chat are told, whatever API they use.
    async fn types(self, socket: Socket) -> Option<Args> {
        let Entered { visitor, typed_at } = socket.state::<Entered>()?;
        let now_ms = self.now_ms();
        if now_ms - typed_at.swap(now_ms, Ordering::Relaxed) < TYPING_MS {
            return None;
        }
        let told = async {
            let (tenant, chat) = (self.tenant(), visitor.chat);
            let member = self.chat().membership(&tenant, &visitor.user, chat).await?;
            let view = self.chat_user_view(chat, &member).await?;
            self.chat().set_typing(&tenant, &visitor.user, chat, true).await?;
            // Whoever cannot be told now has missed nothing that lasts.
            let _ = socket.to(&room(chat)).volatile().emit("typing", &Args::one(&view)).await;
            Ok::<_, ApiError>(())
        };
        if let Err(error) = told.await {
            tracing::debug!(?error, "nobody is told that a chat user types");
        }
        None
    }

    async fn tell<T: Serialize>(&self, chat: EntityId, event: &str, payload: &T) -> Result<(), ChatError> {
        let broadcast = self.sockets().to(&self.scope(), &room(chat));
        Ok(broadcast.emit(event, &Args::one(payload)).await?)
    }

    /// Whether anybody is connected to a chat.
    async fn is_watched(&self, chat: EntityId) -> Result<bool, ChatError> {
        Ok(!self.sockets().to(&self.scope(), &room(chat)).members().await?.is_empty())
    }

    fn scope(&self) -> Scope {
        Scope { app: APP, namespace: NAMESPACE.into(), tenant: self.tenant() }
    }

    async fn joined(&self, chat: EntityId, user: &UserBrief) -> Result<(), ApiError> {
        if !self.is_watched(chat).await? || self.is_owner(chat, &user.id).await? {
            return Ok(());
        }
        // Somebody who has left again is told of by the next event.
        let Ok(member) = self.chat().membership(&self.tenant(), &user.id, chat).await else { return Ok(()) };
        let view = self.chat_user_view(chat, &member).await?;
        Ok(self.tell(chat, "user-joined", &view).await?)
    }

    async fn left(&self, chat: EntityId, user: &UserBrief) -> Result<(), ApiError> {
        let guest = self.forget_chat_user(chat, &user.id).await?;
        if !self.is_watched(chat).await? || self.is_owner(chat, &user.id).await? {
            return Ok(());
        }
        let known = self.chat().user(&self.tenant(), &user.id).await?;
        let view = self.guest_view(chat, &user.id, known.as_deref(), guest).await?;
        Ok(self.tell(chat, "user-left", &view).await?)
    }

    async fn deleted(&self, chat: EntityId, deletion: &Deletion) -> Result<(), ApiError> {
        if !self.is_watched(chat).await? {
            return Ok(());
        }
        let senders = self.chat().users_brief(&self.tenant(), std::slice::from_ref(&deletion.sender)).await?;
        let Some(sender) = senders.first() else { return Ok(()) };
        let view = DeletedMessageView {
            id: deletion.message.to_hex(),
            chat_id: chat.to_hex(),
            chat_user_id: sender.entity.to_hex(),
            chat_user: SenderView::of(sender),
            seq: deletion.seq,
        };
        Ok(self.tell(chat, "message-deleted", &view).await?)
    }

    async fn is_owner(&self, chat: EntityId, user: &str) -> Result<bool, ApiError> {
        Ok(self.extra_of(chat).await?.is_some_and(|extra| extra.owner == user))
    }
}

#[async_trait]
impl Work for ConnectNow {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        if *happened.tenant != self.tenant() {
            return Ok(());
        }
        let told = match &happened.event.body {
            EventBody::MemberJoined { user, .. } => self.joined(happened.channel, user).await,
            EventBody::MemberLeft { user } => self.left(happened.channel, user).await,
            EventBody::Deleted(deletion) => self.deleted(happened.channel, deletion).await,
            EventBody::ChannelDeleted => self.turn_everyone_out(happened.channel).await,
            _ => Ok(()),
        };
        told.map_err(|error| {
            tracing::warn!(?error, "what happened in a chat could not be told");
            ChatError::Unavailable
        })
    }
}

/// The room of a chat.
fn room(chat: EntityId) -> String {
    format!("chat:{}", chat.to_hex())
}

/// Shows a chat's channel.
struct ChatRender(Chat);

impl Render for ChatRender {
    fn render(&self, channel: &str, publication: &Publication, emit: &mut dyn FnMut(&str, &Args)) {
        let Some(chat) = chat_of(channel) else { return };
        let Ok(event) = Event::decode(publication) else { return };
        match event.body {
            EventBody::Message(posted) => {
                let message = posted.into_message(chat, publication.seq, publication.time_ms);
                emit("message", &Args::one(&MessageView::of(&message)));
            }
            EventBody::Edited(message) => emit("message-updated", &Args::one(&MessageView::of(&message))),
            // Whoever types on a socket of ours has told the chat's room.
            EventBody::Typing { user, is_typing: true } if self.is_elsewhere(channel, &user) => {
                emit("typing", &Args::one(&typing_elsewhere(chat, &user)));
            }
            _ => {}
        }
    }
}

impl ChatRender {
    fn is_elsewhere(&self, channel: &str, user: &UserBrief) -> bool {
        let tenant = channel.split(':').nth(1).unwrap_or_default();
        let sockets = self.0.sockets_of(&natter_core::TenantId::new(tenant), &user.id);
        !sockets.iter().any(|socket| socket.scope().app == APP)
    }
}

/// Somebody who types and is in the chat through another API.
fn typing_elsewhere(chat: EntityId, user: &UserBrief) -> ChatUserView {
    ChatUserView {
        id: user.entity.to_hex(),
        chat_id: chat.to_hex(),
        name: user.name.clone(),
        email: None,
        online: true,
        last_read_message_id: None,
        created_at: crate::shapes::iso(0),
        updated_at: crate::shapes::iso(0),
    }
}

/// The chat of a channel `chat:{tenant}:{id as a UUID}`.
fn chat_of(channel: &str) -> Option<EntityId> {
    let id = channel.strip_prefix("chat:")?.rsplit(':').next()?;
    EntityId::parse_uuid(id)
}
