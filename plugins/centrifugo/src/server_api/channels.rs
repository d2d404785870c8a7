//! `channels`: which channels have subscribers.

use std::collections::BTreeMap;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::error::ApiError;
use super::fields::nullable;

/// Longest pattern in bytes.
const PATTERN_BYTES_MAX: usize = 1024;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChannelsRequest {
    #[serde(deserialize_with = "nullable")]
    pattern: String,
}

#[derive(Serialize)]
pub(super) struct ChannelsResult {
    channels: BTreeMap<Arc<str>, ShownChannel>,
}

#[derive(Serialize)]
struct ShownChannel {
    num_clients: u64,
}

/// Lists the tenant's channels that have subscribers and match a glob pattern; an empty one matches all.
pub(super) async fn channels(caller: Arc<Caller>, request: ChannelsRequest) -> Result<ChannelsResult, ApiError> {
    let matcher = Some(request.pattern).filter(|pattern| !pattern.is_empty()).map(compile).transpose()?;
    let active = caller.broker().active_channels(caller.tenant.id()).await.into_iter();
    let matching = active.filter(|(name, _)| matcher.as_ref().is_none_or(|matcher| matcher.is_match(&**name)));
    Ok(ChannelsResult { channels: matching.map(|(name, num_clients)| (name, ShownChannel { num_clients })).collect() })
}

/// A wildcard stands for any text: names of channels have no separators.
fn compile(pattern: String) -> Result<GlobMatcher, ApiError> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(ApiError::BAD_REQUEST);
    }
    let glob = GlobBuilder::new(&pattern).literal_separator(false).backslash_escape(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|_| ApiError::BAD_REQUEST)
}
