//! Results of the commands of a map subscription (section 8).

use natter_core::{ChangesPage, StatePage, Subscribed};
use natter_protocol::centrifuge::schema::{Publication as ShownPublication, SubscribeResult};

use super::{LIVE, STATE, STREAM};
use crate::session::deadlines::time_left;
use crate::session::subscription::Subscription;

/// SubscribeResult.type of every map subscription.
const MAP: i32 = 1;

/// A page of the state; `offset` is where the first one stood.
pub(super) fn state_result(page: StatePage, offset: u64, state: Vec<ShownPublication>) -> SubscribeResult {
    let epoch = page.epoch.as_str().to_owned();
    SubscribeResult {
        r#type: MAP,
        phase: STATE,
        cursor: page.cursor,
        epoch,
        offset,
        state,
        ..SubscribeResult::default()
    }
}

/// A page of what has changed.
pub(super) fn changes_result(page: &ChangesPage, publications: Vec<ShownPublication>) -> SubscribeResult {
    let (epoch, offset) = (page.epoch.as_str().to_owned(), page.offset);
    SubscribeResult { r#type: MAP, phase: STREAM, epoch, offset, publications, ..SubscribeResult::default() }
}

/// The result of going live, without what is in it.
pub(super) fn live_result(
    subscription: &Subscription,
    subscribed: &Subscribed,
    recovers: bool,
    now_ms: i64,
) -> SubscribeResult {
    let rules = &subscription.channel.rules.rules;
    let (expires, ttl) = match subscription.is_refreshed_by_client {
        true => time_left(subscription.expire_at, now_ms),
        false => (false, 0),
    };
    let debounce = u32::try_from(rules.client_publish_debounce_interval.as_millis()).unwrap_or(u32::MAX);
    SubscribeResult {
        r#type: MAP,
        phase: LIVE,
        expires,
        ttl,
        recoverable: rules.map.has_stream(),
        epoch: subscribed.epoch.as_ref().map(|epoch| epoch.as_str().to_owned()).unwrap_or_default(),
        offset: subscribed.offset,
        delta: subscription.has_delta,
        was_recovering: recovers,
        recovered: recovers,
        publish_debounce: debounce,
        ..SubscribeResult::default()
    }
}
