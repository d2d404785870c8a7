//! Who is to be notified of what, and what the notification says.

use natter_core::TenantId;
use natter_outbox::push::PushMessage;

use crate::chat::Chat;
use crate::error::ChatError;
use crate::hot::HotChannel;
use crate::model::{Channel, ChannelType, Message, PushKind};

use super::notices;
use super::pushes::{Cause, Spread};

/// Somebody to be notified.
pub(super) struct Notified {
    pub(super) user: String,
    pub(super) kind: PushKind,
}

/// A notification and those who may want it.
pub(super) struct Audience {
    pub(super) message: PushMessage,
    pub(super) notified: Vec<Notified>,
}

impl Chat {
    /// Who is to be notified of a cause: members who are not online and have not muted the channel.
    pub(super) async fn audience(&self, tenant: &TenantId, spread: &Spread) -> Result<Option<Audience>, ChatError> {
        // Those whom a notice names need not be members, and its channel may be gone.
        if let Cause::Notice(notice) = &spread.cause {
            return Ok(Some(notices::audience(notice)));
        }
        let hot = self.hot(tenant, spread.channel).await?;
        let audience = match &spread.cause {
            Cause::Message(id) => {
                let Some(found) = self.find_any(&hot, *id).await?.filter(|found| !found.is_deleted()) else {
                    return Ok(None);
                };
                self.audience_of_message(&hot, &found.message).await?
            }
            Cause::Reaction { message, user, emoji } => {
                let Some(found) = self.find_any(&hot, *message).await?.filter(|found| !found.is_deleted()) else {
                    return Ok(None);
                };
                let name = self.brief(tenant, user).await?.name;
                let sender = Some(found.message.sender.id.clone()).filter(|sender| sender != user);
                let text = format!("{emoji} {}", found.message.text);
                let notified = sender.map(|user| Notified { user, kind: PushKind::Reaction });
                Audience { message: said(&hot.channel(), &name, &text), notified: notified.into_iter().collect() }
            }
            Cause::Invite(user) => {
                let channel = hot.channel();
                let notified = Notified { user: user.clone(), kind: PushKind::ChannelInvite };
                Audience { message: said(&channel, &channel.name, "You were added"), notified: vec![notified] }
            }
            Cause::Notice(_) => return Ok(None),
        };
        self.without_the_unwilling(&hot, audience).await.map(Some)
    }

    async fn audience_of_message(&self, hot: &HotChannel, message: &Message) -> Result<Audience, ChatError> {
        let asked = match message.parent {
            Some(parent) => self.find_any(hot, parent).await?.map(|parent| parent.message.sender.id),
            None => None,
        };
        let members = self.roster(hot).await?.users(|member| member.user != message.sender.id && !member.muted);
        let kind_of = |user: &String| match user {
            _ if message.mentions.contains(user) => PushKind::Mention,
            _ if asked.as_ref() == Some(user) => PushKind::ThreadReply,
            _ => PushKind::NewMessage,
        };
        let notified = members.into_iter().map(|user| Notified { kind: kind_of(&user), user }).collect();
        let text = match message.text.is_empty() {
            true => message.attachments.first().map_or("", |attachment| attachment.name.as_str()),
            false => message.text.as_str(),
        };
        let mut said = said(&hot.channel(), &message.sender.name, text);
        said.data.insert("messageId".to_owned(), message.id.to_uuid());
        Ok(Audience { message: said, notified })
    }

    async fn without_the_unwilling(&self, hot: &HotChannel, mut audience: Audience) -> Result<Audience, ChatError> {
        let roster = self.roster(hot).await?;
        audience.notified.retain(|notified| {
            let is_willing = roster.get(&notified.user).is_some_and(|member| !member.muted);
            is_willing && !self.is_online(&hot.tenant, &notified.user)
        });
        Ok(audience)
    }
}

fn said(channel: &Channel, who: &str, text: &str) -> PushMessage {
    let title = match channel.kind {
        ChannelType::Messaging => who.to_owned(),
        _ if who == channel.name => channel.name.clone(),
        _ => format!("{who} · {}", channel.name),
    };
    let id = channel.id.to_uuid();
    PushMessage { title, body: text.to_owned(), channel_id: Some(id), ..PushMessage::default() }
}
