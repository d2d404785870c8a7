//! Presence: a user is online from its first connection until some seconds after its last one.

use std::collections::BTreeSet;
use std::time::Duration;

use natter_core::TenantId;

use crate::chat::Chat;
use crate::error::ChatError;
use crate::event::{Event, EventBody};

/// How long a user stays online without a connection, so that a reconnect is not seen.
const GRACE: Duration = Duration::from_secs(5);

impl Chat {
    /// Whether a user is online: it has a connection, or had one a moment ago.
    pub fn is_online(&self, tenant: &TenantId, user: &str) -> bool {
        self.0.online.contains_key(&(tenant.clone(), user.to_owned()))
    }

    /// A user's first connection on this node.
    pub(crate) fn came(&self, tenant: &TenantId, user: &str) {
        let mut known = self.0.online.entry((tenant.clone(), user.to_owned())).or_insert(0);
        let is_new = *known == 0;
        *known += 1;
        drop(known);
        if is_new {
            self.tell_presence(tenant, user, true);
        }
    }

    /// A user's last connection on this node is gone.
    pub(crate) fn left(&self, tenant: &TenantId, user: &str) {
        let key = (tenant.clone(), user.to_owned());
        let Some(turn) = self.0.online.get(&key).map(|turn| *turn) else { return };
        let chat = self.clone();
        self.0.broker.runtime().spawn(async move {
            tokio::time::sleep(GRACE).await;
            let is_gone = |_: &_, latest: &u64| *latest == turn && !chat.is_connected(&key.0, &key.1);
            if chat.0.online.remove_if(&key, is_gone).is_some() {
                chat.tell_presence(&key.0, &key.1, false);
            }
        });
    }

    fn tell_presence(&self, tenant: &TenantId, user: &str, is_online: bool) {
        let (chat, tenant, user) = (self.clone(), tenant.clone(), user.to_owned());
        self.0.broker.runtime().spawn(async move {
            if let Err(error) = chat.spread_presence(&tenant, &user, is_online).await {
                tracing::warn!(tenant = %tenant.as_str(), %error, "others are not told of a user's presence");
            }
        });
    }

    async fn spread_presence(&self, tenant: &TenantId, user: &str, is_online: bool) -> Result<(), ChatError> {
        if self.user(tenant, user).await?.is_none() {
            return Ok(());
        }
        self.touch_activity(tenant, user).await?;
        let body = EventBody::Presence { user: user.to_owned(), is_online, last_active_at: self.now_ms() };
        let event = Event::of_user(body);
        for other in self.connected_neighbours(tenant, user).await? {
            self.tell_user(tenant, &other, &event);
        }
        Ok(())
    }

    /// Users who share a channel with this one and are connected.
    async fn connected_neighbours(&self, tenant: &TenantId, user: &str) -> Result<BTreeSet<String>, ChatError> {
        let mut neighbours = BTreeSet::new();
        for channel in self.channels_of(tenant, user).await?.iter() {
            let Ok(hot) = self.hot(tenant, *channel).await else { continue };
            let roster = self.roster(&hot).await?;
            if roster.get(user).is_some() {
                neighbours.extend(roster.users(|member| self.is_connected(tenant, &member.user)));
            }
        }
        neighbours.remove(user);
        Ok(neighbours)
    }
}
