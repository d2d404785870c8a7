//! Keys that clients set and remove (section 8), where a backend is asked with its consent.

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
use crate::session::publish::{OpenPublication, signed};
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
                crate::metrics::publish_refused(error);
                return self.refuse(id, error, out);
            }
        };
        let map = &channel.rules.rules.map;
        // The payload may be a slice of the read buffer, which must not be kept.
        let data = || Bytes::copy_from_slice(&request.data);
        match request.removed {
            true if map.remove_proxy_enabled => self.ask_remove_key(id, channel, key, out),
            true => self.change_key(id, channel, removal(key), out),
            false if map.publish_proxy_enabled => self.ask_set_key(id, channel, (key, data()), out),
            false => {
                let draft = signed(self.connected()?, &channel, Draft { data: data(), ..Draft::default() });
                let wanted = KeyedDraft { key, draft, ..KeyedDraft::default() };
                self.change_key(id, channel, KeyedRequest::Publish(Box::new(wanted)), out)
            }
        }
    }

    /// Sends a permitted change to the channel's owner.
    pub(super) fn change_key(
        &mut self,
        id: u32,
        channel: ResolvedChannel,
        change: KeyedRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let open = OpenPublication { id, is_durable: false, since: Instant::now() };
        self.connected()?.open_publications.push_back(open);
        let shard_request = Request::Keyed { request: Box::new(change), reply: Some(()) };
        out.request(Token::pack(Pending::Publish, id), channel.key, Arc::clone(&channel.rules.options), shard_request);
        Ok(())
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

    /// The channel and the key of a request that may be made, or that a backend may be asked about.
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
        // Where a backend is asked, it alone decides.
        let is_asked = if request.removed { rules.map.remove_proxy_enabled } else { rules.map.publish_proxy_enabled };
        if !is_asked && !is_insecure && !permits_change(connected, &channel, request.removed) {
            return Err(ClientError::PERMISSION_DENIED);
        }
        let key: Arc<str> = match rules.map.client_key {
            ClientKey::Any => request.key.as_str().into(),
            ClientKey::ClientId => Arc::clone(&connected.client),
            ClientKey::UserId if connected.user.is_empty() => return Err(ClientError::PERMISSION_DENIED),
            ClientKey::UserId => Arc::clone(&connected.user),
        };
        let is_json_wanted = rules.publication_data_format == DataFormat::Json && !request.removed;
        // A backend may think of a key.
        if (key.is_empty() && !is_asked) || (is_json_wanted && !is_valid_json(&request.data)) {
            return Err(ClientError::BAD_REQUEST);
        }
        Ok((channel, key))
    }
}

fn removal(key: Arc<str>) -> KeyedRequest {
    KeyedRequest::Remove { key, idempotency_key: None, expected: None, tags: None }
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
