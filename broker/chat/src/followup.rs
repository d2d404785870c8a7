//! What follows a message after its answer: link previews and pushes, through the durable queue.

mod audience;
mod notices;
mod previews;
mod pushes;

use std::sync::Arc;

use async_trait::async_trait;
use natter_outbox::preview::{LinkPreviewer, extract_urls};
use natter_outbox::push::{PushDeliverer, PushProvider, PushSender};
use natter_outbox::{Job, JobKind, Outbox};

use crate::chat::Chat;
use crate::error::ChatError;
use crate::event::EventBody;
use crate::work::{Happened, Work};
pub use notices::{NOTICE_USERS_MAX, Notice};
use previews::{PreviewDeliverer, PreviewJob};
use pushes::{Cause, Devices, Spread, SpreadDeliverer};

/// Queues link previews and pushes.
pub struct FollowUps {
    outbox: Outbox,
    has_previews: bool,
    has_pushes: bool,
}

impl FollowUps {
    /// Registers those who do the work with the queue. `previewer` is `None` where link previews are turned off.
    pub fn new(chat: &Chat, outbox: Outbox, previewer: Option<LinkPreviewer>, sender: Arc<PushSender>) -> Self {
        let has_previews = previewer.is_some();
        let providers = [PushProvider::Fcm, PushProvider::Apns, PushProvider::Expo, PushProvider::Novu];
        let has_pushes = providers.into_iter().any(|provider| sender.has(provider));
        if let Some(previewer) = previewer {
            let deliverer = PreviewDeliverer { chat: chat.clone(), previewer };
            outbox.register(JobKind::LinkPreview, Arc::new(deliverer));
        }
        let has_novu = sender.has(PushProvider::Novu);
        let devices = Arc::new(Devices { chat: chat.clone() });
        let push = PushDeliverer::new(sender, devices, outbox.clone());
        let spreads = SpreadDeliverer { chat: chat.clone(), outbox: outbox.clone(), push, has_novu };
        outbox.register(JobKind::Push, Arc::new(spreads));
        Self { outbox, has_previews, has_pushes }
    }

    async fn enqueue(&self, job: Job) -> Result<(), ChatError> {
        self.outbox.enqueue(job).await.map(|_| ()).map_err(|error| {
            tracing::warn!(%error, "work after an answer cannot be queued");
            ChatError::Unavailable
        })
    }

    async fn look_at_links(&self, happened: &Happened<'_>) -> Result<(), ChatError> {
        let (message, text) = match &happened.event.body {
            EventBody::Message(posted) => (posted.id, &posted.text),
            // An edit has lost its previews; an event that brings them has some.
            EventBody::Edited(message) if message.link_previews.is_empty() => (message.id, &message.text),
            _ => return Ok(()),
        };
        if !self.has_previews || extract_urls(text).is_empty() {
            return Ok(());
        }
        let job = PreviewJob { channel: happened.channel, message, text: text.clone() };
        self.enqueue(job.into_job(happened.tenant)?).await
    }

    async fn notify(&self, happened: &Happened<'_>) -> Result<(), ChatError> {
        let cause = match &happened.event.body {
            _ if !self.has_pushes || happened.event.told => return Ok(()),
            EventBody::Message(posted) => Cause::Message(posted.id),
            EventBody::ReactionAdded(change) => {
                Cause::Reaction { message: change.message, user: change.user.clone(), emoji: change.emoji.clone() }
            }
            EventBody::MemberJoined { user, .. } => Cause::Invite(user.id.clone()),
            _ => return Ok(()),
        };
        self.enqueue(Spread { channel: happened.channel, cause }.into_job(happened.tenant)?).await
    }
}

#[async_trait]
impl Work for FollowUps {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        self.look_at_links(&happened).await?;
        self.notify(&happened).await
    }
}
