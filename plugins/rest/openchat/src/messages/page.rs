//! Reading a room's messages.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use natter_chat::{Cursor, Entry, Page};
use natter_rest::Rejection;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::caller::Caller;
use crate::check;
use crate::errors::ApiError;
use crate::list::Entries;
use crate::message::MessageView;
use crate::open_chat::OpenChat;
use crate::room::Room;
use crate::side::Side;

/// Messages of one page, at most, and where only a cursor is given.
const PAGE_MAX: u32 = 1_000;
const PAGE: u32 = 100;
/// Messages of one read where all are asked for.
const READ: usize = 500;

/// Which messages.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessagesQuery {
    /// 1 to 1,000: the newest, or those next to a cursor; all without it and without a cursor.
    pub(crate) limit: Option<u32>,
    /// A message's id: those before it.
    pub(crate) before: Option<String>,
    /// A message's id: those after it.
    pub(crate) after: Option<String>,
}

impl MessagesQuery {
    /// The page that is asked for; `None` is all messages.
    fn page(&self) -> Result<Option<(Cursor, usize)>, ApiError> {
        if self.limit.is_some_and(|limit| !(1..=PAGE_MAX).contains(&limit)) {
            return Err(Rejection::invalid("limit", format!("must be 1 to {PAGE_MAX}")).into());
        }
        let cursor = match (&self.before, &self.after) {
            (None, None) => Cursor::Newest,
            (Some(before), None) => Cursor::Before(check::object_id("before", before)?),
            (None, Some(after)) => Cursor::After(check::object_id("after", after)?),
            (Some(_), Some(_)) => return Err(Rejection::invalid("after", "cannot stand beside before").into()),
        };
        let limit = self.limit.or((cursor != Cursor::Newest).then_some(PAGE));
        Ok(limit.map(|limit| (cursor, limit as usize)))
    }
}

impl OpenChat {
    /// Messages of a room, the oldest first.
    ///
    /// # Errors
    /// 1000, 1004, 4003.
    pub(crate) async fn messages(
        &self,
        caller: &Caller,
        room_id: &str,
        query: MessagesQuery,
    ) -> Result<Entries<MessageView>, ApiError> {
        let room = Arc::new(self.room(caller, room_id).await?);
        match query.page()? {
            Some((cursor, limit)) => {
                let page = self.page(caller, &room, cursor, limit).await?;
                Ok(stream::iter(views(&room, page).into_iter().map(Ok)).boxed())
            }
            None => self.all_messages(caller, room).await,
        }
    }

    /// All messages, read while they are sent; the first part of them before anything is sent.
    async fn all_messages(&self, caller: &Caller, room: Arc<Room>) -> Result<Entries<MessageView>, ApiError> {
        let first = self.page(caller, &room, Cursor::Since(1), READ).await?;
        let next = next_seq(&first);
        let (open_chat, caller) = (self.clone(), caller.clone());
        let first = stream::iter([Ok(views(&room, first))]);
        let rest = stream::unfold(next, move |next| {
            let (open_chat, caller, room) = (open_chat.clone(), caller.clone(), Arc::clone(&room));
            async move {
                match open_chat.page(&caller, &room, Cursor::Since(next?), READ).await {
                    Ok(page) => {
                        let next = next_seq(&page);
                        Some((Ok(views(&room, page)), next))
                    }
                    Err(error) => Some((Err(error), None)),
                }
            }
        });
        let entries = first.chain(rest).flat_map(|page| {
            let entries: Vec<Result<MessageView, ApiError>> = match page {
                Ok(views) => views.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            stream::iter(entries)
        });
        Ok(entries.boxed())
    }

    async fn page(&self, caller: &Caller, room: &Room, cursor: Cursor, limit: usize) -> Result<Page, ApiError> {
        let member = room.member_of(Side::Shop);
        Ok(self.chat().messages(caller.tenant(), member, room.id, cursor, limit).await?)
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

fn views(room: &Room, page: Page) -> Vec<MessageView> {
    let views = page.entries.iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some(MessageView::of(room, message)),
        Entry::Deleted { .. } => None,
    });
    views.collect()
}
