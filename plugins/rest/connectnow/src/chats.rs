//! Chats: group channels of the domain that belong to a company.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_chat::{ChannelOverview, ChannelPatch, ChannelType, ChatError, NewChannel, UserPatch};
use natter_core::EntityId;
use natter_rest::Rejection;

use crate::access::{ChatExtra, OpenedChat};
use crate::api_users::ApiUser;
use crate::bodies::ChatBody;
use crate::connect_now::ConnectNow;
use crate::errors::ApiError;
use crate::paging::PageQuery;
use crate::rows::{CHATS, CHATS_MAX, Placed};
use crate::shapes::{ChatView, MessageView, iso};

/// Chats that are looked at side by side.
const LOOKS_AT_ONCE: usize = 16;
/// How often a page is made anew since a chat in it has gone.
const TRIES_MAX: usize = 8;

impl ConnectNow {
    /// Ids of a user's chats, newest last; of all companies or of one.
    pub(crate) async fn chat_ids(&self, user: &ApiUser, company: Option<EntityId>) -> Result<Vec<EntityId>, ApiError> {
        let rows = CHATS.all(self.store(), &self.tenant(), &user.domain_id(), CHATS_MAX).await?;
        let own = rows.into_iter().filter(|(_, placed)| company.is_none_or(|company| placed.value.company == company));
        Ok(own.filter_map(|(id, _)| EntityId::parse_hex(&id)).collect())
    }

    /// A page of a user's chats, and how many there are. A chat that was deleted through another API is forgotten when a
    /// page meets it.
    pub(crate) async fn chats(&self, user: &ApiUser, page: &PageQuery) -> Result<(Vec<ChatView>, u64), ApiError> {
        for _ in 0..TRIES_MAX {
            let ids = self.chat_ids(user, None).await?;
            let looks = stream::iter(page.slice(&ids).iter().copied())
                .map(|id| async move { Ok::<_, ApiError>((id, self.opened(id, user.domain_id(), false).await?)) });
            let found: Vec<_> = looks.buffered(LOOKS_AT_ONCE).boxed().try_collect().await?;
            let gone: Vec<EntityId> = found.iter().filter(|(_, chat)| chat.is_none()).map(|(id, _)| *id).collect();
            if gone.is_empty() {
                let mut views = Vec::with_capacity(found.len());
                for chat in found.into_iter().filter_map(|(_, chat)| chat) {
                    views.push(self.chat_view(&chat).await?);
                }
                return Ok((views, ids.len() as u64));
            }
            for id in gone {
                self.forget_chat(user, id).await?;
            }
        }
        Err(Rejection::unavailable().into())
    }

    /// Makes a chat.
    ///
    /// # Errors
    /// 422 for a company that is not the user's, or when there are as many chats as there may be.
    pub(crate) async fn make_chat(&self, user: &ApiUser, body: ChatBody) -> Result<ChatView, ApiError> {
        let company = body.company_id.ok_or_else(|| ApiError::invalid("company_id", "field is required"))?;
        self.require_company(user, company).await?;
        if self.chat_ids(user, None).await?.len() >= CHATS_MAX {
            return Err(ApiError::invalid("company_id", "cannot be taken: there are too many chats"));
        }
        let (tenant, owner) = (self.tenant(), user.domain_id());
        let named = UserPatch { name: Some(Some(user.name.clone())), ..UserPatch::default() };
        self.chat().upsert_user(&tenant, &owner, named).await?;
        let extra = ChatExtra { owner: owner.clone(), company, open: body.open.unwrap_or(true) };
        let new = NewChannel {
            kind: ChannelType::Group,
            name: body.name.unwrap_or_default(),
            description: None,
            image: None,
            members: Vec::new(),
            workspace: None,
            extra: extra.into_extra(),
        };
        let (overview, _) = self.chat().create_channel(&tenant, &owner, new).await?;
        let id = overview.channel.id;
        CHATS.put(self.store(), &tenant, &owner, &id.to_hex(), &Placed { company }).await?;
        let chat = self.opened(id, owner, false).await?.ok_or(ApiError::NotFound)?;
        self.chat_view(&chat).await
    }

    /// Changes a chat.
    ///
    /// # Errors
    /// 404; 422 for a company that is not the user's.
    pub(crate) async fn change_chat(&self, user: &ApiUser, id: &str, body: ChatBody) -> Result<ChatView, ApiError> {
        let chat = self.own_chat(user, id).await?;
        let mut extra = chat.extra.clone();
        if let Some(company) = body.company_id {
            self.require_company(user, company).await?;
            extra.company = company;
        }
        extra.open = body.open.unwrap_or(extra.open);
        if extra.company != chat.extra.company {
            let placed = Placed { company: extra.company };
            CHATS.put(self.store(), &self.tenant(), &chat.as_user, &chat.id.to_hex(), &placed).await?;
        }
        let patch = ChannelPatch { name: body.name, extra: extra.clone().into_extra(), ..ChannelPatch::default() };
        let overview = self.chat().change_channel_details(&self.tenant(), &chat.as_user, chat.id, patch).await?;
        self.chat_view(&OpenedChat { extra, overview, ..chat }).await
    }

    /// Deletes a chat with everything in it, and ends its users' connections.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn delete_chat(&self, user: &ApiUser, id: &str) -> Result<(), ApiError> {
        let chat = self.own_chat(user, id).await?;
        self.delete_chat_by_id(user, chat.id).await
    }

    pub(crate) async fn delete_chat_by_id(&self, user: &ApiUser, id: EntityId) -> Result<(), ApiError> {
        match self.chat().delete_channel(&self.tenant(), &user.domain_id(), id).await {
            // Its users were turned out with its deletion.
            Ok(()) => self.forget_place(user, id).await,
            Err(ChatError::NotFound(_)) => self.forget_chat(user, id).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what is kept of a chat that is gone. The row that leads to it goes last.
    async fn forget_chat(&self, user: &ApiUser, id: EntityId) -> Result<(), ApiError> {
        self.turn_everyone_out(id).await?;
        self.forget_place(user, id).await
    }

    async fn forget_place(&self, user: &ApiUser, id: EntityId) -> Result<(), ApiError> {
        CHATS.delete(self.store(), &self.tenant(), &user.domain_id(), &id.to_hex()).await?;
        Ok(())
    }

    /// Ends the connections of a chat that is gone, whichever API it was deleted by, and all ways into it.
    pub(crate) async fn turn_everyone_out(&self, chat: EntityId) -> Result<(), ApiError> {
        self.forget_chat_users(chat).await?;
        self.forget_codes(chat).await
    }

    /// A chat as it is shown.
    pub(crate) async fn chat_view(&self, chat: &OpenedChat) -> Result<ChatView, ApiError> {
        let ChannelOverview { channel, last_message, messages, .. } = &chat.overview;
        let owner = &chat.extra.owner;
        // The owner belongs to the channel and not to the chat, and may have left the channel through another API.
        let is_owner_there = match self.chat().membership(&self.tenant(), owner, chat.id).await {
            Ok(_) => 1,
            Err(ChatError::NotFound(_)) => 0,
            Err(error) => return Err(error.into()),
        };
        Ok(ChatView {
            id: chat.id.to_hex(),
            company_id: chat.extra.company.to_hex(),
            name: channel.name.clone(),
            open: chat.extra.open,
            users_count: channel.member_count.saturating_sub(is_owner_there),
            messages_count: *messages,
            last_message: last_message.as_ref().map(MessageView::of),
            created_at: iso(channel.created_at),
            updated_at: iso(channel.updated_at.max(channel.created_at)),
        })
    }
}
