//! Which request a command holds.

use super::schema::{
    Command, ConnectRequest, HistoryRequest, PresenceRequest, PresenceStatsRequest, PublishRequest, RefreshRequest,
    RpcRequest, SendRequest, SubRefreshRequest, SubscribeRequest, UnsubscribeRequest,
};

/// The one request of a [`Command`]. Large and rare ones are boxed so that the common ones move cheaply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// See [`ConnectRequest`].
    Connect(Box<ConnectRequest>),
    /// See [`SubscribeRequest`].
    Subscribe(Box<SubscribeRequest>),
    /// See [`UnsubscribeRequest`].
    Unsubscribe(UnsubscribeRequest),
    /// See [`PublishRequest`].
    Publish(PublishRequest),
    /// See [`PresenceRequest`].
    Presence(PresenceRequest),
    /// See [`PresenceStatsRequest`].
    PresenceStats(PresenceStatsRequest),
    /// See [`HistoryRequest`].
    History(HistoryRequest),
    /// See [`RpcRequest`].
    Rpc(RpcRequest),
    /// See [`SendRequest`].
    Send(SendRequest),
    /// See [`RefreshRequest`].
    Refresh(RefreshRequest),
    /// See [`SubRefreshRequest`].
    SubRefresh(SubRefreshRequest),
}

impl Command {
    /// True for the entirely empty command, by which a client answers a ping.
    pub fn is_pong(&self) -> bool {
        *self == Self::default()
    }

    /// The request of the command. Of several the first in the order of the [`Request`] variants counts; `None` when
    /// there is none, which holds for `ping` too: it is not a legal request.
    pub fn into_request(self) -> Option<Request> {
        let connect = self.connect.map(|request| Request::Connect(Box::new(request)));
        let subscribe = || self.subscribe.map(|request| Request::Subscribe(Box::new(request)));
        connect
            .or_else(subscribe)
            .or_else(|| self.unsubscribe.map(Request::Unsubscribe))
            .or_else(|| self.publish.map(Request::Publish))
            .or_else(|| self.presence.map(Request::Presence))
            .or_else(|| self.presence_stats.map(Request::PresenceStats))
            .or_else(|| self.history.map(Request::History))
            .or_else(|| self.rpc.map(Request::Rpc))
            .or_else(|| self.send.map(Request::Send))
            .or_else(|| self.refresh.map(Request::Refresh))
            .or_else(|| self.sub_refresh.map(Request::SubRefresh))
    }
}
