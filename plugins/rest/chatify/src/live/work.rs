//! Events that the two of a conversation get each for themselves.

use async_trait::async_trait;
use natter_chat::event::{Event, EventBody};
use natter_chat::{ChannelType, ChatError, Conversation, Happened, UserBrief, Work};
use natter_core::TenantId;
use natter_node::realtime::{Args, Socket};

use super::events::TypingView;
use super::sockets::SocketLogin;
use crate::chatify::Chatify;
use crate::views::{ConversationView, SenderView};

#[async_trait]
impl Work for Chatify {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        let is_conversation = self.chat().known_kind(happened.tenant, happened.channel) == Some(ChannelType::Messaging);
        if self.live().is_empty() || !is_conversation || !is_shown(happened.event) {
            return Ok(());
        }
        match self.chat().conversation(happened.tenant, happened.channel).await {
            Ok(conversation) => self.show(&happened, &conversation).await,
            Err(ChatError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Chatify {
    async fn show(&self, happened: &Happened<'_>, conversation: &Conversation) -> Result<(), ChatError> {
        match &happened.event.body {
            EventBody::Typing { user, .. } => {
                self.show_typing(happened.tenant, conversation, user);
                Ok(())
            }
            body if has_changed_last(body, conversation) => self.show_to_both(happened.tenant, conversation).await,
            _ => Ok(()),
        }
    }

    fn show_typing(&self, tenant: &TenantId, conversation: &Conversation, user: &UserBrief) {
        let view = TypingView { conversation: conversation.channel.id.to_hex(), user: SenderView::of(user) };
        let args = Args::one(&view);
        for (member, _) in conversation.members.iter().filter(|(member, _)| member.user != user.id) {
            self.emit_to(tenant, &member.user, "typing", &args);
        }
    }

    async fn show_to_both(&self, tenant: &TenantId, conversation: &Conversation) -> Result<(), ChatError> {
        let participants = self.participants(tenant, conversation).await?;
        for (member, _) in &conversation.members {
            let view = ConversationView::of(conversation, &participants, &member.user);
            self.emit_to(tenant, &member.user, "conversation", &Args::one(&view));
        }
        Ok(())
    }

    /// To the sockets that a user has open here; those of other documents see it in their own shape.
    fn emit_to(&self, tenant: &TenantId, user: &str, event: &str, args: &Args) {
        let is_ours = |socket: &Socket| socket.state::<SocketLogin>().is_some();
        for socket in self.chat().sockets_of(tenant, user).into_iter().filter(is_ours) {
            // One that is gone, or that reads too slowly, learns of it when it comes back.
            let _ = socket.emit(event, args);
        }
    }
}

/// What may be shown of what happens.
fn is_shown(event: &Event) -> bool {
    match &event.body {
        EventBody::Typing { is_typing, .. } => *is_typing,
        // A look at a message's links edits it, and changes nothing that is shown here.
        EventBody::Edited(message) => message.link_previews.is_empty(),
        EventBody::Message(_) | EventBody::Deleted(_) | EventBody::ChannelCreated(_) => true,
        _ => false,
    }
}

/// Whether the list shows something else of the conversation than before.
fn has_changed_last(body: &EventBody, conversation: &Conversation) -> bool {
    let last = conversation.last_message.as_ref();
    match body {
        EventBody::Edited(message) => last.is_some_and(|last| last.id == message.id),
        EventBody::Deleted(deletion) => last.is_none_or(|last| last.seq < deletion.seq),
        _ => true,
    }
}
