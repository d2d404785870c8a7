//! `subscribe` and `unsubscribe` (section 6).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use natter_core::{ClientInfo, Publication, Recovery, Refusal, Request, Since, Subscribed};
use natter_node::auth::{SubscriptionClaims, TokenError};
use natter_node::config::{DeltaType, RecoveryMode};
use natter_node::domain::{Access as DomainAccess, Domain};
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::{ClientError, Disconnect, Unsubscribed};
use natter_protocol::centrifuge::filter::Filter;
use natter_protocol::centrifuge::framing::{EncodeError, Encoding};
use natter_protocol::centrifuge::publication::PublicationRef;
use natter_protocol::centrifuge::schema::{
    Publication as ShownPublication, Push, Reply, Subscribe as SubscribePush, SubscribeRequest, SubscribeResult,
    UnsubscribeResult,
};

use super::deadlines::milliseconds;
use super::grant::{Grant, permits};
use super::reply::client_error;
use super::subscription::{Origin, Start, State, Subscription};
use super::task::TaskResult;
use super::token::{Pending, Token};
use super::tracking::Tracking;
use super::{ClientSession, bad_request, close, inexpressible};
use crate::codec;
use crate::namespaces::{allows_user, is_private, is_reserved};
use crate::shared::ResolvedChannel;

/// SubscribeRequest.flag: a recovery that fails is an error.
const MUST_RECOVER: i64 = 2;
/// SubscribeRequest.delta: the only kind there is.
pub(super) const FOSSIL: &str = "fossil";

