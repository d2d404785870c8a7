//! Where the domain's work goes once there is somebody to do it.
//!
//! The domain is started before the plugins, which are made over it. Until they are set, nothing of a channel can have
//! happened but what a start brings up to date, and that waits here.

use std::time::Duration;

use async_trait::async_trait;
use natter_chat::{ChatError, FollowUps, Happened, Work};
use natter_openchat::OpenChat;
use tokio::sync::SetOnce;

/// How long work waits for the node's start before it is tried again.
const START_TIME_MAX: Duration = Duration::from_secs(5);

/// The work of all plugins.
#[derive(Default)]
pub(crate) struct PluginsWork {
    takers: SetOnce<(FollowUps, OpenChat)>,
}

impl PluginsWork {
    /// Begins to hand on work.
    pub(crate) fn start(&self, follow_ups: FollowUps, open_chat: OpenChat) {
        // It is set here and nowhere else.
        let _ = self.takers.set((follow_ups, open_chat));
    }
}

#[async_trait]
impl Work for PluginsWork {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        let waiting = tokio::time::timeout(START_TIME_MAX, self.takers.wait());
        let (follow_ups, open_chat) = waiting.await.map_err(|_| ChatError::Unavailable)?;
        follow_ups.happened(happened.clone()).await?;
        open_chat.happened(&happened).await.map_err(|_| ChatError::Unavailable)
    }
}
