//! Map subscriptions (section 8): the state page by page, then what has changed since the first page, then live.
//!
//! A client takes as many commands for it as it needs, and the subscription stands in [`State::Paging`] meanwhile. It goes
//! live within one request to the channel's owner, so nothing can come in between.

mod presence;
mod publish;
mod show;

pub(super) use presence::MapPresence;

use natter_core::{
    ChangesPage, KeyedAnswer, KeyedRequest, Refusal, Request, Revision, Since, StatePage, StateQuery, Subscribed,
    Subscriber,
};
use natter_node::config::DeltaType;
use natter_node::session::{Close, CloseKind, PublicationFilter, SessionOut, Subscription as Attachment};
use natter_protocol::centrifuge::codes::{ClientError, Disconnect};
use natter_protocol::centrifuge::filter::Filter;
use natter_protocol::centrifuge::schema::{Publication as ShownPublication, Reply, SubscribeRequest, SubscribeResult};

use std::sync::Arc;

use self::show::{Form, show};
use super::deadlines::milliseconds;
use super::grant::{Features, Grant};
use super::reply::client_error;
use super::subscribe::{FOSSIL, TagsFilter, time_left, with_channel_info};
use super::subscription::{State, Subscription};
use super::token::{Pending, Token};
use super::{ClientSession, close};
use crate::shared::ResolvedChannel;

/// SubscribeRequest.phase: pages of the state.
const STATE: i32 = 2;
/// SubscribeRequest.phase: pages of what has changed.
const STREAM: i32 = 1;
/// SubscribeRequest.phase: everything that is left, and live from there.
const LIVE: i32 = 0;
/// SubscribeResult.type of every map subscription.
const MAP: i32 = 1;

/// How far a client has come with its pages.
#[derive(Debug)]
pub(super) struct Paging {
    /// What the grant gives the client.
    data: bytes::Bytes,
    filter: Option<Filter>,
    started_ms: i64,
    /// What the first page was of.
    revision: Option<Revision>,
    /// Where the stream stood when the client began to catch up.
    goal: Option<u64>,
    /// The command that the channel's owner has not answered.
    open: Option<Open>,
    /// The unsubscribe command that came before that answer.
    pub(super) unsubscribed_by: Option<u32>,
}

/// A command on its way.
#[derive(Clone, Copy, Debug)]
struct Open {
    id: u32,
    /// Whether the client goes on from a position that it had before.
    recovers: bool,
    is_from_state: bool,
}