/// Whether a channel's rules let a user subscribe, as far as they say.
enum Verdict {
    Granted(Grant),
    Refused(ClientError),
    /// The tenant's backend decides.
    AskBackend,
    /// The domain that owns the channel decides.
    AskDomain,
}

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

    fn subscribe_by_token(
        &mut self,
        id: u32,
        request: SubscribeRequest,
        channel: ResolvedChannel,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let tenant = self.connected()?.tenant.id().clone();
        let authenticator = self.shared.authenticator.load();
        let verified = authenticator.authenticate_subscription(&request.token, tenant.as_str(), SystemTime::now());
        let next = move |result| TaskResult::SubscriptionToken { id, request, channel, result };
        self.once_verified(verified, next, out)
    }

    pub(super) fn subscription_verified(
        &mut self,
        id: u32,
        request: SubscribeRequest,
        channel: ResolvedChannel,
        result: Result<SubscriptionClaims, TokenError>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let claims = match result {
            Ok(claims) => claims,
            Err(error) => return self.refuse(id, token_error(error), out),
        };
        let connected = self.connected()?;
        if claims.check(&connected.user, &request.channel, &connected.client).is_err() {
            crate::metrics::auth_failure("claims");
            return Err(close(Disconnect::INVALID_TOKEN, CloseKind::Auth));
        }
        let grant = Grant::from_token(claims, &channel);
        self.begin(Origin::Command(id), channel, grant, &request, out)
    }

    /// What the channel's rules say, without a token.
    fn verdict(&mut self, channel: &ResolvedChannel) -> Result<Verdict, Close> {
        let is_insecure = self.is_insecure();
        let connected = self.connected()?;
        let (name, user) = (channel.key.name(), &*connected.user);
        let rules = &channel.rules.rules;
        let is_granted = if is_reserved(name) {
            return Ok(Verdict::AskDomain);
        } else if let Some(is_allowed) = allows_user(name, user).filter(|_| rules.allow_user_limited_channels) {
            is_allowed || is_insecure
        } else if rules.subscribe_proxy_enabled {
            return Ok(Verdict::AskBackend);
        } else {
            permits(rules.allow_subscribe, false, rules.allow_subscribe_for_anonymous, user, false) || is_insecure
        };
        Ok(match is_granted {
            true => Verdict::Granted(Grant::default()),
            false => {
                crate::metrics::authz_denied("subscribe");
                Verdict::Refused(ClientError::PERMISSION_DENIED)
            }
        })
    }

    fn ask_domain(
        &mut self,
        id: u32,
        request: SubscribeRequest,
        channel: ResolvedChannel,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(domain) = self.shared.broker.domain().cloned() else {
            return self.refuse(id, ClientError::UNKNOWN_CHANNEL, out);
        };
        let connected = self.connected()?;
        let (tenant, user) = (connected.tenant.id().clone(), Arc::clone(&connected.user));
        let work = async move {
            let access = domain.may_subscribe(&tenant, &user, channel.key.name()).await;
            TaskResult::Domain { id, request, channel, access }.boxed()
        };
        self.wait_for(Box::pin(work), out);
        Ok(())
    }

    pub(super) fn domain_answered(
        &mut self,
        id: u32,
        request: &SubscribeRequest,
        channel: ResolvedChannel,
        access: DomainAccess,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        match access {
            DomainAccess::Granted => self.begin(Origin::Command(id), channel, Grant::default(), request, out),
            DomainAccess::Denied => {
                crate::metrics::authz_denied("subscribe");
                self.refuse(id, ClientError::PERMISSION_DENIED, out)
            }
            DomainAccess::Unavailable => self.refuse(id, ClientError::INTERNAL, out),
        }
    }

    /// Whether plain rules let the user subscribe: what a connect may ask for beside its token.
    pub(super) fn is_permitted_by_rules(&mut self, channel: &ResolvedChannel) -> bool {
        !is_private(channel.key.name()) && matches!(self.verdict(channel), Ok(Verdict::Granted(_)))
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

    /// The channel's owner has answered.
    pub(super) fn subscribed(
        &mut self,
        number: u32,
        result: Result<Box<Subscribed>, Refusal>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let encoding = self.transport.encoding;
        let now_ms = out.now_ms();
        let shared = Arc::clone(&self.shared);
        let Some(subscription) = self.connected()?.subscriptions.numbered(number) else { return Ok(()) };
        let subscribed = match result {
            Ok(subscribed) => subscribed,
            Err(refusal) => return self.subscribe_failed(number, client_error(refusal), out),
        };
        let State::Starting(start) = std::mem::replace(&mut subscription.state, State::Active(subscribed.handle))
        else {
            return Ok(());
        };
        let renderer = shared.codecs.renderer(subscription.channel.key.name());
        let shown = show(subscription, &start, &subscribed, encoding, renderer, now_ms);
        let variant = shared.codecs.variant(subscription.channel.key.name(), encoding, subscription.has_delta);
        subscription.attach(subscribed.handle, variant, start.filter, out);
        subscription.hold_presence(out);
        crate::metrics::resumed(subscribed.recovery.as_ref());
        let result = match shown {
            Ok(result) => self.shown_as_polled(number, result),
            Err(Unshown::Inexpressible) => return Err(inexpressible()),
            Err(Unshown::NotRecovered) => {
                self.subscribe_failed_after(number, start.origin, ClientError::UNRECOVERABLE_POSITION, out)?;
                return self.unsubscribe_waited(start.unsubscribed_by, number, out);
            }
        };
        self.tell_subscribed(number, start.origin, result, out)?;
        self.unsubscribe_waited(start.unsubscribed_by, number, out)
    }

    /// Carries out the unsubscription that came before the answer to its subscription, and lets go on what waited for it.
    pub(super) fn unsubscribe_waited(
        &mut self,
        command: Option<u32>,
        number: u32,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(id) = command else { return Ok(()) };
        self.unsubscribe_numbered(id, number, out)?;
        self.waited(out)
    }

    fn tell_subscribed(
        &mut self,
        number: u32,
        origin: Origin,
        result: SubscribeResult,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(subscription) = self.connected()?.subscriptions.numbered(number) else { return Ok(()) };
        let channel = subscription.channel.key.name().to_string();
        match origin {
            Origin::Command(id) => self.reply(&Reply { id, subscribe: Some(result), ..Reply::default() }, out),
            Origin::Connect => self.server_side_subscribed(channel, Some(result), out),
            Origin::Server => {
                let subscribe = SubscribePush {
                    recoverable: result.recoverable,
                    epoch: result.epoch,
                    offset: result.offset,
                    positioned: result.positioned,
                    data: result.data,
                };
                self.push(Push { channel, subscribe: Some(subscribe), ..Push::default() }, out)
            }
        }
    }

    fn subscribe_failed(&mut self, number: u32, error: ClientError, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Some(subscription) = self.connected()?.subscriptions.remove(number) else { return Ok(()) };
        let State::Starting(start) = subscription.state else { return Ok(()) };
        match start.origin {
            Origin::Command(id) => self.refuse(id, error, out)?,
            Origin::Connect => self.server_side_subscribed(subscription.channel.key.name().to_string(), None, out)?,
            Origin::Server => {}
        }
        self.unsubscribe_waited(start.unsubscribed_by, number, out)
    }

    /// Refuses a subscription that the channel's owner has granted.
    fn subscribe_failed_after(
        &mut self,
        number: u32,
        origin: Origin,
        error: ClientError,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        if let Some(subscription) = self.connected()?.subscriptions.remove(number) {
            subscription.leave(out);
        }
        match origin {
            Origin::Command(id) => self.refuse(id, error, out),
            Origin::Connect | Origin::Server => Err(close(Disconnect::INSUFFICIENT_STATE, CloseKind::Protocol)),
        }
    }

    pub(super) fn unsubscribe(&mut self, id: u32, channel: &str, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if channel.is_empty() {
            return Err(bad_request());
        }
        let connected = self.connected()?;
        let Some(subscription) = connected.subscriptions.get_mut(channel) else {
            return self.reply_unsubscribed(id, out);
        };
        match &mut subscription.state {
            State::Starting(start) => {
                start.unsubscribed_by = Some(id);
                self.waits += 1;
                Ok(())
            }
            State::Paging(paging) if paging.is_open() => {
                paging.unsubscribed_by = Some(id);
                self.waits += 1;
                Ok(())
            }
            State::Active(_) if !connected.open_publications.is_empty() => {
                connected.waiting_unsubscribes.push((id, subscription.number));
                self.waits += 1;
                Ok(())
            }
            State::Active(_) | State::Paging(_) => {
                let number = subscription.number;
                self.unsubscribe_numbered(id, number, out)
            }
        }
    }

    /// Carries out the unsubscriptions that came behind publications, once those are answered: their publisher is still
    /// to get its own.
    pub(super) fn unsubscribe_after_publications(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let connected = self.connected()?;
        if !connected.open_publications.is_empty() {
            return Ok(());
        }
        for (id, number) in std::mem::take(&mut connected.waiting_unsubscribes) {
            self.unsubscribe_numbered(id, number, out)?;
            self.waited(out)?;
        }
        Ok(())
    }

    fn unsubscribe_numbered(&mut self, id: u32, number: u32, out: &mut SessionOut<'_>) -> Result<(), Close> {
        if let Some(subscription) = self.connected()?.subscriptions.remove(number) {
            subscription.leave(out);
        }
        self.reply_unsubscribed(id, out)
    }

    fn reply_unsubscribed(&self, id: u32, out: &mut SessionOut<'_>) -> Result<(), Close> {
        self.reply(&Reply { id, unsubscribe: Some(UnsubscribeResult::default()), ..Reply::default() }, out)
    }

    /// Ends a subscription from our side: a client-side one by a push, after which its client may come again; a
    /// server-side one with the connection.
    pub(super) fn end_subscription(
        &mut self,
        number: u32,
        why: Unsubscribed,
        disconnect: Disconnect,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(subscription) = self.connected()?.subscriptions.remove(number) else { return Ok(()) };
        if subscription.is_server_side {
            self.connected()?.subscriptions.push(subscription);
            return Err(close(disconnect, CloseKind::Protocol));
        }
        let channel = subscription.channel.key.name().to_string();
        subscription.leave(out);
        self.push(Push { channel, unsubscribe: Some(why.into()), ..Push::default() }, out)
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

/// Why a granted subscription cannot be shown to its client.
enum Unshown {
    NotRecovered,
    Inexpressible,
}

/// The result that a client is shown (section 6.1).
fn show(
    subscription: &Subscription,
    start: &Start,
    subscribed: &Subscribed,
    encoding: Encoding,
    renderer: Option<&dyn Domain>,
    now_ms: i64,
) -> Result<SubscribeResult, Unshown> {
    let recovery = subscribed.recovery.as_ref();
    let is_recovered = recovery.is_some_and(|recovery| recovery.recovered);
    if recovery.is_some() && !is_recovered && start.must_recover {
        return Err(Unshown::NotRecovered);
    }
    let publications = match recovery {
        Some(Recovery { recovered: true, publications }) => {
            let rendered = codec::rendered(publications, renderer);
            show_publications(&rendered, subscription.has_delta, start.filter.as_ref(), encoding)
                .map_err(|_| Unshown::Inexpressible)?
        }
        _ => Vec::new(),
    };
    let features = &subscription.features;
    let epoch = subscribed.epoch.as_ref().filter(|_| features.is_positioned);
    // After a recovery the client counts on from its own offset through the publications.
    let offset = if is_recovered { start.recovers_from.unwrap_or_default() } else { subscribed.offset };
    let (expires, ttl) = match subscription.is_refreshed_by_client {
        true => time_left(subscription.expire_at, now_ms),
        false => (false, 0),
    };
    Ok(SubscribeResult {
        expires,
        ttl,
        recoverable: features.is_recoverable,
        epoch: epoch.map(|epoch| epoch.as_str().to_owned()).unwrap_or_default(),
        publications,
        recovered: is_recovered,
        offset: if features.is_positioned { offset } else { 0 },
        positioned: features.is_positioned,
        data: start.data.clone(),
        was_recovering: recovery.is_some(),
        delta: subscription.has_delta,
        ..SubscribeResult::default()
    })
}

/// `expires` and `ttl` of something that expires at a time; a ttl is at most a year.
pub(super) fn time_left(expire_at: Option<u64>, now_ms: i64) -> (bool, u32) {
    const YEAR_SECONDS: u64 = 365 * 24 * 60 * 60;
    let Some(expire_at) = expire_at else { return (false, 0) };
    let left = expire_at.saturating_sub(u64::try_from(now_ms / 1_000).unwrap_or_default());
    (true, u32::try_from(left.min(YEAR_SECONDS)).unwrap_or(u32::MAX))
}

/// Recovered publications as they are shown: with deltas the first is full and each of the others may be a patch.
fn show_publications(
    publications: &[Arc<Publication>],
    has_delta: bool,
    filter: Option<&Filter>,
    encoding: Encoding,
) -> Result<Vec<ShownPublication>, EncodeError> {
    let no_tags = BTreeMap::new();
    let passes = |publication: &&Arc<Publication>| {
        filter.is_none_or(|filter| filter.matches(publication.tags.as_deref().unwrap_or(&no_tags)))
    };
    let mut previous: Option<&Arc<Publication>> = None;
    let mut shown = Vec::with_capacity(publications.len());
    for publication in publications.iter().filter(passes) {
        let base = previous.filter(|_| has_delta && publication.delta);
        let patch = base.and_then(|base| codec::make_patch(encoding, &base.data, &publication.data));
        let reference = PublicationRef {
            data: patch.as_deref().unwrap_or(&publication.data),
            delta: patch.is_some(),
            data_as_string: has_delta,
            ..codec::reference(publication)
        };
        shown.push(reference.to_publication(encoding)?);
        previous = Some(publication);
    }
    Ok(shown)
}

/// A token's error, as a subscriber is told (section 18, 7).
pub(super) fn token_error(error: TokenError) -> ClientError {
    crate::metrics::token_failure(error);
    match error {
        TokenError::Expired => ClientError::TOKEN_EXPIRED,
        TokenError::Invalid(_) => ClientError::PERMISSION_DENIED,
        TokenError::KeysUnavailable => ClientError::INTERNAL,
    }
}

/// A connection's info with what is said of it in one channel.
pub(super) fn with_channel_info(info: &Arc<ClientInfo>, chan_info: bytes::Bytes) -> Arc<ClientInfo> {
    match chan_info.is_empty() {
        true => Arc::clone(info),
        false => Arc::new(ClientInfo { chan_info, ..(**info).clone() }),
    }
}
