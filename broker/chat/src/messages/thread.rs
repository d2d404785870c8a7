//! Threads: the messages that answer one message.

use natter_core::{EntityId, TenantId};

use super::Page;
use super::state::row_of;
use crate::chat::Chat;
use crate::error::ChatError;
use crate::model::Entry;
use crate::rows::Table;

/// Answers: partition the channel, row the number of the answered message and of the answer, value its id.
pub(crate) const REPLIES: Table<EntityId> = Table::new("chat_replies");
/// Answers that are looked at for one page.
const LOOKS_MAX: usize = 10_000;

pub(crate) fn reply_row(parent: u64, reply: u64) -> String {
    format!("{}:{}", row_of(parent), row_of(reply))
}

impl Chat {
    /// The newest `limit` answers to a message, in ascending order.
    ///
    /// # Errors
    /// [`crate::Missing::Channel`] and [`crate::Missing::Message`].
    pub async fn thread(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        parent: EntityId,
        limit: usize,
    ) -> Result<Page, ChatError> {
        let hot = self.visible(tenant, caller, channel).await?;
        hot.settle().await;
        let parent = self.find(&hot, parent).await?.message.seq;
        let replies = self.replies_to(&hot, parent).await?;
        let mut found = Vec::new();
        let mut has_more = false;
        for id in replies.into_iter().rev() {
            let reply = self.find_any(&hot, id).await?.filter(|reply| !reply.is_deleted());
            let Some(reply) = reply else { continue };
            if found.len() == limit {
                has_more = true;
                break;
            }
            found.push(reply);
        }
        found.reverse();
        let messages = self.finish_all(&hot, found, Some(caller)).await?;
        let entries = messages.into_iter().map(|message| Entry::Message(Box::new(message))).collect();
        Ok(Page { entries, has_more, max_seq: hot.with_fold(|fold| fold.seq) })
    }

    async fn replies_to(&self, hot: &crate::hot::HotChannel, parent: u64) -> Result<Vec<EntityId>, ChatError> {
        let (partition, prefix) = (hot.id.to_hex(), format!("{}:", row_of(parent)));
        let mut after = prefix.clone();
        let mut replies = Vec::new();
        while replies.len() < LOOKS_MAX {
            let page = REPLIES.page(self.store(), &hot.tenant, &partition, Some(&after), 1_000).await?;
            let of_parent: Vec<_> = page.into_iter().take_while(|(row, _)| row.starts_with(&prefix)).collect();
            let Some((newest, _)) = of_parent.last() else { break };
            after.clone_from(newest);
            replies.extend(of_parent.into_iter().map(|(_, reply)| reply.value));
        }
        Ok(replies)
    }
}
