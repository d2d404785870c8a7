//! Brings rows up to date with a channel's log: states of messages, answers, pins, and work for the outbox.
//!
//! One task at a time works on a channel, event by event. Every step can be done again, since a state remembers the offset
//! of the newest event in it: after a crash the events above the stored summary are simply projected once more.

use std::sync::Arc;
use std::time::Duration;

use natter_core::Publication;

use crate::chat::Chat;
use crate::error::ChatError;
use crate::event::{Event, EventBody, Posted};
use crate::hot::HotChannel;
use crate::messages::state::{STATES, State, row_of};
use crate::messages::thread::{REPLIES, reply_row};

/// The first wait after a failure of the store; doubled up to [`WAIT_MAX`].
const WAIT_MIN: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(5);

impl Chat {
    /// Starts the projection of a channel, which is not running.
    pub(crate) fn project(&self, hot: Arc<HotChannel>) {
        let chat = self.clone();
        self.0.broker.runtime().spawn(async move { chat.project_all(&hot).await });
    }

    async fn project_all(&self, hot: &Arc<HotChannel>) {
        let mut wait = WAIT_MIN;
        while let Some((publication, event)) = hot.next_to_project() {
            match self.project_one(hot, &publication, &event).await {
                Ok(()) => {
                    hot.set_projected(publication.offset);
                    wait = WAIT_MIN;
                }
                // What cannot be written now is written later: the log has it, and nothing overtakes it.
                Err(error) => {
                    tracing::warn!(channel = %hot.key, offset = publication.offset, %error, "an event waits for its rows");
                    hot.not_projected((publication, event));
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(WAIT_MAX);
                }
            }
        }
        self.count_anew(hot);
    }

    async fn project_one(&self, hot: &HotChannel, publication: &Publication, event: &Event) -> Result<(), ChatError> {
        let (offset, now_ms) = (publication.offset, publication.time_ms);
        match &event.body {
            EventBody::Message(posted) => self.project_message(hot, publication, posted).await?,
            EventBody::Edited(message) => {
                self.change_state(hot, message.seq, offset, |state| state.edited(message)).await?;
            }
            EventBody::Deleted(deletion) => {
                self.change_state(hot, deletion.seq, offset, |state| state.deleted_at = Some(now_ms)).await?;
            }
            EventBody::ReactionAdded(change) | EventBody::ReactionRemoved(change) => {
                let adds = matches!(event.body, EventBody::ReactionAdded(_));
                self.project_reaction(hot, change, adds).await?;
                self.change_state(hot, change.seq, offset, |state| state.reacted(&change.reactions)).await?;
            }
            EventBody::Pinned(change) => {
                self.project_pin(hot, change, true).await?;
                self.change_state(hot, change.seq, offset, |state| state.pin = Some(change.pin(now_ms))).await?;
            }
            EventBody::Unpinned(change) => {
                self.project_pin(hot, change, false).await?;
                self.change_state(hot, change.seq, offset, |state| state.pin = None).await?;
            }
            _ => {}
        }
        self.after_commit(hot, publication, event).await
    }

    async fn project_message(
        &self,
        hot: &HotChannel,
        publication: &Publication,
        posted: &Posted,
    ) -> Result<(), ChatError> {
        let Some((_, parent)) = posted.parent else { return Ok(()) };
        let row = reply_row(parent, publication.seq);
        REPLIES.set(self.store(), &hot.tenant, &hot.id.to_hex(), &row, &posted.id).await?;
        self.change_state(hot, parent, publication.offset, |state| {
            state.reply_count += 1;
            state.last_reply_at = Some(publication.time_ms);
        })
        .await
    }

    /// Changes a message's state, unless the event is in it already.
    async fn change_state(
        &self,
        hot: &HotChannel,
        seq: u64,
        offset: u64,
        change: impl FnOnce(&mut State),
    ) -> Result<(), ChatError> {
        let mut state = self.state_of(hot, seq).await?;
        if state.as_of >= offset {
            return Ok(());
        }
        change(&mut state);
        state.as_of = offset;
        STATES.set(self.store(), &hot.tenant, &hot.id.to_hex(), &row_of(seq), &state).await
    }
}
