//! `info`: the nodes, as far as the tenant can see into them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::error::ApiError;

const NODE_NAME: &str = "natter";

/// Takes nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct InfoRequest {}

#[derive(Serialize)]
pub(super) struct InfoResult {
    nodes: [NodeResult; 1],
}

/// This node; the numbers are the tenant's own.
#[derive(Serialize)]
struct NodeResult {
    uid: String,
    name: &'static str,
    version: &'static str,
    num_clients: usize,
    num_users: usize,
    num_channels: usize,
    #[serde(skip_serializing_if = "is_zero")]
    uptime: u64,
    num_subs: u64,
}

/// Tells about this node.
pub(super) async fn info(caller: Arc<Caller>, _request: InfoRequest) -> Result<InfoResult, ApiError> {
    let channels = caller.broker().active_channels(caller.tenant.id()).await;
    let node = NodeResult {
        uid: caller.broker().node_id().to_owned(),
        name: NODE_NAME,
        version: env!("CARGO_PKG_VERSION"),
        num_clients: caller.tenant.connections(),
        num_users: caller.tenant.users(),
        num_channels: channels.len(),
        uptime: caller.broker().clock().uptime().as_secs(),
        num_subs: channels.iter().map(|(_, subscribers)| subscribers).sum(),
    };
    Ok(InfoResult { nodes: [node] })
}

fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
}
