//! Search in the caller's own channels.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::messages::Cursor;
use crate::model::{Entry, Message};

/// The newest messages of a channel that are looked at.
const LOOKS_MAX: usize = 2_000;
/// Messages of one page.
const PAGE: usize = 500;
/// Channels that are searched side by side.
const SEARCHES_AT_ONCE: usize = 8;
/// Characters of a query.
const QUERY_MAX: usize = 200;

impl Chat {
    /// Messages whose text has `query` in it, in any letter case, the newest first; looks at the newest 2,000 messages of
    /// each of the caller's channels. Answers with `limit` of them from `offset` on, and whether there are more.
    ///
    /// # Errors
    /// The query is empty or longer than 200 characters.
    pub async fn search(
        &self,
        tenant: &TenantId,
        caller: &str,
        query: &str,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Message>, bool), ChatError> {
        let query = query.trim().to_lowercase();
        if query.is_empty() || query.chars().count() > QUERY_MAX {
            return Err(ChatError::invalid("q", format!("1 to {QUERY_MAX} characters")));
        }
        let ids = self.channels_of(tenant, caller).await?;
        let searches = stream::iter(ids.iter().copied()).map(|id| self.search_in(tenant, caller, id, &query));
        let found: Vec<Vec<Message>> = searches.buffered(SEARCHES_AT_ONCE).boxed().try_collect().await?;
        let mut found: Vec<Message> = found.into_iter().flatten().collect();
        found.sort_by_key(|message| std::cmp::Reverse((message.created_at, message.id)));
        let has_more = found.len() > offset.saturating_add(limit);
        Ok((found.into_iter().skip(offset).take(limit).collect(), has_more))
    }

    async fn search_in(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        query: &str,
    ) -> Result<Vec<Message>, ChatError> {
        let (mut found, mut cursor, mut looked) = (Vec::new(), Cursor::Newest, 0);
        while looked < LOOKS_MAX {
            let page = match self.messages(tenant, caller, channel, cursor, PAGE).await {
                Ok(page) => page,
                // The index may name a channel that is gone.
                Err(ChatError::NotFound(Missing::Channel)) => break,
                Err(error) => return Err(error),
            };
            looked += page.entries.len();
            let messages: Vec<Message> = page.entries.into_iter().filter_map(Entry::into_message).collect();
            let Some(oldest) = messages.first().map(|oldest| oldest.id).filter(|_| page.has_more) else {
                found.extend(messages.into_iter().filter(|message| message.text.to_lowercase().contains(query)));
                break;
            };
            cursor = Cursor::Before(oldest);
            found.extend(messages.into_iter().filter(|message| message.text.to_lowercase().contains(query)));
        }
        Ok(found)
    }
}

impl Entry {
    /// The message, if it is there.
    pub fn into_message(self) -> Option<Message> {
        match self {
            Self::Message(message) => Some(*message),
            Self::Deleted { .. } => None,
        }
    }
}
