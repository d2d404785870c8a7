//! The domain as the broker sees it.

use std::sync::Arc;

use async_trait::async_trait;
use natter_core::{ChannelKey, ChannelOptions, Publication, TenantId};
use natter_node::domain::{Access, Domain, Rendered, Visitor};

use crate::chat::Chat;
use crate::error::ChatError;
use crate::names::{self, Name};

#[async_trait]
impl Domain for Chat {
    async fn admit(&self, visitor: Visitor) -> Result<Vec<String>, Access> {
        let Visitor { tenant, user, issued_at, is_own_token } = visitor;
        // A tenant that only publishes and subscribes has no users here, and gets none by connecting.
        let is_known = is_own_token || self.find_user(&tenant, &user).await.map_err(|_| Access::Unavailable)?.is_some();
        if !is_known {
            return Ok(Vec::new());
        }
        match self.ensure_user(&tenant, &user, issued_at).await {
            Ok(_) if is_own_token => Ok(vec![names::user_channel(&tenant, &user)]),
            Ok(_) => Ok(Vec::new()),
            Err(ChatError::Unavailable | ChatError::Internal) => Err(Access::Unavailable),
            Err(_) => Err(Access::Denied),
        }
    }

    async fn may_subscribe(&self, tenant: &TenantId, user: &str, channel: &str) -> Access {
        match names::parse(tenant, channel) {
            Some(Name::User(owner)) if owner == user => Access::Granted,
            Some(Name::Chat(id)) if !user.is_empty() => match self.visible(tenant, user, id).await {
                Ok(_) => Access::Granted,
                Err(ChatError::Unavailable | ChatError::Internal) => Access::Unavailable,
                Err(_) => Access::Denied,
            },
            _ => Access::Denied,
        }
    }

    fn channel_options(&self, channel: &str) -> Arc<ChannelOptions> {
        names::options(channel)
    }

    fn render(&self, publication: &Publication) -> Rendered {
        self.0.renderer.render(publication)
    }

    fn committed(&self, channel: &ChannelKey, publications: &[Arc<Publication>]) {
        let Some(Name::Chat(id)) = names::parse(channel.tenant(), channel.name()) else { return };
        if let Some(hot) = self.0.hot.committed(channel.tenant(), id, publications) {
            self.project(hot);
        }
    }

    fn lost(&self, channel: &ChannelKey) {
        if let Some(Name::Chat(id)) = names::parse(channel.tenant(), channel.name()) {
            self.0.hot.forget(channel.tenant(), id);
        }
    }

    fn user_came(&self, tenant: &TenantId, user: &str) {
        self.came(tenant, user);
    }

    fn user_left(&self, tenant: &TenantId, user: &str) {
        self.left(tenant, user);
    }
}
