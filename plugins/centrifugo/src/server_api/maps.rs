//! `map_publish`, `map_remove`, `map_read_state`, `map_read_stream`, `map_stats` and `map_clear`: channels with keys.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use natter_core::{HistoryQuery, KeyedChange, KeyedDraft, KeyedRequest, Publication, Since, StateQuery, Tags};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::caller::Caller;
use super::error::ApiError;
use super::fields::{Done, as_json, nullable};
use super::publication::{PublicationRequest, idempotency_key};
use crate::key_mode::key_mode;
use crate::metrics;
use crate::shared::ResolvedChannel;

/// Entries of one answer, whatever the limit asks for; a caller with more to read goes on from the cursor, or from the
/// last offset.
const ENTRIES_MAX: usize = 10_000;

/// Where the channel stands, and why nothing has changed if nothing has.
#[derive(Serialize)]
pub(super) struct MapUpdateResult {
    #[serde(skip_serializing_if = "is_zero")]
    offset: u64,
    epoch: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    suppressed: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    suppress_reason: &'static str,
}

impl From<KeyedChange> for MapUpdateResult {
    fn from(change: KeyedChange) -> Self {
        metrics::publish_result(if change.suppressed.is_some() { "duplicate" } else { "ok" });
        Self {
            offset: change.offset,
            epoch: change.epoch.as_str().to_owned(),
            suppressed: change.suppressed.is_some(),
            suppress_reason: change.suppressed.map_or("", |suppressed| suppressed.as_str()),
        }
    }
}

/// Sets a key.
pub(super) async fn map_publish(
    caller: Arc<Caller>,
    mut request: PublicationRequest,
) -> Result<MapUpdateResult, ApiError> {
    let ResolvedChannel { key: channel, rules } = map(&caller, &request.channel)?;
    let mode = key_mode(&request.key_mode).ok_or(ApiError::BAD_REQUEST)?;
    let mut draft = request.take_draft()?;
    draft.delta |= rules.rules.delta_publish;
    let (version, key) = (draft.version.take(), request.key.into());
    let keyed = KeyedDraft { key, draft, mode, version, score: request.score, ..KeyedDraft::default() };
    let request = KeyedRequest::Publish(Box::new(keyed));
    Ok(caller.broker().change_key(channel, Arc::clone(&rules.options), request).await?.into())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MapRemoveRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
    #[serde(deserialize_with = "nullable")]
    key: String,
    #[serde(deserialize_with = "nullable")]
    idempotency_key: String,
}

/// Removes a key.
pub(super) async fn map_remove(caller: Arc<Caller>, request: MapRemoveRequest) -> Result<MapUpdateResult, ApiError> {
    let ResolvedChannel { key: channel, rules } = map(&caller, &request.channel)?;
    let idempotency_key = idempotency_key(request.idempotency_key)?;
    let request = KeyedRequest::Remove { key: request.key.into(), idempotency_key, expected: None, tags: None };
    Ok(caller.broker().change_key(channel, Arc::clone(&rules.options), request).await?.into())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MapReadStateRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
    #[serde(deserialize_with = "nullable")]
    cursor: String,
    #[serde(deserialize_with = "nullable")]
    limit: i64,
    #[serde(deserialize_with = "nullable")]
    key: String,
    #[serde(deserialize_with = "nullable")]
    asc: bool,
    #[serde(deserialize_with = "nullable")]
    revision_offset: u64,
    #[serde(deserialize_with = "nullable")]
    revision_epoch: String,
}

#[derive(Serialize)]
struct MapReadResult<'a> {
    entries: Vec<MapEntry<'a>>,
    offset: u64,
    epoch: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cursor: &'a str,
}

/// A key's value, or a change of it. Data that is no JSON is shown as base64, which is ours.
#[derive(Serialize)]
struct MapEntry<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b64data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a Tags>,
    #[serde(skip_serializing_if = "is_zero")]
    offset: u64,
    #[serde(skip_serializing_if = "is_no_score")]
    score: i64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
    time: i64,
}

impl<'a> From<&'a Publication> for MapEntry<'a> {
    fn from(publication: &'a Publication) -> Self {
        let keyed = publication.keyed.as_deref();
        let data = as_json(&publication.data);
        let is_bytes = data.is_none() && !publication.data.is_empty();
        Self {
            key: keyed.map_or("", |keyed| &keyed.key),
            data,
            b64data: is_bytes.then(|| STANDARD.encode(&publication.data)),
            tags: publication.tags.as_deref(),
            offset: publication.offset,
            score: keyed.map_or(0, |keyed| keyed.score),
            removed: keyed.is_some_and(|keyed| keyed.removed),
            time: publication.time_ms,
        }
    }
}

