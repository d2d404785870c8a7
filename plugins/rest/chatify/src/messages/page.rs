//! Reading a conversation's messages, which marks them as read.

use futures_util::stream::{self, StreamExt};
use natter_chat::{Cursor, Entry, Page};
use natter_core::EntityId;
use natter_rest::{InRange, Rejection};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::admission::Caller;
use crate::chatify::Chatify;
use crate::check;
use crate::conversations::Entries;
use crate::errors::ApiError;
use crate::views::MessageView;

/// Messages of a page where only a cursor is given.
const PAGE: usize = 100;
/// Messages of one read where all are asked for.
const READ: usize = 500;

/// Which messages.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessagesQuery {
    /// 1 to 1,000: the newest, or those next to a cursor; all without it and without a cursor.
    pub(crate) limit: Option<InRange<1, 1000>>,
    /// A message's id: those before it.
    pub(crate) before: Option<String>,
    /// A message's id: those after it.
    pub(crate) after: Option<String>,
}

impl MessagesQuery {
    /// The page that is asked for; `None` is all messages.
    fn page(&self) -> Result<Option<(Cursor, usize)>, ApiError> {
        let cursor = match (&self.before, &self.after) {
            (None, None) => Cursor::Newest,
            (Some(before), None) => Cursor::Before(check::object_id("before", before)?),
            (None, Some(after)) => Cursor::After(check::object_id("after", after)?),
            (Some(_), Some(_)) => return Err(Rejection::invalid("after", "cannot stand beside before").into()),
        };
        let limit = self.limit.map(|limit| limit.get() as usize);
        Ok(limit.or((cursor != Cursor::Newest).then_some(PAGE)).map(|limit| (cursor, limit)))
    }
}

impl Chatify {
    /// Messages of a conversation, the oldest first. What is answered counts as read.
    ///
    /// # Errors
    /// 400, 403, 404.
    pub(crate) async fn messages(
        &self,
        caller: &Caller,
        conversation: &str,
        query: &MessagesQuery,
    ) -> Result<Entries<MessageView>, ApiError> {
        let id = check::object_id("conversationId", conversation)?;
        let page = query.page()?;
        self.conversation(caller, id).await?;
        match page {
            Some((cursor, limit)) => {
                let page = self.read(caller, id, cursor, limit).await?;
                Ok(stream::iter(views(page).into_iter().map(Ok)).boxed())
            }
            None => self.all_messages(caller, id).await,
        }
    }

    /// All messages, read while they are sent; the first part of them before anything is sent.
    async fn all_messages(&self, caller: &Caller, id: EntityId) -> Result<Entries<MessageView>, ApiError> {
        let first = self.read(caller, id, Cursor::Since(1), READ).await?;
        let next = next_seq(&first);
        let (chatify, caller) = (self.clone(), caller.clone());
        let first = stream::iter([Ok(views(first))]);
        let rest = stream::unfold(next, move |next| {
            let (chatify, caller) = (chatify.clone(), caller.clone());
            async move {
                match chatify.read(&caller, id, Cursor::Since(next?), READ).await {
                    Ok(page) => {
                        let next = next_seq(&page);
                        Some((Ok(views(page)), next))
                    }
                    Err(error) => Some((Err(error), None)),
                }
            }
        });
        let entries = first.chain(rest).flat_map(|page: Result<Vec<MessageView>, ApiError>| {
            stream::iter(match page {
                Ok(views) => views.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            })
        });
        Ok(entries.boxed())
    }

    /// A page, which counts as read from now on.
    async fn read(&self, caller: &Caller, id: EntityId, cursor: Cursor, limit: usize) -> Result<Page, ApiError> {
        let (tenant, user) = (caller.tenant(), caller.id());
        let page = self.chat().messages(tenant, user, id, cursor, limit).await?;
        let newest = page.entries.iter().rev().find_map(|entry| match entry {
            Entry::Message(message) => Some(message.id),
            Entry::Deleted { .. } => None,
        });
        if newest.is_some() {
            self.chat().mark_read(tenant, user, id, newest).await?;
        }
        Ok(page)
    }
}

/// The number from which the next read goes on; `None` when there is nothing left.
fn next_seq(page: &Page) -> Option<u64> {
    let last = page.entries.last().filter(|_| page.has_more)?;
    Some(match last {
        Entry::Message(message) => message.seq + 1,
        Entry::Deleted { seq, .. } => seq + 1,
    })
}

fn views(page: Page) -> Vec<MessageView> {
    let views = page.entries.iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some(MessageView::of(message)),
        Entry::Deleted { .. } => None,
    });
    views.collect()
}
