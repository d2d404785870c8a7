//! Messages of a chat.

use natter_chat::{Cursor, DeleteRule, Message, NewMessage};
use natter_core::EntityId;
use natter_rest::Rejection;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::OpenedChat;
use crate::caller::Caller;
use crate::connect_now::ConnectNow;
use crate::errors::ApiError;
use crate::paging::{ListOf, Neighbours, PageQuery};
use crate::shapes::{MessageView, id_in_path};

/// Which messages, beside their page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BesideQuery {
    /// A message's id: those directly after it.
    pub(crate) after: Option<String>,
    /// A message's id: those directly before it.
    pub(crate) before: Option<String>,
}

impl BesideQuery {
    fn cursor(&self) -> Result<Option<Cursor>, ApiError> {
        let read = |field: &str, id: &String| {
            EntityId::parse_hex(id).ok_or_else(|| ApiError::from(Rejection::invalid(field, "is invalid")))
        };
        match (&self.after, &self.before) {
            (None, None) => Ok(None),
            (Some(after), None) => Ok(Some(Cursor::After(read("after", after)?))),
            (None, Some(before)) => Ok(Some(Cursor::Before(read("before", before)?))),
            (Some(_), Some(_)) => Err(ApiError::invalid("after", "cannot stand beside before")),
        }
    }
}

impl ConnectNow {
    /// A page of a chat's messages, newest last.
    ///
    /// # Errors
    /// 404 when `after` or `before` is no message of the chat; 422.
    pub(crate) async fn messages(
        &self,
        chat: &OpenedChat,
        page: &PageQuery,
        beside: &BesideQuery,
        url: &str,
    ) -> Result<ListOf<MessageView>, ApiError> {
        let (tenant, limit) = (self.tenant(), page.per_page.get());
        let Some(cursor) = beside.cursor()? else {
            let first = page.offset() as u64;
            let (messages, total) = self.chat().messages_at(&tenant, &chat.as_user, chat.id, first, limit).await?;
            return Ok(page.list(messages.iter().map(MessageView::of).collect(), total, url));
        };
        let found = self.chat().messages(&tenant, &chat.as_user, chat.id, cursor, limit).await?;
        let views = MessageView::of_entries(&found.entries);
        let end = |view: Option<&MessageView>| view.filter(|_| found.has_more).map(|view| view.id().to_owned());
        let neighbours = match cursor {
            Cursor::Before(_) => Neighbours { before: end(views.first()), after: None },
            _ => Neighbours { before: None, after: end(views.last()) },
        };
        Ok(page.beside(views, chat.overview.messages, url, neighbours))
    }

    /// A message.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn message(&self, chat: &OpenedChat, id: &str) -> Result<Message, ApiError> {
        Ok(self.chat().message(&self.tenant(), &chat.as_user, chat.id, id_in_path(id)?).await?)
    }

    /// A chat to which the caller may send.
    ///
    /// # Errors
    /// 403 with an API token, and when the chat is closed; as [`ConnectNow::visible_chat`].
    pub(crate) async fn chat_to_send_to(&self, caller: &Caller, chat_id: &str) -> Result<OpenedChat, ApiError> {
        let chat = self.visible_chat(caller, chat_id).await?;
        if chat.is_visitor && chat.extra.open { Ok(chat) } else { Err(ApiError::Forbidden) }
    }

    /// Sends a message as a chat user.
    pub(crate) async fn send(
        &self,
        chat: &OpenedChat,
        text: String,
        key: Option<String>,
    ) -> Result<MessageView, ApiError> {
        let new = NewMessage { text, key, ..NewMessage::default() };
        let sent = self.chat().send(&self.tenant(), &chat.as_user, chat.id, new).await?;
        Ok(MessageView::of(&sent.message))
    }

    /// Gives a message another text: the sender, or the API user.
    ///
    /// # Errors
    /// 403 for other chat users; 404.
    pub(crate) async fn edit(&self, chat: &OpenedChat, id: &str, text: String) -> Result<MessageView, ApiError> {
        let id = id_in_path(id)?;
        let message = match chat.is_visitor {
            true => self.chat().edit(&self.tenant(), &chat.as_user, chat.id, id, text).await?,
            false => self.chat().edit_unasked(&self.tenant(), chat.id, id, text).await?,
        };
        Ok(MessageView::of(&message))
    }

    /// Deletes a message: the sender, or the API user.
    ///
    /// # Errors
    /// 403 for other chat users; 404.
    pub(crate) async fn delete_message(&self, chat: &OpenedChat, id: &str) -> Result<(), ApiError> {
        let rule = if chat.is_visitor { DeleteRule::Sender } else { DeleteRule::Anyone };
        self.chat().delete_message(&self.tenant(), &chat.as_user, chat.id, id_in_path(id)?, rule).await?;
        Ok(())
    }

    /// Moves a chat user's read position to a message.
    ///
    /// # Errors
    /// 422 when there is no such message.
    pub(crate) async fn mark_read(&self, chat: &OpenedChat, message: EntityId) -> Result<(), ApiError> {
        match self.chat().mark_read(&self.tenant(), &chat.as_user, chat.id, Some(message)).await {
            Ok(_) => Ok(()),
            Err(natter_chat::ChatError::NotFound(natter_chat::Missing::Message)) => {
                Err(ApiError::invalid("message_id", "is invalid"))
            }
            Err(error) => Err(error.into()),
        }
    }
}
