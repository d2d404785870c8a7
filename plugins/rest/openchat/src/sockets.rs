//! What the API asks of the sockets that partners' clients hold open.

use async_trait::async_trait;
use natter_core::TenantId;
use serde_json::{Map, Value};

/// No socket of the tenant has the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownSocket;

/// The sockets of all partners.
#[async_trait]
pub trait Sockets: Send + Sync + 'static {
    /// Emits an event to all sockets of a tenant, and answers how many there were.
    async fn notify_all(&self, tenant: &TenantId, event: &str, data: &Map<String, Value>) -> u64;

    /// Emits an event to one socket of a tenant.
    ///
    /// # Errors
    /// The tenant has no such socket.
    async fn notify_one(
        &self,
        tenant: &TenantId,
        socket_id: &str,
        event: &str,
        data: &Map<String, Value>,
    ) -> Result<(), UnknownSocket>;
}
