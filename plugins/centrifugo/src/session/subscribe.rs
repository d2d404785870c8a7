//! `subscribe` (section 6): from the command to the channel's owner. Whether it is permitted is in `permission.rs`, what the
//! owner answers in `subscribed.rs`.

use std::sync::Arc;

use natter_core::{Request, Since};
use natter_node::config::{DeltaType, RecoveryMode};
use natter_node::session::{Close, SessionOut};
use natter_protocol::centrifuge::codes::ClientError;
use natter_protocol::centrifuge::filter::Filter;
use natter_protocol::centrifuge::schema::SubscribeRequest;

use super::deadlines::milliseconds;
use super::grant::Grant;
use super::permission::Verdict;
use super::subscription::{Origin, Start, State};
use super::token::{Pending, Token};
use super::tracking::Tracking;
use super::{ClientSession, bad_request};
use crate::namespaces::{is_private, is_reserved};
use crate::shared::ResolvedChannel;

/// SubscribeRequest.flag: a recovery that fails is an error.
const MUST_RECOVER: i64 = 2;
/// SubscribeRequest.delta: the only kind there is.
pub(super) const FOSSIL: &str = "fossil";

impl ClientSession {
    pub(super) fn subscribe(
        &mut self,
        id: u32,
        request: SubscribeRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        if request.channel.is_empty() || !matches!(request.delta.as_str(), "" | FOSSIL) {
            return Err(bad_request());
        }
        let Some(request) = self.continue_map(id, request, out)? else { return Ok(()) };
        let channel = match self.may_begin(&request) {
            Ok(channel) => channel,
            Err(error) => return self.refuse(id, error, out),
        };
        if !request.token.is_empty() && !is_reserved(&request.channel) {
            return self.subscribe_by_token(id, request, channel, out);
        }
        match self.verdict(&channel)? {
            Verdict::Granted(grant) => self.begin(Origin::Command(id), channel, grant, &request, out),
            Verdict::Refused(error) => self.refuse(id, error, out),
            Verdict::AskBackend => self.ask_subscribe(id, request, channel, out),
            Verdict::AskDomain => self.ask_domain(id, request, channel, out),
        }
    }

    /// The checks before any question of permission, in the order of section 6.
    fn may_begin(&mut self, request: &SubscribeRequest) -> Result<ResolvedChannel, ClientError> {
        let name = request.channel.as_str();
        let limits = &self.settings.limits;
        let (name_bytes_max, channels_max) = (limits.channel_name_bytes_max, limits.channels_per_connection);
        let connected = self.connected().map_err(|_| ClientError::BAD_REQUEST)?;
        if name.len() > name_bytes_max {
            return Err(ClientError::BAD_REQUEST);
        }
        if connected.subscriptions.get(name).is_some() {
            return Err(ClientError::ALREADY_SUBSCRIBED);
        }
        if connected.subscriptions.len() >= channels_max {
            return Err(ClientError::LIMIT_EXCEEDED);
        }
        let channel = self.resolve(name)?;
        crate::shared_poll::suits(&channel.rules.rules, request.r#type)?;
        if request.r#type != channel.rules.rules.subscription_type.number() {
            return Err(ClientError::PERMISSION_DENIED);
        }
        if request
            .tf
            .as_ref()
            .is_some_and(|filter| !channel.rules.rules.allow_tags_filter || Filter::new(filter).is_err())
        {
            return Err(ClientError::BAD_REQUEST);
        }
        if is_private(name) && request.token.is_empty() {
            return Err(ClientError::PERMISSION_DENIED);
        }
        Ok(channel)
    }

    /// Sends a permitted subscription to the channel's owner.
    pub(super) fn begin(
        &mut self,
        origin: Origin,
        channel: ResolvedChannel,
        grant: Grant,
        request: &SubscribeRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        if let Origin::Command(id) = origin
            && channel.rules.options.keyed.is_some()
        {
            return self.begin_map(id, channel, grant, request, out);
        }
        let features = self.features(&channel, &grant, request)?;
        let rules = &channel.rules.rules;
        let recovers = features.is_recoverable
            && (request.recover || (rules.force_recovery_mode == RecoveryMode::Cache && rules.auto_cache_recover));
        let has_delta = request.delta == FOSSIL && rules.allowed_delta_types.contains(&DeltaType::Fossil);
        let start = Start {
            origin,
            recovers_from: recovers.then_some(request.offset),
            must_recover: request.flag & MUST_RECOVER != 0,
            data: grant.data.clone(),
            filter: request.tf.as_ref().and_then(|filter| Filter::new(filter).ok()),
            unsubscribed_by: None,
        };
        let state = State::Starting(Box::new(start));
        let mut subscription = self.new_subscription(channel, grant, (features, has_delta), state, out.lane())?;
        subscription.tracking = (!subscription.is_server_side && request.r#type == crate::shared_poll::SHARED_POLL)
            .then(|| Box::new(Tracking::new(Some(out.waker()))));
        let recover = recovers.then(|| Since { offset: request.offset, epoch: request.epoch.clone() });
        let shard_request = Request::Subscribe { subscriber: subscription.subscriber.clone(), recover, reply: () };
        let (key, options) = (subscription.channel.key.clone(), Arc::clone(&subscription.channel.rules.options));
        out.request(Token::pack(Pending::Subscribe, subscription.number), key, options, shard_request);
        self.connected()?.subscriptions.push(subscription);
        Ok(())
    }

    pub(super) fn subscription_deadline_ms(&self, expire_at: Option<u64>, is_refreshed_by_client: bool) -> i64 {
        let Some(expire_at) = expire_at else { return i64::MAX };
        let grace_ms = match is_refreshed_by_client {
            true => milliseconds(self.settings.centrifugo.expired_sub_close_delay),
            false => 0,
        };
        i64::try_from(expire_at).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000).saturating_add(grace_ms)
    }
}
