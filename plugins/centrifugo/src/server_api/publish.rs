//! `publish` and `broadcast`.

use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{self, StreamExt};
use natter_core::{Draft, Epoch, Published};
use natter_node::config::{DataFormat, SubscriptionType};
use natter_protocol::centrifuge::publication::is_valid_json;
use serde::Serialize;

use super::caller::Caller;
use super::error::ApiError;
use super::publication::PublicationRequest;
use crate::metrics;

/// Publications of one broadcast that are under way together.
const UNDER_WAY_MAX: usize = 1024;

/// A position, empty where the channel keeps no history.
#[derive(Serialize)]
pub(super) struct PublishResult {
    #[serde(skip_serializing_if = "is_zero")]
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    epoch: Option<Epoch>,
}

#[derive(Serialize)]
pub(super) struct BroadcastResult {
    responses: Vec<PublishResponse>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum PublishResponse {
    Error(ApiError),
    Result(PublishResult),
}

/// Publishes to one channel.
pub(super) async fn publish(caller: Arc<Caller>, mut request: PublicationRequest) -> Result<PublishResult, ApiError> {
    let channel = std::mem::take(&mut request.channel);
    match Content::read(request) {
        Ok(content) => content.publish(caller, channel).await,
        Err(error) => Err(counted(error)),
    }
}

/// Publishes the same to many channels, each of which has its own answer. More than `limits.broadcast_channels_max` of
/// them are 106.
pub(super) async fn broadcast(
    caller: Arc<Caller>,
    mut request: PublicationRequest,
) -> Result<BroadcastResult, ApiError> {
    let channels = std::mem::take(&mut request.channels);
    if channels.is_empty() {
        return Err(ApiError::BAD_REQUEST);
    }
    if channels.len() > caller.settings.limits.broadcast_channels_max {
        return Err(ApiError::LIMIT_EXCEEDED);
    }
    let content = Content::read(request)?;
    let publications = channels.into_iter().map(|channel| content.clone().publish(Arc::clone(&caller), channel));
    let responses = stream::iter(publications).buffered(UNDER_WAY_MAX).map(|published| match published {
        Ok(result) => PublishResponse::Result(result),
        Err(error) => PublishResponse::Error(error),
    });
    Ok(BroadcastResult { responses: responses.collect().await })
}

/// What is published, whichever the channel.
#[derive(Clone)]
struct Content {
    draft: Draft,
    is_json: bool,
}

impl Content {
    fn read(mut request: PublicationRequest) -> Result<Self, ApiError> {
        let draft = request.take_draft()?;
        let is_json = !draft.data.is_empty() && (request.b64data.is_empty() || is_valid_json(&draft.data));
        Ok(Self { draft, is_json })
    }

    async fn publish(self, caller: Arc<Caller>, channel: String) -> Result<PublishResult, ApiError> {
        let Published { offset, epoch, suppressed, .. } = self.publish_to(&caller, &channel).await.map_err(counted)?;
        metrics::publish_result(if suppressed { "duplicate" } else { "ok" });
        Ok(PublishResult { offset, epoch })
    }

    async fn publish_to(self, caller: &Caller, channel: &str) -> Result<Published, ApiError> {
        let channel = caller.channel(channel)?;
        let rules = &channel.rules.rules;
        // Keys, and the values of a shared poll, are set by other methods.
        if channel.rules.options.keyed.is_some() || rules.subscription_type == SubscriptionType::SharedPoll {
            return Err(ApiError::BAD_REQUEST);
        }
        if !self.suits(rules.publication_data_format) {
            return Err(ApiError::BAD_REQUEST);
        }
        let draft = Draft { delta: self.draft.delta || rules.delta_publish, ..self.draft };
        let (options, started) = (Arc::clone(&channel.rules.options), Instant::now());
        let is_durable = options.durable;
        let published = caller.broker().publish(channel.key, options, draft).await?;
        metrics::publish_duration(started.elapsed(), is_durable);
        Ok(published)
    }

    fn suits(&self, format: DataFormat) -> bool {
        match format {
            DataFormat::Any => !self.draft.data.is_empty(),
            DataFormat::Json => self.is_json,
            DataFormat::Binary => true,
        }
    }
}

fn counted(error: ApiError) -> ApiError {
    metrics::publish_result(error.publish_result());
    error
}

fn is_zero(offset: &u64) -> bool {
    *offset == 0
}

fn as_text<S: serde::Serializer>(epoch: &Option<Epoch>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(epoch.as_ref().map_or("", Epoch::as_str))
}
