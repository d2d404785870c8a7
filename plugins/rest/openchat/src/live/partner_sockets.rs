//! All sockets of a partner, for events of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use natter_core::{Refusal, TenantId};
use natter_node::realtime::{self, Args, Broadcast, Scope};
use serde_json::{Map, Value};

use super::sides::Partners;
use super::{APP, NAMESPACE};
use crate::sockets::{Sockets, UnknownSocket};

/// Tries of one event while the node is too busy, and the first pause between them.
const TRIES_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// The sockets of all partners on this node. Cheap to clone.
#[derive(Clone)]
pub struct PartnerSockets {
    sockets: realtime::Sockets,
    partners: Arc<Partners>,
}

impl PartnerSockets {
    /// Among all sockets of the node.
    pub fn new(sockets: realtime::Sockets) -> Self {
        Self { sockets, partners: Arc::default() }
    }

    pub(super) fn realtime(&self) -> &realtime::Sockets {
        &self.sockets
    }

    pub(super) fn partners(&self) -> &Partners {
        &self.partners
    }

    /// To a room of a partner.
    pub(super) fn room(&self, tenant: &TenantId, room: &str) -> Broadcast {
        self.sockets.to(&scope(tenant), room)
    }
}

fn scope(tenant: &TenantId) -> Scope {
    Scope { app: APP, namespace: NAMESPACE.into(), tenant: tenant.clone() }
}

#[async_trait]
impl Sockets for PartnerSockets {
    async fn notify_all(&self, tenant: &TenantId, event: &str, data: &Map<String, Value>) -> u64 {
        let Some(partner) = self.partners.get(tenant) else { return 0 };
        let (everyone, args) = (self.sockets.everyone(&scope(tenant)), Args::one(data));
        for tries in 0..TRIES_MAX {
            match everyone.emit(event, &args).await {
                Ok(()) => return partner.sockets(),
                Err(Refusal::Busy) => tokio::time::sleep(PAUSE * 2u32.pow(tries)).await,
                Err(error) => {
                    tracing::error!(%tenant, %error, "a partner's sockets miss an event");
                    return 0;
                }
            }
        }
        tracing::warn!(%tenant, "a partner's sockets miss an event: the node has too much to do");
        0
    }

    async fn notify_one(
        &self,
        tenant: &TenantId,
        socket_id: &str,
        event: &str,
        data: &Map<String, Value>,
    ) -> Result<(), UnknownSocket> {
        let socket = self.sockets.get(&scope(tenant), socket_id).ok_or(UnknownSocket)?;
        socket.emit(event, &Args::one(data)).map_err(|_| UnknownSocket)
    }
}
