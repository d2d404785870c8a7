//! Map subscriptions (section 8): the state page by page, then what has changed since the first page, then live.
//!
//! A client takes as many commands for it as it needs, and the subscription stands in [`State::Paging`] meanwhile. It goes
//! live within one request to the channel's owner, so nothing can come in between.

mod ask;
mod paging;
mod presence;
mod publish;
mod result;
mod show;

pub(super) use paging::Paging;
pub(super) use presence::MapPresence;

use natter_core::{KeyedAnswer, Refusal, Request, Revision, Subscribed};
use natter_node::config::DeltaType;
use natter_node::session::{Close, CloseKind, SessionOut};
use natter_protocol::centrifuge::codes::{ClientError, Disconnect};
use natter_protocol::centrifuge::filter::Filter;
use natter_protocol::centrifuge::schema::{Reply, SubscribeRequest, SubscribeResult};

use std::sync::Arc;

use self::paging::{Open, map_request};
use self::result::{changes_result, live_result, state_result};
use self::show::{Form, show, show_live};
use super::grant::Grant;
use super::reply::client_error;
use super::subscribe::FOSSIL;
use super::subscription::State;
use super::token::{Pending, Token};
use super::{ClientSession, close, inexpressible};
use crate::shared::ResolvedChannel;

/// SubscribeRequest.phase: pages of the state.
const STATE: i32 = 2;
/// SubscribeRequest.phase: pages of what has changed.
const STREAM: i32 = 1;
/// SubscribeRequest.phase: everything that is left, and live from there.
const LIVE: i32 = 0;

