//! Keys that clients set and remove (section 8).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use natter_core::{Draft, KeyedAnswer, KeyedDraft, KeyedRequest, Refusal, Request};
use natter_node::config::{ClientKey, DataFormat};
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::{ClientError, Disconnect};
use natter_protocol::centrifuge::publication::is_valid_json;
use natter_protocol::centrifuge::schema::{PublishRequest, PublishResult, Reply};

use crate::session::grant::permits;
use crate::session::publish::OpenPublication;
use crate::session::reply::client_error;
use crate::session::token::{Pending, Token};
use crate::session::{ClientSession, Connected, bad_request, close};
use crate::shared::ResolvedChannel;

impl ClientSession {
    pub(in crate::session) fn publish_key(
        &mut self,
        id: u32,
        request: PublishRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        if request.channel.is_empty() {
            return Err(bad_request());
        }
        let (channel, key) = match self.publishable_key(&request, out.now_ms()) {
            Ok(found) => found,
            Err(error) => {
                crate::metrics::publish_result(if error == ClientError::TOO_MANY_REQUESTS {
                    "limited"
                } else {
                    "denied"
                });
                return self.refuse(id, error, out);
            }
        };
        let keyed = match request.removed {
            true => KeyedRequest::Remove { key, idempotency_key: None, expected: None, tags: None },
            false => self.set_by_client(&channel, key, &request.data)?,
        };
        let connected = self.connected()?;
        connected.open_publications.push_back(OpenPublication { id, is_durable: false, since: Instant::now() });
        let shard_request = Request::Keyed { request: Box::new(keyed), reply: Some(()) };
        out.request(Token::pack(Pending::Publish, id), channel.key, Arc::clone(&channel.rules.options), shard_request);
        Ok(())
    }

    fn set_by_client(&mut self, channel: &ResolvedChannel, key: Arc<str>, data: &[u8]) -> Result<KeyedRequest, Close> {
        let connected = self.connected()?;
        let subscription = connected.subscriptions.get(channel.key.name());
        let info =
            subscription.and_then(|subscription| subscription.subscriber.info.as_ref()).unwrap_or(&connected.info);
        let draft = Draft {
            // The payload may be a slice of the read buffer, which must not be kept.
            data: Bytes::copy_from_slice(data),
            info: Some(Arc::clone(info)),
            delta: channel.rules.rules.delta_publish,
            ..Draft::default()
        };
        Ok(KeyedRequest::Publish(Box::new(KeyedDraft { key, draft, ..KeyedDraft::default() })))
    }

    /// A key has been changed, or need not be.
    pub(in crate::session) fn key_changed(
        &mut self,
        id: u32,
        result: Result<Box<KeyedAnswer>, Refusal>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        self.connected()?.open_publications.retain(|open| open.id != id);
        match result.map(|answer| *answer) {
            Ok(KeyedAnswer::Changed(change)) => {
                crate::metrics::publish_result(if change.suppressed.is_some() { "duplicate" } else { "ok" });
                self.reply(&Reply { id, publish: Some(PublishResult::default()), ..Reply::default() }, out)?;
            }
            Ok(_) => return Err(close(Disconnect::INTERNAL, CloseKind::Error)),
            Err(refusal) => {
                crate::metrics::publish_result("invalid");
                self.refuse(id, client_error(refusal), out)?;
            }
        }
        self.unsubscribe_after_publications(out)
    }

    /// The channel and the key of a request that may be made.
    fn publishable_key(
        &mut self,
        request: &PublishRequest,
        now_ms: i64,
    ) -> Result<(ResolvedChannel, Arc<str>), ClientError> {
        let per_second = self.settings.limits.publishes_per_second;
        let is_insecure = self.is_insecure();
        let channel = self.recent_or_resolve(&request.channel)?;
        let rules = &channel.rules.rules;
        if !rules.subscription_type.is_map() {
            return Err(ClientError::BAD_REQUEST);
        }
        let connected = self.connected().map_err(|_| ClientError::BAD_REQUEST)?;
        let per_second = connected.tenant.settings().limits.publishes_per_second.unwrap_or(per_second);
        if !connected.publish_allowance.take(per_second, now_ms) {
            return Err(ClientError::TOO_MANY_REQUESTS);
        }
        if !is_insecure && !permits_change(connected, &channel, request.removed) {
            return Err(ClientError::PERMISSION_DENIED);
        }
        let key: Arc<str> = match rules.map.client_key {
            ClientKey::Any => request.key.as_str().into(),
            ClientKey::ClientId => Arc::clone(&connected.client),
            ClientKey::UserId if connected.user.is_empty() => return Err(ClientError::PERMISSION_DENIED),
            ClientKey::UserId => Arc::clone(&connected.user),
        };
        let is_json_wanted = rules.publication_data_format == DataFormat::Json && !request.removed;
        if key.is_empty() || (is_json_wanted && !is_valid_json(&request.data)) {
            return Err(ClientError::BAD_REQUEST);
        }
        Ok((channel, key))
    }
}

fn permits_change(connected: &Connected, channel: &ResolvedChannel, removes: bool) -> bool {
    let map = &channel.rules.rules.map;
    let (for_client, for_subscriber, for_anonymous) = match removes {
        true => (map.allow_remove_for_client, map.allow_remove_for_subscriber, map.allow_remove_for_anonymous),
        false => (map.allow_publish_for_client, map.allow_publish_for_subscriber, map.allow_publish_for_anonymous),
    };
    let is_subscribed = connected.subscriptions.is_subscribed(channel.key.name());
    permits(for_client, for_subscriber, for_anonymous, &connected.user, is_subscribed)
}
