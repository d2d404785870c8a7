//! `publish` (section 7).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use natter_core::{Draft, Published, Refusal, Request};
use natter_node::config::DataFormat;
use natter_node::session::{Close, SessionOut};
use natter_protocol::centrifuge::codes::ClientError;
use natter_protocol::centrifuge::publication::is_valid_json;
use natter_protocol::centrifuge::schema::{PublishRequest, PublishResult, Reply};

use super::grant::permits;
use super::reply::client_error;
use super::token::{Pending, Token};
use super::{ClientSession, Connected};
use crate::namespaces::is_reserved;
use crate::shared::ResolvedChannel;

/// PublishRequest.type: a key of a map.
const MAP: i32 = 1;

/// A publication that its channel's owner has not answered. As many as a connection may have requests in flight.
#[derive(Debug)]
pub(super) struct OpenPublication {
    /// The command's id.
    pub(super) id: u32,
    pub(super) is_durable: bool,
    pub(super) since: Instant,
}

impl ClientSession {
    pub(super) fn publish(&mut self, id: u32, request: PublishRequest, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if request.r#type == MAP {
            return self.publish_key(id, request, out);
        }
        let channel = match self.publishable(&request, out.now_ms()) {
            Ok(channel) => channel,
            Err(error) => {
                crate::metrics::publish_refused(error);
                return self.refuse(id, error, out);
            }
        };
        if channel.rules.rules.publish_proxy_enabled {
            return self.ask_publish(id, request, channel, out);
        }
        // The payload may be a slice of the read buffer, which must not be kept.
        let data = Bytes::copy_from_slice(&request.data);
        self.send_publication(id, channel, Draft { data, ..Draft::default() }, out)
    }

    /// Sends a permitted publication to the channel's owner, under the client's name.
    pub(super) fn send_publication(
        &mut self,
        id: u32,
        channel: ResolvedChannel,
        draft: Draft,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let connected = self.connected()?;
        let draft = signed(connected, &channel, draft);
        let is_durable = channel.rules.options.durable;
        connected.open_publications.push_back(OpenPublication { id, is_durable, since: Instant::now() });
        let request = Request::Publish { draft, reply: Some(()) };
        out.request(Token::pack(Pending::Publish, id), channel.key, Arc::clone(&channel.rules.options), request);
        Ok(())
    }

    pub(super) fn published(
        &mut self,
        id: u32,
        result: Result<Published, Refusal>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let connected = self.connected()?;
        // Answers mostly come in order, so the first one is it.
        let index = connected.open_publications.iter().position(|open| open.id == id);
        if let Some(open) = index.and_then(|index| connected.open_publications.remove(index)) {
            crate::metrics::publish_duration(open.since.elapsed(), open.is_durable);
        }
        match result {
            Ok(published) => {
                crate::metrics::publish_result(if published.suppressed { "duplicate" } else { "ok" });
                self.reply(&Reply { id, publish: Some(PublishResult::default()), ..Reply::default() }, out)?;
            }
            Err(refusal) => {
                crate::metrics::publish_result("store_error");
                self.refuse(id, client_error(refusal), out)?;
            }
        }
        self.unsubscribe_after_publications(out)
    }

    /// The channel of a publish request that may be made.
    fn publishable(&mut self, request: &PublishRequest, now_ms: i64) -> Result<ResolvedChannel, ClientError> {
        if request.channel.is_empty() || request.data.is_empty() {
            return Err(ClientError::BAD_REQUEST);
        }
        let per_second = self.settings.limits.publishes_per_second;
        let is_insecure = self.is_insecure();
        let channel = self.recent_or_resolve(&request.channel)?;
        if !Self::is_stream(&channel) {
            return Err(ClientError::NOT_AVAILABLE);
        }
        if channel.rules.options.keyed.is_some() {
            return Err(ClientError::BAD_REQUEST);
        }
        let connected = self.connected().map_err(|_| ClientError::BAD_REQUEST)?;
        let per_second = connected.tenant.settings().limits.publishes_per_second.unwrap_or(per_second);
        if !connected.publish_allowance.take(per_second, now_ms) {
            return Err(ClientError::TOO_MANY_REQUESTS);
        }
        let is_permitted = match is_reserved(&request.channel) {
            true => false,
            // Where a backend is asked, it alone decides.
            false => is_insecure || channel.rules.rules.publish_proxy_enabled || permits_publish(connected, &channel),
        };
        if !is_permitted {
            return Err(ClientError::PERMISSION_DENIED);
        }
        let is_json_wanted = channel.rules.rules.publication_data_format == DataFormat::Json;
        if is_json_wanted && !is_valid_json(&request.data) {
            return Err(ClientError::BAD_REQUEST);
        }
        Ok(channel)
    }

    pub(super) fn recent_or_resolve(&mut self, name: &str) -> Result<ResolvedChannel, ClientError> {
        let connected = self.connected().map_err(|_| ClientError::BAD_REQUEST)?;
        if let Some(recent) = connected.recent.as_ref().filter(|recent| **recent.key.name() == *name) {
            return Ok((**recent).clone());
        }
        let channel = self.resolve(name)?;
        if let Ok(connected) = self.connected() {
            connected.recent = Some(Box::new(channel.clone()));
        }
        Ok(channel)
    }
}

/// A draft under the name that its publisher has in the channel, as a delta if the namespace says so.
pub(super) fn signed(connected: &Connected, channel: &ResolvedChannel, draft: Draft) -> Draft {
    let subscription = connected.subscriptions.get(channel.key.name());
    let info = subscription.map_or(&connected.info, |subscription| &subscription.info);
    let delta = draft.delta || channel.rules.rules.delta_publish;
    Draft { info: Some(Arc::clone(info)), delta, ..draft }
}

fn permits_publish(connected: &Connected, channel: &ResolvedChannel) -> bool {
    let rules = &channel.rules.rules;
    let is_subscribed = || connected.subscriptions.get(channel.key.name()).is_some();
    permits(
        rules.allow_publish,
        rules.allow_publish_for_subscriber && is_subscribed(),
        rules.allow_publish_for_anonymous,
        &connected.user,
        true,
    )
}