/// Reads a page of a channel's keys, or one of them. Limit 0 asks for the position alone, a negative one for everything.
pub(super) async fn map_read_state(
    caller: Arc<Caller>,
    request: MapReadStateRequest,
) -> Result<Box<RawValue>, ApiError> {
    let ResolvedChannel { key: channel, rules } = map(&caller, &request.channel)?;
    let query = StateQuery { cursor: request.cursor, limit: limit(request.limit), ascending: request.asc };
    let key = Some(request.key).filter(|key| !key.is_empty()).map(Arc::from);
    let request =
        KeyedRequest::State { query, key, revision: position(request.revision_offset, request.revision_epoch) };
    let (page, _) = caller.broker().keyed_state(channel, Arc::clone(&rules.options), request).await?;
    let entries = page.entries.iter().map(|entry| MapEntry::from(&**entry)).collect();
    let result = MapReadResult { entries, offset: page.offset, epoch: page.epoch.as_str(), cursor: &page.cursor };
    to_raw_value(&result).map_err(|_| ApiError::INTERNAL)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MapReadStreamRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
    #[serde(deserialize_with = "nullable")]
    since_offset: u64,
    #[serde(deserialize_with = "nullable")]
    since_epoch: String,
    #[serde(deserialize_with = "nullable")]
    limit: i64,
    #[serde(deserialize_with = "nullable")]
    reverse: bool,
}

/// Reads changes of a channel's keys, and where it stands. A channel without a stream has none.
pub(super) async fn map_read_stream(
    caller: Arc<Caller>,
    request: MapReadStreamRequest,
) -> Result<Box<RawValue>, ApiError> {
    let ResolvedChannel { key: channel, rules } = map(&caller, &request.channel)?;
    let options = Arc::clone(&rules.options);
    let since = position(request.since_offset, request.since_epoch);
    if !options.has_history() {
        let request = KeyedRequest::State { query: StateQuery::default(), key: None, revision: since };
        let (page, _) = caller.broker().keyed_state(channel, options, request).await?;
        let result = MapReadResult { entries: Vec::new(), offset: 0, epoch: page.epoch.as_str(), cursor: "" };
        return to_raw_value(&result).map_err(|_| ApiError::INTERNAL);
    }
    let query = HistoryQuery { limit: limit(request.limit), since, reverse: request.reverse };
    let page = caller.broker().history(channel, options, query).await?;
    let entries = page.publications.iter().map(|change| MapEntry::from(&**change)).collect();
    let result = MapReadResult { entries, offset: page.offset, epoch: page.epoch.as_str(), cursor: "" };
    to_raw_value(&result).map_err(|_| ApiError::INTERNAL)
}

/// What names no more than a channel.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MapChannelRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
}

#[derive(Serialize)]
pub(super) struct MapStatsResult {
    num_keys: usize,
}

/// Counts the keys of a channel.
pub(super) async fn map_stats(caller: Arc<Caller>, request: MapChannelRequest) -> Result<MapStatsResult, ApiError> {
    let ResolvedChannel { key: channel, rules } = map(&caller, &request.channel)?;
    let request = KeyedRequest::State { query: StateQuery::default(), key: None, revision: None };
    let (_, num_keys) = caller.broker().keyed_state(channel, Arc::clone(&rules.options), request).await?;
    Ok(MapStatsResult { num_keys })
}

/// Forgets all keys of a channel and its stream; subscribers read the state anew.
pub(super) async fn map_clear(caller: Arc<Caller>, request: MapChannelRequest) -> Result<Done, ApiError> {
    let ResolvedChannel { key: channel, rules } = map(&caller, &request.channel)?;
    caller.broker().clear_keys(channel, Arc::clone(&rules.options)).await?;
    Ok(Done {})
}

/// The channel, or 107 when its namespace is not one of maps.
fn map(caller: &Caller, name: &str) -> Result<ResolvedChannel, ApiError> {
    let channel = caller.channel(name)?;
    if channel.rules.options.keyed.is_some() { Ok(channel) } else { Err(ApiError::BAD_REQUEST) }
}

fn limit(wanted: i64) -> usize {
    usize::try_from(wanted).map_or(ENTRIES_MAX, |limit| limit.min(ENTRIES_MAX))
}

fn position(offset: u64, epoch: String) -> Option<Since> {
    (offset > 0 || !epoch.is_empty()).then_some(Since { offset, epoch })
}

fn is_zero(offset: &u64) -> bool {
    *offset == 0
}

fn is_no_score(score: &i64) -> bool {
    *score == 0
}
