//! Where the domain's work goes once there is somebody to do it.
//!
//! The domain is started before the plugins, which are made over it. Until they are set, nothing of a channel can have
//! happened but what a start brings up to date, and that waits here.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use natter_chat::{ChatError, Happened, Work};
use tokio::sync::SetOnce;

/// How long work waits for the node's start before it is tried again.
const START_TIME_MAX: Duration = Duration::from_secs(5);

/// The work of all plugins.
#[derive(Default)]
pub(crate) struct PluginsWork {
    takers: SetOnce<Vec<Arc<dyn Work>>>,
}

impl PluginsWork {
    /// Begins to hand on work.
    pub(crate) fn start(&self, takers: Vec<Arc<dyn Work>>) {
        // It is set here and nowhere else.
        let _ = self.takers.set(takers);
    }
}

#[async_trait]
impl Work for PluginsWork {
    async fn happened(&self, happened: Happened<'_>) -> Result<(), ChatError> {
        let waiting = tokio::time::timeout(START_TIME_MAX, self.takers.wait());
        for taker in waiting.await.map_err(|_| ChatError::Unavailable)? {
            taker.happened(happened.clone()).await?;
        }
        Ok(())
    }
}
