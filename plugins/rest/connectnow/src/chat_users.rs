//! Chat users: members of a chat's channel, but its owner. Those who came through this document have an email address,
//! and are users of the domain for this one chat.

use std::borrow::Cow;
use std::collections::HashMap;

use natter_chat::{ChatError, Member, User, UserPatch};
use natter_core::EntityId;
use natter_node::session::{Close, CloseKind, Control, Target};

use crate::access::OpenedChat;
use crate::bodies::ChatUserBody;
use crate::connect_now::ConnectNow;
use crate::errors::ApiError;
use crate::paging::PageQuery;
use crate::rows::{EMAILS, GUESTS, GUESTS_MAX, Guest, folded};
use crate::shapes::{ChatUserView, id_in_path, iso};

/// What a connection is closed with whose user is no longer in the chat. Clients do not come back after it.
const REMOVED_CODE: u16 = 3_503;
/// Characters of a name that is made of an address.
const NAME_MAX: usize = 200;

impl ConnectNow {
    /// A page of a chat's users in the order of their joining, and how many there are.
    pub(crate) async fn chat_users(
        &self,
        chat: &OpenedChat,
        page: &PageQuery,
    ) -> Result<(Vec<ChatUserView>, u64), ApiError> {
        let mut members = self.chat().members(&self.tenant(), &chat.as_user, chat.id).await?;
        members.retain(|member| member.user != chat.extra.owner);
        let rows = GUESTS.all(self.store(), &self.tenant(), &chat.id.to_hex(), GUESTS_MAX).await?;
        let mut guests: HashMap<String, Guest> = rows.into_iter().map(|(user, guest)| (user, guest.value)).collect();
        let mut views = Vec::new();
        for member in page.slice(&members) {
            views.push(self.view_of(chat.id, member, guests.remove(&member.user)).await?);
        }
        Ok((views, members.len() as u64))
    }

