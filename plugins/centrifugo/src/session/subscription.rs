//! The subscriptions of one connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use natter_core::{ChannelHandle, ClientInfo, Publication, Request, Subscriber};
use natter_node::session::{PublicationFilter, SessionOut, Subscription as Attachment, Variant};
use natter_protocol::centrifuge::filter::Filter;

use super::grant::Features;
use super::maps::{MapPresence, Paging};
use super::tracking::Tracking;
use crate::shared::ResolvedChannel;

/// Who started a subscription, and so who is told how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The client's command with this id.
    Command(u32),
    /// The connect: its reply lists the result.
    Connect,
    /// The tenant's backend: the client is told by a push.
    Server,
}

/// What is needed only until the shard has answered.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) origin: Origin,
    /// The client's offset, when it recovers.
    pub(super) recovers_from: Option<u64>,
    /// A recovery that fails is an error (flag bit 2).
    pub(super) must_recover: bool,
    pub(super) data: Bytes,
    pub(super) filter: Option<Filter>,
    /// The unsubscribe command that came before the answer.
    pub(super) unsubscribed_by: Option<u32>,
}

/// How far a subscription has come.
#[derive(Debug)]
pub(super) enum State {
    Starting(Box<Start>),
    /// A map whose pages are being read.
    Paging(Box<Paging>),
    Active(ChannelHandle),
}

/// A subscription.
#[derive(Debug)]
pub(super) struct Subscription {
    /// Tells it from the connection's other ones, former ones included.
    pub(super) number: u32,
    pub(super) channel: ResolvedChannel,
    pub(super) subscriber: Subscriber,
    /// The connection's info with what is said of it in this channel: its publications carry it, listed or not.
    pub(super) info: Arc<ClientInfo>,
    pub(super) state: State,
    pub(super) is_server_side: bool,
    pub(super) is_from_connection_token: bool,
    pub(super) is_refreshed_by_client: bool,
    pub(super) has_delta: bool,
    pub(super) features: Features,
    /// Unix seconds at which it expires; `None` is never.
    pub(super) expire_at: Option<u64>,
    /// When something is done about that, in milliseconds; `i64::MAX` is never.
    pub(super) deadline_ms: i64,
    /// The keys that it tracks, if it is a shared poll.
    pub(super) tracking: Option<Box<Tracking>>,
    /// Where it is listed as keys of maps.
    pub(super) presence: Option<Box<MapPresence>>,
}

impl Subscription {
    pub(super) fn is_active(&self) -> bool {
        matches!(self.state, State::Active(_))
    }

    fn next_deadline_ms(&self) -> i64 {
        let of_keys = self.tracking.as_ref().map_or(i64::MAX, |tracking| tracking.deadline_ms());
        self.deadline_ms.min(of_keys)
    }

    /// Has the lane deliver what is published from now on, in one of the channel's wire forms.
    pub(super) fn attach(
        &self,
        handle: ChannelHandle,
        variant: Variant,
        filter: Option<Filter>,
        out: &mut SessionOut<'_>,
    ) {
        out.attach(Attachment {
            channel: handle,
            key: self.channel.key.clone(),
            variant,
            wants_presence_edges: self.features.gets_presence_edges,
            filter: filter.map(|filter| Box::new(TagsFilter(filter)) as Box<dyn PublicationFilter>),
        });
    }

    /// Shows others new info of the subscriber in this channel.
    pub(super) fn replace_info(&mut self, chan_info: Bytes, out: &mut SessionOut<'_>) {
        self.show_as(Arc::new(ClientInfo { chan_info, ..(*self.info).clone() }), out);
    }

    /// Shows others new info of the subscriber, and lists one that is listed anew.
    pub(super) fn show_as(&mut self, info: Arc<ClientInfo>, out: &mut SessionOut<'_>) {
        self.info = Arc::clone(&info);
        if self.subscriber.info.is_none() {
            return;
        }
        self.subscriber.info = Some(info);
        let request = Request::UpdatePresence { subscriber: self.subscriber.clone() };
        out.tell(self.channel.key.clone(), Arc::clone(&self.channel.rules.options), request);
    }

