//! `sub_refresh` with keys: tracking and untracking in a shared poll subscription, and the values that come of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use natter_node::config::SubscriptionType;
use natter_node::session::{Close, SessionOut};
use natter_protocol::centrifuge::codes::{ClientError, Disconnect, Unsubscribed};
use natter_protocol::centrifuge::framing::append_encoded;
use natter_protocol::centrifuge::schema::{
    Publication, Reply, SubRefreshRequest, SubRefreshResult, SubscribeResult, TrackBatch,
};

use super::deadlines::milliseconds;
use super::deadlines::time_left;
use super::subscription::Subscription;
use super::tracking::Tracking;
use super::{ClientSession, inexpressible};
use crate::shared_poll::{Form, SHARED_POLL, Source, Tracked, Tracker, Update, Verifier, Wanted};

/// SubRefreshRequest.type: track keys.
const TRACK: i32 = 1;
/// SubRefreshRequest.type: track keys no longer.
const UNTRACK: i32 = 2;

/// Longest key in bytes.
const KEY_BYTES_MAX: usize = 1_024;
/// A session writes so many bytes of values before others get their turn.
const TURN_BYTES: usize = 16 * 1_024;
/// A connection that cannot be written to is tried again after so long, in milliseconds; meanwhile newer values replace
/// older ones.
const RETRY_MS: i64 = 100;

/// A key that a client asks to track, and until when it may: Unix seconds, 0 for ever.
struct Asked {
    wanted: Wanted,
    expire_at: i64,
}