    /// A chat user by the id in a path.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn chat_user(&self, chat: &OpenedChat, id: &str) -> Result<Member, ApiError> {
        let user = self.chat().user_by_entity(&self.tenant(), id_in_path(id)?).await?;
        let user = user.filter(|user| user.id != chat.extra.owner).ok_or(ApiError::NotFound)?;
        Ok(self.chat().membership(&self.tenant(), &user.id, chat.id).await?)
    }

    /// Makes a chat user.
    ///
    /// # Errors
    /// 422 when somebody in the chat has the address.
    pub(crate) async fn make_chat_user(
        &self,
        chat: EntityId,
        owner: &str,
        email: &str,
        name: Option<String>,
    ) -> Result<Member, ApiError> {
        let tenant = self.tenant();
        let id = self.new_id()?.to_hex();
        self.claim_email(chat, email, &id).await?;
        let name = name.unwrap_or_else(|| name_of(email));
        let patch = UserPatch { name: Some(Some(name)), ..UserPatch::default() };
        self.chat().upsert_user(&tenant, &id, patch).await?;
        let guest = Guest { email: email.to_owned(), updated_at: self.now_ms() };
        GUESTS.put(self.store(), &tenant, &chat.to_hex(), &id, &guest).await?;
        self.chat().add_members(&tenant, owner, chat, std::slice::from_ref(&id)).await?;
        Ok(self.chat().membership(&tenant, &id, chat).await?)
    }

    /// Takes an address for a user of a chat. One whose user has gone, or never came, is free.
    async fn claim_email(&self, chat: EntityId, email: &str, user: &str) -> Result<(), ApiError> {
        let (tenant, partition, row) = (self.tenant(), chat.to_hex(), folded(email));
        let taken = || ApiError::invalid("email", "has already been taken");
        let before = EMAILS.get(self.store(), &tenant, &partition, &row).await?.map(|before| before.value);
        if let Some(other) = before.as_deref().filter(|other| *other != user)
            && self.is_member(chat, other).await?
        {
            return Err(taken());
        }
        let claim = |known: Option<&String>| {
            // Whoever was quicker has it; what was removed meanwhile is free.
            if known.is_none() || known == before.as_ref() { Ok(Some(user.to_owned())) } else { Err(taken()) }
        };
        EMAILS.update(self.store(), &tenant, &partition, &row, claim).await.map(drop)
    }

    /// Changes the name or the address of a chat user who came through this document.
    ///
    /// # Errors
    /// 403 for somebody who came through another API; 404; 422.
    pub(crate) async fn change_chat_user(
        &self,
        chat: &OpenedChat,
        id: &str,
        body: ChatUserBody,
    ) -> Result<ChatUserView, ApiError> {
        let member = self.chat_user(chat, id).await?;
        let (tenant, partition) = (self.tenant(), chat.id.to_hex());
        let guest = GUESTS.get(self.store(), &tenant, &partition, &member.user).await?;
        let guest = guest.ok_or(ApiError::Forbidden)?.value;
        if let Some(email) = &body.email {
            self.claim_email(chat.id, email, &member.user).await?;
            let new = Guest { email: email.clone(), updated_at: self.now_ms() };
            GUESTS.put(self.store(), &tenant, &partition, &member.user, &new).await?;
            if folded(email) != folded(&guest.email) {
                self.release_email(chat.id, &guest.email, &member.user).await?;
            }
        }
        if body.name.is_some() {
            let patch = UserPatch { name: Some(body.name), ..UserPatch::default() };
            self.chat().upsert_user(&tenant, &member.user, patch).await?;
        }
        self.chat_user_view(chat.id, &member).await
    }

    /// Takes a user out of a chat; both kinds of connections are closed, and tokens are void.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn remove_chat_user(&self, chat: &OpenedChat, id: &str) -> Result<(), ApiError> {
        let member = self.chat_user(chat, id).await?;
        self.chat().remove_member(&self.tenant(), &chat.as_user, chat.id, &member.user).await?;
        let guest = GUESTS.get(self.store(), &self.tenant(), &chat.id.to_hex(), &member.user).await?;
        if guest.is_some() {
            self.end_connections(&member.user);
        }
        Ok(())
    }

    /// Somebody has left a chat, by whichever API: what is kept of them goes, and so do their connections. Answers with
    /// what was kept.
    pub(crate) async fn forget_chat_user(&self, chat: EntityId, user: &str) -> Result<Option<Guest>, ApiError> {
        let gone = GUESTS.delete(self.store(), &self.tenant(), &chat.to_hex(), user).await?;
        if let Some(guest) = &gone {
            self.release_email(chat, &guest.email, user).await?;
            self.end_connections(user);
        }
        Ok(gone)
    }

    /// The chat is gone.
    pub(crate) async fn forget_chat_users(&self, chat: EntityId) -> Result<(), ApiError> {
        let (tenant, partition) = (self.tenant(), chat.to_hex());
        for (user, _) in GUESTS.all(self.store(), &tenant, &partition, GUESTS_MAX).await? {
            self.end_connections(&user);
        }
        EMAILS.delete_all(self.store(), &tenant, &partition).await?;
        Ok(GUESTS.delete_all(self.store(), &tenant, &partition).await?)
    }

    /// The user of a chat who has an address, if there is one.
    pub(crate) async fn member_with_email(&self, chat: EntityId, email: &str) -> Result<Option<Member>, ApiError> {
        let user = EMAILS.get(self.store(), &self.tenant(), &chat.to_hex(), &folded(email)).await?;
        let Some(user) = user else { return Ok(None) };
        match self.chat().membership(&self.tenant(), &user.value, chat).await {
            Ok(member) => Ok(Some(member)),
            Err(ChatError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A chat user as shown.
    pub(crate) async fn chat_user_view(&self, chat: EntityId, member: &Member) -> Result<ChatUserView, ApiError> {
        let guest = GUESTS.get(self.store(), &self.tenant(), &chat.to_hex(), &member.user).await?;
        self.view_of(chat, member, guest.map(|guest| guest.value)).await
    }

    async fn view_of(&self, chat: EntityId, member: &Member, guest: Option<Guest>) -> Result<ChatUserView, ApiError> {
        let user = self.chat().user(&self.tenant(), &member.user).await?;
        let view = self.guest_view(chat, &member.user, user.as_deref(), guest).await?;
        Ok(ChatUserView {
            last_read_message_id: member.last_read_id.map(EntityId::to_hex),
            created_at: iso(member.joined_at),
            updated_at: view.updated_at.max(iso(member.joined_at)),
            ..view
        })
    }

    /// A user who is or was in a chat, without what the membership says.
    pub(crate) async fn guest_view(
        &self,
        chat: EntityId,
        user_id: &str,
        user: Option<&User>,
        guest: Option<Guest>,
    ) -> Result<ChatUserView, ApiError> {
        let briefs = self.chat().users_brief(&self.tenant(), &[user_id.to_owned()]).await?;
        let brief = briefs.into_iter().next().ok_or(ApiError::NotFound)?;
        let updated_at = user.map_or(0, |user| user.updated_at);
        Ok(ChatUserView {
            id: brief.entity.to_hex(),
            chat_id: chat.to_hex(),
            name: brief.name,
            online: self.chat().is_online(&self.tenant(), user_id),
            last_read_message_id: None,
            created_at: iso(user.map_or(0, |user| user.created_at)),
            updated_at: iso(guest.as_ref().map_or(updated_at, |guest| guest.updated_at.max(updated_at))),
            email: guest.map(|guest| guest.email),
        })
    }

    async fn is_member(&self, chat: EntityId, user: &str) -> Result<bool, ApiError> {
        match self.chat().membership(&self.tenant(), user, chat).await {
            Ok(_) => Ok(true),
            Err(ChatError::NotFound(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets go of an address, if it is still this user's.
    async fn release_email(&self, chat: EntityId, email: &str, user: &str) -> Result<(), ApiError> {
        let is_own = |known: &String| known == user;
        EMAILS.delete_if(self.store(), &self.tenant(), &chat.to_hex(), &folded(email), is_own).await?;
        Ok(())
    }

    /// Ends every connection of a user who was made for one chat.
    fn end_connections(&self, user: &str) {
        let target =
            Target { tenant: self.tenant(), user: user.to_owned(), client: None, session: None, except: Vec::new() };
        let reason = Cow::Borrowed("removed from the chat");
        let close = Close { code: REMOVED_CODE, reason, kind: CloseKind::Auth };
        self.broker().control(target, Control::Disconnect(close));
    }
}

/// What somebody is called who has given an address only.
fn name_of(email: &str) -> String {
    email.split('@').next().unwrap_or_default().chars().take(NAME_MAX).collect()
}