    /// Gives the subscription up.
    pub(super) fn leave(self, out: &mut SessionOut<'_>) {
        self.release_presence(out);
        if let State::Active(handle) = self.state {
            out.detach(handle);
            let request = Request::Unsubscribe { subscriber: self.subscriber, handle };
            out.tell(self.channel.key, Arc::clone(&self.channel.rules.options), request);
        }
    }
}

/// All of them; few enough to be searched one by one.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    list: Vec<Subscription>,
    next_number: u32,
}

impl Subscriptions {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn next_number(&mut self) -> u32 {
        self.next_number = self.next_number.wrapping_add(1);
        self.next_number
    }

    pub(super) fn push(&mut self, subscription: Subscription) {
        if self.list.is_empty() {
            // Most connections have one or two: room for four at once would be their largest part.
            self.list.reserve_exact(1);
        }
        self.list.push(subscription);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Subscription> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Subscription> {
        self.list.iter_mut()
    }

    pub(super) fn get(&self, channel: &str) -> Option<&Subscription> {
        self.list.iter().find(|subscription| **subscription.channel.key.name() == *channel)
    }

    pub(super) fn get_mut(&mut self, channel: &str) -> Option<&mut Subscription> {
        self.list.iter_mut().find(|subscription| **subscription.channel.key.name() == *channel)
    }

    pub(super) fn numbered(&mut self, number: u32) -> Option<&mut Subscription> {
        self.list.iter_mut().find(|subscription| subscription.number == number)
    }

    pub(super) fn is_subscribed(&self, channel: &str) -> bool {
        self.get(channel).is_some_and(Subscription::is_active)
    }

    /// Leaves only those for which `keeps` holds.
    pub(super) fn retain(&mut self, keeps: impl FnMut(&Subscription) -> bool) {
        self.list.retain(keeps);
    }

    pub(super) fn remove(&mut self, number: u32) -> Option<Subscription> {
        let index = self.list.iter().position(|subscription| subscription.number == number)?;
        Some(self.list.swap_remove(index))
    }

    /// Takes the one out that a channel's life belongs to.
    pub(super) fn remove_handle(&mut self, handle: ChannelHandle) -> Option<Subscription> {
        let index = self
            .list
            .iter()
            .position(|subscription| matches!(subscription.state, State::Active(own) if own == handle))?;
        Some(self.list.swap_remove(index))
    }

    /// The numbers of those whose time has come.
    pub(super) fn due(&self, now_ms: i64) -> Vec<u32> {
        self.list.iter().filter(|subscription| subscription.deadline_ms <= now_ms).map(|due| due.number).collect()
    }

    pub(super) fn next_deadline_ms(&self) -> i64 {
        self.list.iter().map(Subscription::next_deadline_ms).min().unwrap_or(i64::MAX)
    }

    /// Gives all of them up, as the connection ends. Those that are not answered yet are given back by the lane.
    pub(super) fn leave_all(&mut self, out: &mut SessionOut<'_>) {
        for subscription in std::mem::take(&mut self.list) {
            subscription.leave(out);
        }
    }
}

/// A client's filter on tags (section 6.6).
#[derive(Debug)]
struct TagsFilter(Filter);

impl PublicationFilter for TagsFilter {
    fn passes(&self, publication: &Publication) -> bool {
        match publication.tags.as_deref() {
            Some(tags) => self.0.matches(tags),
            None => self.0.matches(&BTreeMap::new()),
        }
    }
}

/// A connection's info with what is said of it in one channel.
pub(super) fn with_channel_info(info: &Arc<ClientInfo>, chan_info: bytes::Bytes) -> Arc<ClientInfo> {
    match chan_info.is_empty() {
        true => Arc::clone(info),
        false => Arc::new(ClientInfo { chan_info, ..(**info).clone() }),
    }
}