impl Paging {
    /// Whether the channel's owner still has to answer.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

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
        let number = self.start_paging(channel, grant, request, (paging, has_delta), out)?;
        self.ask_map(id, number, request, out)
    }

    /// Lists a subscription whose pages are to be read, and returns its number.
    fn start_paging(
        &mut self,
        channel: ResolvedChannel,
        grant: Grant,
        request: &SubscribeRequest,
        (paging, has_delta): (Paging, bool),
        out: &mut SessionOut<'_>,
    ) -> Result<u32, Close> {
        let access = self.access(&channel)?;
        let features = Features::new(&channel.rules.rules, &grant.overrides, request, access);
        let deadline_ms = self.subscription_deadline_ms(grant.expire_at, grant.is_refreshed_by_client);
        let info = with_channel_info(&self.connected()?.info, grant.info);
        let presence = self.map_presence(&channel, &info);
        let connected = self.connected()?;
        let number = connected.subscriptions.next_number();
        let client = Arc::clone(&connected.client);
        let subscriber = Subscriber { lane: out.lane(), client, info: features.is_visible.then_some(info) };
        connected.subscriptions.push(Subscription {
            number,
            channel,
            subscriber,
            state: State::Paging(Box::new(paging)),
            is_server_side: false,
            is_from_connection_token: grant.is_from_connection_token,
            is_refreshed_by_client: grant.is_refreshed_by_client,
            has_delta,
            features,
            expire_at: grant.expire_at,
            deadline_ms,
            presence,
            tracking: None,
        });
        Ok(number)
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
        let result = shown.map_err(|_| close(Disconnect::INAPPROPRIATE_PROTOCOL, CloseKind::Protocol))?;
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
        let has_delta = subscription.has_delta;
        let form = |is_chain| Form { encoding, has_delta, is_chain, filter: paging.filter.as_ref() };
        let state = subscribed.state.as_ref().map_or(Ok(Vec::new()), |page| show(&page.entries, form(false)));
        let changes = subscribed.recovery.as_ref().map_or(&[][..], |recovery| &recovery.publications);
        let shown = state.and_then(|state| Ok((state, show(changes, form(true))?)));
        let (data, unsubscribed_by) = (std::mem::take(&mut paging.data), paging.unsubscribed_by);
        let filter = paging.filter.take().map(|filter| Box::new(TagsFilter(filter)) as Box<dyn PublicationFilter>);
        subscription.state = State::Active(subscribed.handle);
        out.attach(Attachment {
            channel: subscribed.handle,
            key: subscription.channel.key.clone(),
            variant: shared.codecs.map_variant(encoding, has_delta),
            wants_presence_edges: subscription.features.gets_presence_edges,
            filter,
        });
        let (state, publications) =
            shown.map_err(|_| close(Disconnect::INAPPROPRIATE_PROTOCOL, CloseKind::Protocol))?;
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

impl Subscription {
    /// Whether its client has taken too long with its pages.
    fn is_late(&self, now_ms: i64) -> bool {
        let State::Paging(paging) = &self.state else { return false };
        let timeout_ms = milliseconds(self.channel.rules.rules.map.catch_up_timeout());
        now_ms.saturating_sub(paging.started_ms) > timeout_ms
    }

    /// Whether its client has stopped asking for pages.
    fn is_abandoned(&self, now_ms: i64) -> bool {
        self.is_late(now_ms) && matches!(&self.state, State::Paging(paging) if !paging.is_open())
    }
}

/// Whether a subscription's type is one of the maps'.
fn is_map(subscription_type: i32) -> bool {
    (1..=3).contains(&subscription_type)
}

/// What a command asks of the channel's owner.
fn map_request(
    channel: &ResolvedChannel,
    subscriber: &Subscriber,
    paging: &Paging,
    request: &SubscribeRequest,
) -> Result<KeyedRequest, ClientError> {
    let known = paging.revision.as_ref().map(|revision| revision.epoch.as_str());
    if !request.epoch.is_empty() && known.is_some_and(|known| known != request.epoch) {
        return Err(ClientError::UNRECOVERABLE_POSITION);
    }
    let limit = channel.rules.rules.map.page_size(request.limit);
    let subscriber = subscriber.clone();
    let since = Since { offset: request.offset, epoch: request.epoch.clone() };
    match request.phase {
        STATE => {
            let query = StateQuery { cursor: request.cursor.clone(), limit, ascending: request.asc };
            let (revision, epoch) = (paging.revision.clone(), request.epoch.clone());
            Ok(KeyedRequest::Page { subscriber, query, revision, epoch })
        }
        STREAM => Ok(KeyedRequest::CatchUp { subscriber, since, limit: Some(limit), goal: paging.goal }),
        LIVE => Ok(KeyedRequest::CatchUp { subscriber, since, limit: None, goal: None }),
        _ => Err(ClientError::BAD_REQUEST),
    }
}

fn state_result(page: StatePage, offset: u64, state: Vec<ShownPublication>) -> SubscribeResult {
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

fn changes_result(page: &ChangesPage, publications: Vec<ShownPublication>) -> SubscribeResult {
    let (epoch, offset) = (page.epoch.as_str().to_owned(), page.offset);
    SubscribeResult { r#type: MAP, phase: STREAM, epoch, offset, publications, ..SubscribeResult::default() }
}

/// The result of going live, without what is in it.
fn live_result(subscription: &Subscription, subscribed: &Subscribed, recovers: bool, now_ms: i64) -> SubscribeResult {
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

/// Gives up a subscription that nobody waits for any more.
fn give_back(subscribed: Subscribed, out: &mut SessionOut<'_>) -> Result<(), Close> {
    let request = Request::Unsubscribe { subscriber: subscribed.subscriber, handle: subscribed.handle };
    out.tell(subscribed.channel, Arc::default(), request);
    Ok(())
}
