//! What happens in chats through any API: files are listed, groups are found under their new names, and the document's
//! sockets are told of what no call of this document has told them.

use async_trait::async_trait;
use natter_chat::event::EventBody;
use natter_chat::{ChatError, Happened, Missing, Work};

use crate::campus::Campus;
use crate::chats::extra::is_chat;
use crate::chats::view::Seen;
use crate::errors::{Answer, Problem};
use crate::shapes::value::CampusId;

#[async_trait]
impl Work for Campus {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        self.keep_up(&happened).await?;
        if let Err(problem) = self.tell_of(&happened).await {
            // Sockets that miss an event see the state when they look; a message must not wait for it.
            tracing::warn!(?problem, "sockets are not told what has happened");
        }
        Ok(())
    }
}

impl Campus {
    /// What is kept here follows what has happened.
    async fn keep_up(&self, happened: &Happened<'_>) -> Result<(), ChatError> {
        let (tenant, chat) = (happened.tenant, happened.channel);
        match &happened.event.body {
            EventBody::Message(posted) if !posted.attachments.is_empty() => {
                let message = posted.as_ref().clone().into_message(chat, happened.seq, happened.time_ms);
                self.enter_files(tenant, &message).await
            }
            EventBody::Deleted(deletion) => self.remove_files_of(tenant, chat, deletion.seq).await,
            // A call of this document cleans up by itself.
            EventBody::ChannelDeleted if !happened.event.told => self.clean_up(tenant, chat).await,
            EventBody::ChannelUpdated(_) if !happened.event.told => match self.seen(tenant, chat).await {
                Ok(seen) => self.refresh_community(tenant, &seen).await,
                Err(ChatError::NotFound(_)) => Ok(()),
                Err(error) => Err(error),
            },
            _ => Ok(()),
        }
    }

    async fn tell_of(&self, happened: &Happened<'_>) -> Answer<()> {
        let (tenant, chat) = (happened.tenant, happened.channel);
        let is_told = happened.event.told;
        match &happened.event.body {
            EventBody::ChannelCreated(_) if !is_told => match self.chat_of(happened).await? {
                Some(seen) => self.emit_created(tenant, &seen, None).await,
                None => Ok(()),
            },
            EventBody::ChannelUpdated(_) if !is_told => match self.chat_of(happened).await? {
                Some(seen) => self.emit_updated(tenant, &seen, None).await,
                None => Ok(()),
            },
            EventBody::MemberJoined { user, .. } if !is_told => {
                let Some(seen) = self.chat_of(happened).await? else { return Ok(()) };
                match self.chat().membership(tenant, &user.id, chat).await {
                    Ok(member) => self.emit_joined(tenant, &seen.channel, &member, None).await,
                    Err(ChatError::NotFound(Missing::Channel)) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }
            EventBody::MemberLeft { user } if !is_told => match self.chat_of(happened).await? {
                Some(_) => self.emit_left(happened, user.entity, &user.id).await,
                None => Ok(()),
            },
            EventBody::Read { user, .. } => {
                let Some(_) = self.chat_of(happened).await? else { return Ok(()) };
                let member = self.chat().membership(tenant, user, chat).await?;
                self.emit_read(tenant, chat, &member).await
            }
            _ => Ok(()),
        }
    }

    /// The chat in which something has happened; `None` for a channel that the document does not know, or that is gone.
    async fn chat_of(&self, happened: &Happened<'_>) -> Answer<Option<Seen>> {
        match self.seen(happened.tenant, happened.channel).await {
            Ok(seen) => Ok(Some(seen).filter(|seen| is_chat(&seen.channel))),
            Err(ChatError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Another API does not say which membership has ended.
    async fn emit_left(&self, happened: &Happened<'_>, user: natter_core::EntityId, id: &str) -> Answer<()> {
        let mut users = self.users_of(happened.tenant, happened.channel).await.map_err(Problem::from)?;
        users.push(id.to_owned());
        self.emit_gone(happened.tenant, happened.channel, CampusId(user), &users).await;
        Ok(())
    }
}