impl ClientSession {
    /// Handles a command that goes on with a subscription's pages; gives back any other one.
    pub(super) fn continue_map(
        &mut self,
        id: u32,
        request: SubscribeRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<Option<SubscribeRequest>, Close> {
        if !is_map(request.r#type) {
            return Ok(Some(request));
        }
        let now_ms = out.now_ms();
        let connected = self.connected()?;
        connected.subscriptions.retain(|subscription| {
            *request.channel == **subscription.channel.key.name() || !subscription.is_abandoned(now_ms)
        });
        let is_next = !request.cursor.is_empty() || request.phase != STATE;
        let Some(subscription) = connected.subscriptions.get_mut(&request.channel) else {
            if request.cursor.is_empty() {
                return Ok(Some(request));
            }
            return self.refuse(id, ClientError::PERMISSION_DENIED, out).map(|()| None);
        };
        let number = subscription.number;
        let is_late = subscription.is_late(now_ms);
        let State::Paging(paging) = &subscription.state else { return Ok(Some(request)) };
        if !is_next {
            return Ok(Some(request));
        }
        if paging.is_open() {
            return self.refuse(id, ClientError::CONCURRENT_PAGINATION, out).map(|()| None);
        }
        if is_late {
            return Err(close(Disconnect::SLOW, CloseKind::Slow));
        }
        self.ask_map(id, number, &request, out).map(|()| None)
    }

    /// Begins a permitted subscription.
    pub(super) fn begin_map(
        &mut self,
        id: u32,
        channel: ResolvedChannel,
        grant: Grant,
        request: &SubscribeRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        // Only who was there before can do without the state.
        if request.phase == STREAM && !request.recover {
            return self.refuse(id, ClientError::PERMISSION_DENIED, out);
        }
        let filter = request.tf.as_ref().and_then(|filter| Filter::new(filter).ok());
        // A delta may be made against what a filter has kept from the client.
        let has_delta = request.delta == FOSSIL
            && filter.is_none()
            && channel.rules.rules.allowed_delta_types.contains(&DeltaType::Fossil);
        let paging = Paging {
            data: grant.data.clone(),
            filter,
            started_ms: out.now_ms(),
            revision: None,
            goal: None,
            open: None,
            unsubscribed_by: None,
        };
        let features = self.features(&channel, &grant, request)?;
        let state = State::Paging(Box::new(paging));
        let subscription = self.new_subscription(channel, grant, (features, has_delta), state, out.lane())?;
        let number = subscription.number;
        self.connected()?.subscriptions.push(subscription);
        self.ask_map(id, number, request, out)
    }

    /// Sends the channel's owner what a command asks for.
    fn ask_map(
        &mut self,
        id: u32,
        number: u32,
        request: &SubscribeRequest,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(subscription) = self.connected()?.subscriptions.numbered(number) else { return Ok(()) };
        let State::Paging(paging) = &mut subscription.state else { return Ok(()) };
        let keyed = match map_request(&subscription.channel, &subscription.subscriber, paging, request) {
            Ok(keyed) => keyed,
            Err(error) => {
                self.connected()?.subscriptions.remove(number);
                return self.refuse(id, error, out);
            }
        };
        paging.open = Some(Open { id, recovers: request.recover, is_from_state: request.phase == STATE });
        let shard_request = Request::Keyed { request: Box::new(keyed), reply: Some(()) };
        let options = Arc::clone(&subscription.channel.rules.options);
        out.request(Token::pack(Pending::MapPage, number), subscription.channel.key.clone(), options, shard_request);
        Ok(())
    }

    /// The channel's owner has sent a page with others behind it.
    pub(super) fn map_page_read(
        &mut self,
        number: u32,
        result: Result<Box<KeyedAnswer>, Refusal>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let encoding = self.transport.encoding;
        let Some(subscription) = self.connected()?.subscriptions.numbered(number) else { return Ok(()) };
        let has_delta = subscription.has_delta;
        let State::Paging(paging) = &mut subscription.state else { return Ok(()) };
        let Some(open) = paging.open.take() else { return Ok(()) };
        let form = |filter| Form { encoding, has_delta, is_chain: false, filter };
        let shown = match result.map(|answer| *answer) {
            Ok(KeyedAnswer::State { page, .. }) => {
                let revision = Revision { change: page.change, epoch: page.epoch.clone() };
                let offset = match &paging.revision {
                    Some(first) if page.offset > 0 => first.change,
                    _ => page.offset,
                };
                paging.revision.get_or_insert(revision);
                show(&page.entries, form(paging.filter.as_ref())).map(|state| state_result(page, offset, state))
            }
            Ok(KeyedAnswer::Changes(page)) => {
                paging.goal = Some(page.goal);
                show(&page.publications, form(paging.filter.as_ref())).map(|shown| changes_result(&page, shown))
            }
            Ok(KeyedAnswer::Changed(_)) => return Err(close(Disconnect::INTERNAL, CloseKind::Error)),
            Err(refusal) => return self.map_failed(number, open, client_error(refusal), out),
        };
        let unsubscribed_by = paging.unsubscribed_by;
        let result = shown.map_err(|_| inexpressible())?;
        self.reply(&Reply { id: open.id, subscribe: Some(result), ..Reply::default() }, out)?;
        self.unsubscribe_waited(unsubscribed_by, number, out)
    }

    /// The channel's owner has sent the last page, and counts the subscriber in.
    pub(super) fn map_went_live(
        &mut self,
        number: u32,
        result: Result<Box<Subscribed>, Refusal>,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let encoding = self.transport.encoding;
        let now_ms = out.now_ms();
        let shared = Arc::clone(&self.shared);
        let Some(subscription) = self.connected()?.subscriptions.numbered(number) else {
            return result.map_or(Ok(()), |subscribed| give_back(*subscribed, out));
        };
        let State::Paging(paging) = &mut subscription.state else { return Ok(()) };
        let Some(open) = paging.open.take() else { return Ok(()) };
        let subscribed = match result {
            Ok(subscribed) => subscribed,
            Err(refusal) => return self.map_failed(number, open, client_error(refusal), out),
        };
        let shown = show_live(paging, subscription.has_delta, &subscribed, encoding);
        let (data, unsubscribed_by) = (std::mem::take(&mut paging.data), paging.unsubscribed_by);
        let filter = paging.filter.take();
        subscription.state = State::Active(subscribed.handle);
        let variant = shared.codecs.map_variant(encoding, subscription.has_delta);
        subscription.attach(subscribed.handle, variant, filter, out);
        let (state, publications) = shown.map_err(|_| inexpressible())?;
        let recovers = open.recovers && !open.is_from_state;
        let live = live_result(subscription, &subscribed, recovers, now_ms);
        let result = SubscribeResult { state, publications, data, ..live };
        subscription.hold_presence(out);
        self.reply(&Reply { id: open.id, subscribe: Some(result), ..Reply::default() }, out)?;
        self.unsubscribe_waited(unsubscribed_by, number, out)
    }

    /// The pages end here; the client may begin anew.
    fn map_failed(
        &mut self,
        number: u32,
        open: Open,
        error: ClientError,
        out: &mut SessionOut<'_>,
    ) -> Result<(), Close> {
        let Some(subscription) = self.connected()?.subscriptions.remove(number) else { return Ok(()) };
        self.refuse(open.id, error, out)?;
        let State::Paging(paging) = subscription.state else { return Ok(()) };
        self.unsubscribe_waited(paging.unsubscribed_by, number, out)
    }
}

/// Whether a subscription's type is one of the maps'.
fn is_map(subscription_type: i32) -> bool {
    (1..=3).contains(&subscription_type)
}

/// Gives up a subscription that nobody waits for any more.
fn give_back(subscribed: Subscribed, out: &mut SessionOut<'_>) -> Result<(), Close> {
    let request = Request::Unsubscribe { subscriber: subscribed.subscriber, handle: subscribed.handle };
    out.tell(subscribed.channel, Arc::default(), request);
    Ok(())
}