impl ClientSession {
    /// Handles a `sub_refresh` about keys. `None` when it is about the subscription itself.
    pub(super) fn change_tracked(
        &mut self,
        id: u32,
        request: &SubRefreshRequest,
        out: &mut SessionOut<'_>,
    ) -> Option<Result<(), Close>> {
        let subscription = self.connected().ok()?.subscriptions.get(&request.channel)?;
        let is_active = subscription.is_active();
        subscription.tracking.as_ref()?;
        let result = match request.r#type {
            TRACK | UNTRACK if !is_active => Err(ClientError::PERMISSION_DENIED),
            TRACK => self.track(request, out),
            UNTRACK => self.untrack(request),
            _ => return None,
        };
        Some(match result {
            Ok(result) => self.reply(&Reply { id, sub_refresh: Some(result), ..Reply::default() }, out),
            Err(error) => self.refuse(id, error, out),
        })
    }

    fn track(
        &mut self,
        request: &SubRefreshRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<SubRefreshResult, ClientError> {
        let now_ms = out.now_ms();
        let asked = self.verified(request, now_ms)?;
        let (shared, encoding) = (Arc::clone(&self.shared), self.transport.encoding);
        let subscription = self.polled(&request.channel)?;
        let options = subscription.channel.rules.rules.shared_poll.resolved();
        let form = Form { encoding, has_delta: subscription.has_delta };
        let key = subscription.channel.key.clone();
        let tracking = subscription.tracking.as_mut().ok_or(ClientError::PERMISSION_DENIED)?;
        let untracked: HashSet<&str> = request.untrack.iter().map(String::as_str).collect();
        if tracking.count_after(asked.keys().copied(), &untracked) > options.max_keys_per_connection {
            return Err(ClientError::LIMIT_EXCEEDED);
        }
        let (mut wanted, expiries): (Vec<Wanted>, Vec<i64>) =
            asked.into_values().map(|asked| (asked.wanted, asked.expire_at)).unzip();
        tracking.begin_anew(&wanted);
        let source: Arc<dyn Source> = Arc::<crate::shared::Shared>::clone(&shared);
        let poller = (shared.broker.runtime(), &source);
        let Tracked { channel, known } = shared.polls.track(&key, &options, &mut wanted, &tracking.outbox, poller)?;
        tracking.tracked_in(channel);
        let grace_ms = milliseconds(options.track_expired_extra_delay);
        for (wanted, expire_at) in wanted.iter().zip(&expiries) {
            tracking.tracked(wanted, expiry_ms(*expire_at, grace_ms));
        }
        tracking.untrack(untracked.iter().copied());
        let expire_at = expiries.into_iter().filter(|at| *at > 0).min();
        let (expires, ttl) = time_left(expire_at.and_then(|at| u64::try_from(at).ok()), now_ms);
        Ok(SubRefreshResult { expires, ttl, items: listed(tracking, &known, &untracked, form)? })
    }

    fn untrack(&mut self, request: &SubRefreshRequest) -> Result<SubRefreshResult, ClientError> {
        if request.untrack.is_empty() {
            return Err(ClientError::BAD_REQUEST);
        }
        let tracking = self.polled(&request.channel)?.tracking.as_mut().ok_or(ClientError::PERMISSION_DENIED)?;
        tracking.untrack(request.untrack.iter().map(String::as_str));
        Ok(SubRefreshResult::default())
    }

    /// The keys of a request whose signatures are valid, each as its last list has it.
    fn verified<'r>(
        &mut self,
        request: &'r SubRefreshRequest,
        now_ms: i64,
    ) -> Result<HashMap<&'r str, Asked>, ClientError> {
        let is_sound = |key: &str| !key.is_empty() && key.len() <= KEY_BYTES_MAX;
        let items = request.track.iter().flat_map(|batch| &batch.items);
        if !items.clone().all(|item| is_sound(&item.key)) || items.count() == 0 {
            return Err(ClientError::BAD_REQUEST);
        }
        let verifier = Verifier::new(&self.settings.centrifugo.shared_poll);
        let connected = self.connected().map_err(|_| ClientError::BAD_REQUEST)?;
        let tracker = Tracker { user: &connected.user, channel: &request.channel, now: now_ms / 1_000 };
        let mut asked = HashMap::new();
        for TrackBatch { signature, items } in &request.track {
            let expire_at = verifier.verify(signature, items.iter().map(|item| item.key.as_str()), tracker)?;
            for item in items {
                let wanted = Wanted { key: Arc::from(item.key.as_str()), version: item.version };
                asked.insert(item.key.as_str(), Asked { wanted, expire_at });
            }
        }
        Ok(asked)
    }

    fn polled(&mut self, channel: &str) -> Result<&mut Subscription, ClientError> {
        let connected = self.connected().map_err(|_| ClientError::BAD_REQUEST)?;
        connected.subscriptions.get_mut(channel).ok_or(ClientError::PERMISSION_DENIED)
    }

    /// Tells a client with the result that its subscription is a shared poll, if it is one.
    pub(super) fn shown_as_polled(&mut self, number: u32, result: SubscribeResult) -> SubscribeResult {
        let shared = Arc::clone(&self.shared);
        let subscription = self.connected().ok().and_then(|connected| connected.subscriptions.numbered(number));
        let Some(subscription) = subscription.filter(|subscription| subscription.tracking.is_some()) else {
            return result;
        };
        let channel = &subscription.channel;
        let epoch = shared.polls.epoch(&channel.key, &channel.rules.rules.shared_poll);
        SubscribeResult { r#type: SHARED_POLL, epoch: epoch.to_string(), ..result }
    }

    /// Whether a channel takes publications of clients: values of shared polls come from a backend only.
    pub(super) fn is_stream(channel: &crate::shared::ResolvedChannel) -> bool {
        channel.rules.rules.subscription_type != SubscriptionType::SharedPoll
    }

    /// Writes the values that wait.
    pub(super) fn push_tracked(&mut self, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Ok(connected) = self.connected() else { return Ok(()) };
        let polled = connected.subscriptions.iter().filter(|subscription| subscription.tracking.is_some());
        let numbers: Vec<u32> = polled.map(|subscription| subscription.number).collect();
        for number in numbers {
            self.push_tracked_of(number, out)?;
        }
        Ok(())
    }

    fn push_tracked_of(&mut self, number: u32, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let encoding = self.transport.encoding;
        let Some(subscription) = self.connected()?.subscriptions.numbered(number) else { return Ok(()) };
        let form = Form { encoding, has_delta: subscription.has_delta };
        let Some(tracking) = subscription.tracking.as_mut() else { return Ok(()) };
        if tracking.has_waiting() && !out.is_writable() {
            tracking.retry_at(out.now_ms() + RETRY_MS);
            return Ok(());
        }
        if !tracking.take() {
            let (why, disconnect) = (Unsubscribed::INSUFFICIENT_STATE, Disconnect::INSUFFICIENT_STATE);
            return self.end_subscription(number, why, disconnect, out);
        }
        let (mut bytes, mut count) = (0, 0);
        while bytes < TURN_BYTES
            && let Some(message) = tracking.next_message(form).map_err(|_| inexpressible())?
        {
            append_encoded(encoding, &message, out.payload());
            (bytes, count) = (bytes + message.len(), count + 1);
        }
        if tracking.has_unsent() {
            tracking.outbox.look_again();
        }
        crate::metrics::shared_poll_pushes(count);
        Ok(())
    }

    /// Does what tracked keys have come due for.
    pub(super) fn tracked_due(&mut self, now_ms: i64, out: &mut SessionOut<'_>) -> Result<(), Close> {
        let Ok(connected) = self.connected() else { return Ok(()) };
        let polled = connected.subscriptions.iter_mut().filter_map(|subscription| subscription.tracking.as_mut());
        let mut is_due = false;
        for tracking in polled.filter(|tracking| tracking.deadline_ms() <= now_ms) {
            tracking.expire(now_ms);
            is_due = true;
        }
        if is_due { self.push_tracked(out) } else { Ok(()) }
    }
}

/// The values that an answer lists, of the keys that are still tracked.
fn listed(
    tracking: &mut Tracking,
    known: &[Arc<Update>],
    untracked: &HashSet<&str>,
    form: Form,
) -> Result<Vec<Publication>, ClientError> {
    let tracked = known.iter().filter(|update| !untracked.contains(&*update.key));
    let list = |update: &Arc<Update>| {
        tracking.given(update);
        update.listed(form).map_err(|_| ClientError::INTERNAL)
    };
    tracked.map(list).collect()
}

fn expiry_ms(expire_at: i64, grace_ms: i64) -> i64 {
    match expire_at {
        0 => i64::MAX,
        // A key is still tracked in the second in which it expires.
        _ => expire_at.saturating_add(1).saturating_mul(1_000).saturating_add(grace_ms),
    }
}
