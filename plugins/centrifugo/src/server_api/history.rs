//! `history` and `history_remove`.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use natter_core::{HistoryQuery, Publication, Tags};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::caller::Caller;
use super::error::ApiError;
use super::fields::{Done, RequestedPosition, ShownClient, as_json, nullable};
use crate::shared::ResolvedChannel;

/// Publications of one answer, whatever the limit asks for; a caller with more to read goes on from the last offset.
const PUBLICATIONS_MAX: usize = 10_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HistoryRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
    #[serde(deserialize_with = "nullable")]
    limit: i64,
    since: Option<RequestedPosition>,
    #[serde(deserialize_with = "nullable")]
    reverse: bool,
}

#[derive(Serialize)]
struct HistoryResult<'a> {
    publications: Vec<ShownPublication<'a>>,
    epoch: &'a str,
    offset: u64,
}

/// A publication. Data that is no JSON is shown as base64, which is ours: Centrifugo has no form for it.
#[derive(Serialize)]
struct ShownPublication<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b64data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<ShownClient<'a>>,
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a Tags>,
}

impl<'a> From<&'a Publication> for ShownPublication<'a> {
    fn from(publication: &'a Publication) -> Self {
        let data = as_json(&publication.data);
        Self {
            data,
            b64data: data.is_none().then(|| STANDARD.encode(&publication.data)),
            info: publication.info.as_deref().map(ShownClient::from),
            offset: publication.offset,
            tags: publication.tags.as_deref(),
        }
    }
}

/// Reads a page of a channel's history and where the channel stands. Limit 0 asks for the position alone, a negative one
/// for everything.
pub(super) async fn history(caller: Arc<Caller>, request: HistoryRequest) -> Result<Box<RawValue>, ApiError> {
    let ResolvedChannel { key, rules } = kept(&caller, &request.channel)?;
    let query = HistoryQuery {
        limit: usize::try_from(request.limit).map_or(PUBLICATIONS_MAX, |limit| limit.min(PUBLICATIONS_MAX)),
        since: request.since.map(Into::into),
        reverse: request.reverse,
    };
    let page = caller.broker().history(key, Arc::clone(&rules.options), query).await?;
    let publications = page.publications.iter().map(|publication| ShownPublication::from(&**publication)).collect();
    let result = HistoryResult { publications, epoch: page.epoch.as_str(), offset: page.offset };
    to_raw_value(&result).map_err(|_| ApiError::INTERNAL)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HistoryRemoveRequest {
    #[serde(deserialize_with = "nullable")]
    channel: String,
}

/// Forgets a channel's publications; its position stays.
pub(super) async fn history_remove(caller: Arc<Caller>, request: HistoryRemoveRequest) -> Result<Done, ApiError> {
    let ResolvedChannel { key, rules } = kept(&caller, &request.channel)?;
    caller.broker().remove_history(key, Arc::clone(&rules.options)).await?;
    Ok(Done {})
}

/// The channel, or 108 when its namespace keeps no history, or one of keys.
fn kept(caller: &Caller, name: &str) -> Result<ResolvedChannel, ApiError> {
    let channel = caller.channel(name)?;
    let options = &channel.rules.options;
    if options.has_history() && options.keyed.is_none() { Ok(channel) } else { Err(ApiError::NOT_AVAILABLE) }
}
