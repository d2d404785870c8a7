//! How the domain speaks: events into a channel's log, and notices that are delivered once or not at all.

use bytes::Bytes;
use natter_core::{Draft, Published, TenantId};

use crate::chat::Chat;
use crate::error::ChatError;
use crate::event::Event;
use crate::hot::HotChannel;
use crate::names::{options, user_key};

/// Notices of one call that may be on their way at the same time.
const NOTICES_AT_ONCE: usize = 1_024;

impl Chat {
    /// Appends an event that is no message to a channel's log. Answered when it is durable.
    pub(crate) async fn append(&self, hot: &HotChannel, event: Event) -> Result<Published, ChatError> {
        let draft = Draft { data: event.encode()?, kind: event.kind(), ..Draft::default() };
        self.append_draft(hot, draft).await
    }

    pub(crate) async fn append_draft(&self, hot: &HotChannel, draft: Draft) -> Result<Published, ChatError> {
        let options = options(hot.key.name());
        let _noted = self.note_behind(hot).await?;
        Ok(self.0.broker.publish(hot.key.clone(), options, draft).await?)
    }

    /// Tells those who watch a channel now. Nobody waits for it.
    pub(crate) fn announce(&self, hot: &HotChannel, event: &Event) {
        let Ok(data) = event.encode() else { return };
        let draft = Draft { data, kind: event.kind(), skip_history: true, ..Draft::default() };
        self.0.broker.tell(hot.key.clone(), options(hot.key.name()), draft);
    }

    /// Tells a user who is connected now.
    pub(crate) fn tell_user(&self, tenant: &TenantId, user: &str, event: &Event) {
        if !self.is_connected(tenant, user) {
            return;
        }
        if let Ok(data) = event.encode() {
            self.notify(tenant, user, data, event.kind());
        }
    }

    /// Tells all members who are connected now.
    pub(crate) async fn tell_members(&self, hot: &HotChannel, event: &Event) -> Result<(), ChatError> {
        let users = self.roster(hot).await?.users(|member| self.is_connected(&hot.tenant, &member.user));
        let data = event.encode()?;
        for chunk in users.chunks(NOTICES_AT_ONCE) {
            for user in chunk {
                self.notify(&hot.tenant, user, data.clone(), event.kind());
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn notify(&self, tenant: &TenantId, user: &str, data: Bytes, kind: u8) {
        let key = user_key(tenant, user);
        let options = options(key.name());
        self.0.broker.tell(key, options, Draft { data, kind, ..Draft::default() });
    }

    pub(crate) fn is_connected(&self, tenant: &TenantId, user: &str) -> bool {
        self.0.broker.user_connections(tenant, user) > 0
    }
}
