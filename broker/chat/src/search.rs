//! Search in the caller's own channels.

use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use natter_core::{EntityId, TenantId};
use tokio::time::Instant;

use crate::chat::Chat;
use crate::error::{ChatError, Missing};
use crate::messages::Cursor;
use crate::model::{Entry, Message};

/// The newest messages of a channel that are looked at however long it takes.
const LOOKS_MIN: usize = 2_000;
/// How long a search goes further back than that.
const TIME_MAX: Duration = Duration::from_secs(2);
/// Messages of one page.
const PAGE: usize = 500;
/// Channels that are searched side by side.
const SEARCHES_AT_ONCE: usize = 8;
/// Characters of a query.
const QUERY_MAX: usize = 200;

/// What is looked for in each channel.
#[derive(Clone, Copy)]
struct Look<'a> {
    query: &'a str,
    /// Matches of a channel that can be on the page, and one that tells of more.
    wanted: usize,
    /// When to stop going further back.
    until: Instant,
}

impl Chat {
    /// Messages whose text has `query` in it, in any letter case, the newest first; looks at the newest 2,000 messages of
    /// each of the caller's channels, and for up to 2 s at those before. Answers with `limit` of them from `offset` on,
    /// and whether there are more.
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
        let wanted = offset.saturating_add(limit).saturating_add(1);
        let look = Look { query: &query, wanted, until: Instant::now() + TIME_MAX };
        let searches = stream::iter(ids.iter().copied()).map(|id| self.search_in(tenant, caller, id, look));
        let found: Vec<Vec<Message>> = searches.buffered(SEARCHES_AT_ONCE).boxed().try_collect().await?;
        let mut found: Vec<Message> = found.into_iter().flatten().collect();
        found.sort_by_key(|message| std::cmp::Reverse((message.created_at, message.id)));
        let has_more = found.len() > offset.saturating_add(limit);
        Ok((found.into_iter().skip(offset).take(limit).collect(), has_more))
    }

    /// The newest matches of a channel, as many as can be wanted of it.
    async fn search_in(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        look: Look<'_>,
    ) -> Result<Vec<Message>, ChatError> {
        let (mut found, mut cursor, mut looked) = (Vec::new(), Cursor::Newest, 0);
        while found.len() < look.wanted && (looked < LOOKS_MIN || Instant::now() < look.until) {
            let page = match self.messages(tenant, caller, channel, cursor, PAGE).await {
                Ok(page) => page,
                // The index may name a channel that is gone.
                Err(ChatError::NotFound(Missing::Channel)) => break,
                Err(error) => return Err(error),
            };
            looked += page.entries.len();
            let messages: Vec<Message> = page.entries.into_iter().filter_map(Entry::into_message).collect();
            let oldest = messages.first().map(|oldest| oldest.id).filter(|_| page.has_more);
            let matches = messages.into_iter().rev().filter(|message| message.text.to_lowercase().contains(look.query));
            found.extend(matches);
            match oldest {
                Some(oldest) => cursor = Cursor::Before(oldest),
                None => break,
            }
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

#[cfg(test)]
mod tests;
