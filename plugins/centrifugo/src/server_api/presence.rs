//! `presence` and `presence_stats`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::caller::Caller;
use super::error::ApiError;
use super::fields::{ShownClient, nullable};
use crate::shared::ResolvedChannel;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PresenceRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
}

#[derive(Serialize)]
struct PresenceResult<'a> {
    presence: BTreeMap<&'a str, ShownClient<'a>>,
}

#[derive(Serialize)]
pub(super) struct PresenceStatsResult {
    num_clients: usize,
    num_users: usize,
}

/// Lists who is subscribed, by connection.
pub(super) async fn presence(caller: Arc<Caller>, request: PresenceRequest) -> Result<Box<RawValue>, ApiError> {
    let ResolvedChannel { key, rules } = listed(&caller, &request)?;
    let members = caller.broker().presence(key, Arc::clone(&rules.options)).await?;
    let presence = members.iter().map(|info| (info.client.as_str(), ShownClient::from(&**info))).collect();
    to_raw_value(&PresenceResult { presence }).map_err(|_| ApiError::INTERNAL)
}

/// Counts who is subscribed.
pub(super) async fn presence_stats(
    caller: Arc<Caller>,
    request: PresenceRequest,
) -> Result<PresenceStatsResult, ApiError> {
    let ResolvedChannel { key, rules } = listed(&caller, &request)?;
    let stats = caller.broker().presence_stats(key, Arc::clone(&rules.options)).await?;
    Ok(PresenceStatsResult { num_clients: stats.num_clients, num_users: stats.num_users })
}

/// The channel, or 108 when its namespace does not keep who is subscribed.
fn listed(caller: &Caller, request: &PresenceRequest) -> Result<ResolvedChannel, ApiError> {
    let channel = caller.channel(&request.channel)?;
    if channel.rules.rules.presence { Ok(channel) } else { Err(ApiError::NOT_AVAILABLE) }
}
