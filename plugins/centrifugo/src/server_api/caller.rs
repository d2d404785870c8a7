//! On whose behalf a method runs.

use std::sync::Arc;

use natter_node::Broker;
use natter_node::session::Target;
use natter_node::tenant::Tenant;

use super::error::ApiError;
use crate::namespaces::is_reserved;
use crate::shared::{ResolvedChannel, Settings, Shared};

/// The tenant that a request's key belongs to, and the settings that held when it came.
pub(super) struct Caller {
    pub(super) shared: Arc<Shared>,
    pub(super) settings: Arc<Settings>,
    pub(super) tenant: Arc<Tenant>,
}

impl Caller {
    pub(super) fn broker(&self) -> &Broker {
        &self.shared.broker
    }

    /// A channel of the tenant.
    ///
    /// # Errors
    /// 107 when the name is empty or malformed; 102 when its namespace is not configured or belongs to a domain above
    /// the broker, whose channels change by that domain's own rules only.
    pub(super) fn channel(&self, name: &str) -> Result<ResolvedChannel, ApiError> {
        if name.is_empty() {
            return Err(ApiError::BAD_REQUEST);
        }
        if is_reserved(name) {
            return Err(ApiError::UNKNOWN_CHANNEL);
        }
        Ok(self.settings.resolve(&self.tenant, name)?)
    }

    /// Connections of a user of the tenant, narrowed to one of them where `client` or `session` is not empty.
    pub(super) fn target(&self, user: String, client: String, session: String, except: Vec<String>) -> Target {
        let narrowed = |id: String| Some(id).filter(|id| !id.is_empty());
        let tenant = self.tenant.id().clone();
        Target { tenant, user, client: narrowed(client), session: narrowed(session), except }
    }
}
