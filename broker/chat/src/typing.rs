//! Typing: a signal that ends by itself.

use std::time::Duration;

use natter_core::{EntityId, TenantId};

use crate::chat::Chat;
use crate::error::ChatError;
use crate::event::{Event, EventBody};
use crate::hot::HotChannel;

/// How long somebody types who does not say so again.
const TYPING: Duration = Duration::from_secs(6);
/// Users of a channel who can be typing at the same time.
const TYPING_MAX: usize = 1_000;

impl Chat {
    /// Tells a channel that the caller types, or has stopped.
    ///
    /// # Errors
    /// The caller is no member.
    pub async fn set_typing(
        &self,
        tenant: &TenantId,
        caller: &str,
        channel: EntityId,
        is_typing: bool,
    ) -> Result<(), ChatError> {
        let (hot, _) = self.own(tenant, caller, channel).await?;
        if !is_typing {
            self.stop_typing(&hot, caller).await;
            return Ok(());
        }
        let (turn, is_new) = {
            let mut typing = hot.typing.lock();
            if typing.len() >= TYPING_MAX && !typing.contains_key(caller) {
                return Ok(());
            }
            let turn = typing.entry(caller.to_owned()).or_insert(0);
            let is_new = *turn == 0;
            *turn += 1;
            (*turn, is_new)
        };
        if is_new {
            self.announce_typing(&hot, caller, true).await;
        }
        let (chat, caller) = (self.clone(), caller.to_owned());
        self.0.broker.runtime().spawn(async move {
            tokio::time::sleep(TYPING).await;
            let is_over = hot.typing.lock().get(&caller) == Some(&turn);
            if is_over {
                chat.stop_typing(&hot, &caller).await;
            }
        });
        Ok(())
    }

    /// Tells a channel that somebody has stopped typing, if it was.
    pub(crate) async fn stop_typing(&self, hot: &HotChannel, user: &str) {
        if hot.typing.lock().remove(user).is_some() {
            self.announce_typing(hot, user, false).await;
        }
    }

    async fn announce_typing(&self, hot: &HotChannel, user: &str, is_typing: bool) {
        if let Ok(user) = self.brief(&hot.tenant, user).await {
            let event = Event::of(hot.id, EventBody::Typing { user, is_typing });
            self.announce(hot, &event);
            // Whoever cannot take it now misses a signal that is over in a moment.
            let _ = self.after_change(hot, &event).await;
        }
    }
}
