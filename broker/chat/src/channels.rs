//! Channels: making, finding, changing and deleting them.

mod create;
mod delete;
mod outside;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::event::{Event, EventBody};
use crate::hot::HotChannel;
use crate::hot::fold::LastMessage;
use crate::model::{Channel, ChannelOverview, ChannelPatch, ChannelType, Role};
use crate::rows::Table;
use crate::validate;

pub(crate) use create::slug;

/// Channels: partition the channel, one row.
pub(crate) const CHANNELS: Table<Channel> = Table::new("chat_channels");
/// Channels that are looked at side by side.
const LOOKS_AT_ONCE: usize = 32;

impl Chat {
    /// A channel as the caller sees it.
    ///
    /// # Errors
    /// [`Missing::Channel`] when the caller may not see it.
    pub async fn channel(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
    ) -> Result<ChannelOverview, ChatError> {
        let hot = self.visible(tenant, caller, channel).await?;
        self.overview(&hot, caller).await
    }

    /// A channel, whoever asks: for a document that decides itself about who may see it.
    ///
    /// # Errors
    /// [`Missing::Channel`].
    pub async fn channel_unasked(&self, tenant: &TenantId, channel: EntityId) -> Result<Channel, ChatError> {
        Ok(self.hot(tenant, channel).await?.channel())
    }

    /// The caller's channels: starred ones first, then by newest activity. Messages are not read for it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn channels(
        &self,
        tenant: &TenantId,
        caller: &str,
        kind: Option<ChannelType>,
    ) -> Result<Vec<ChannelOverview>, ChatError> {
        let ids = self.channels_of(tenant, caller).await?;
        let looks = stream::iter(ids.iter().copied()).map(|id| self.own_overview(tenant, caller, id));
        let found: Vec<_> = looks.buffered(LOOKS_AT_ONCE).boxed().try_collect().await?;
        let mut channels: Vec<ChannelOverview> = found.into_iter().flatten().collect();
        channels.retain(|overview| kind.is_none_or(|kind| overview.channel.kind == kind));
        channels.sort_by_key(|overview| {
            let is_starred = overview.membership.as_ref().is_some_and(|member| member.starred);
            (
                std::cmp::Reverse(is_starred),
                std::cmp::Reverse(overview.activity_at),
                std::cmp::Reverse(overview.channel.id),
            )
        });
        Ok(channels)
    }

    /// Changes a channel's name, description, picture or what a document knows of it.
    ///
    /// # Errors
    /// The caller is neither owner nor admin, or a value cannot be taken.
    pub async fn change_channel_details(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        patch: ChannelPatch,
    ) -> Result<ChannelOverview, ChatError> {
        let (hot, _) = self.ruled(tenant, caller, channel, Role::Admin).await?;
        validate::channel_patch(&patch)?;
        self.apply_patch(&hot, &patch).await?;
        self.overview(&hot, caller).await
    }

    /// Changes a channel, whoever wants it.
    pub(crate) async fn apply_patch(&self, hot: &HotChannel, patch: &ChannelPatch) -> Result<(), ChatError> {
        let now_ms = self.now_ms();
        self.change_channel(hot, |channel| {
            channel.updated_at = now_ms;
            if let Some(name) = &patch.name {
                channel.name.clone_from(name);
            }
            if let Some(description) = &patch.description {
                channel.description.clone_from(description);
            }
            if let Some(image) = &patch.image {
                channel.image.clone_from(image);
            }
            if let Some(posting) = patch.posting {
                channel.posting = posting;
            }
            for (name, value) in &patch.extra {
                match value.is_null() {
                    true => channel.extra.remove(name),
                    false => channel.extra.insert(name.clone(), value.clone()),
                };
            }
        })
        .await?;
        let event = Event::of(hot.id, EventBody::ChannelUpdated(Box::new(hot.channel())));
        self.append(hot, event.clone()).await?;
        self.tell_members(hot, &event).await
    }

    /// A channel of the caller's list; `None` when the index names one that is gone.
    async fn own_overview(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
    ) -> Result<Option<ChannelOverview>, ChatError> {
        let hot = match self.hot(tenant, channel).await {
            Ok(hot) => hot,
            Err(ChatError::NotFound(Missing::Channel)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let overview = self.overview(&hot, caller).await?;
        Ok(overview.membership.is_some().then_some(overview))
    }

    pub(crate) async fn overview(&self, hot: &HotChannel, caller: &str) -> Result<ChannelOverview, ChatError> {
        self.find_last(hot).await?;
        let membership = self.member(hot, caller).await?;
        let channel = hot.channel();
        let mut overview = hot.with_fold(|fold| ChannelOverview {
            activity_at: fold.activity_at.unwrap_or(channel.created_at),
            last_message: match &fold.last {
                LastMessage::Known(message) => Some((**message).clone()),
                _ => None,
            },
            max_seq: fold.seq,
            messages: fold.present(),
            unread: membership.as_ref().map_or(0, |member| fold.unread(member)),
            membership,
            channel,
        });
        if let Some(message) = &mut overview.last_message {
            self.refresh_names(&hot.tenant, message).await?;
        }
        Ok(overview)
    }

    /// Looks for the newest message that is not deleted, if that is not known.
    pub(crate) async fn find_last(&self, hot: &HotChannel) -> Result<(), ChatError> {
        let LastMessage::Below(below) = hot.with_fold(|fold| fold.last.clone()) else { return Ok(()) };
        let found = self.newest_below(hot, below).await?;
        hot.set_last(below, found.map_or(LastMessage::None, |message| LastMessage::Known(Box::new(message))));
        Ok(())
    }
}
