//! How far a client has come with the pages of a map, and what its next command asks for.

use bytes::Bytes;
use natter_core::{KeyedRequest, Revision, Since, StateQuery, Subscriber};
use natter_protocol::centrifuge::codes::ClientError;
use natter_protocol::centrifuge::filter::Filter;
use natter_protocol::centrifuge::schema::SubscribeRequest;

use super::{LIVE, STATE, STREAM};
use crate::session::deadlines::milliseconds;
use crate::session::subscription::{State, Subscription};
use crate::shared::ResolvedChannel;

/// How far a client has come with its pages.
#[derive(Debug)]
pub(in crate::session) struct Paging {
    /// What the grant gives the client.
    pub(super) data: Bytes,
    pub(super) filter: Option<Filter>,
    pub(super) started_ms: i64,
    /// What the first page was of.
    pub(super) revision: Option<Revision>,
    /// Where the stream stood when the client began to catch up.
    pub(super) goal: Option<u64>,
    /// The command that the channel's owner has not answered.
    pub(super) open: Option<Open>,
    /// The unsubscribe command that came before that answer.
    pub(in crate::session) unsubscribed_by: Option<u32>,
}

/// A command on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) id: u32,
    /// Whether the client goes on from a position that it had before.
    pub(super) recovers: bool,
    pub(super) is_from_state: bool,
}

impl Paging {
    /// Whether the channel's owner still has to answer.
    pub(in crate::session) fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

impl Subscription {
    /// Whether its client has taken too long with its pages.
    pub(super) fn is_late(&self, now_ms: i64) -> bool {
        let State::Paging(paging) = &self.state else { return false };
        let timeout_ms = milliseconds(self.channel.rules.rules.map.catch_up_timeout());
        now_ms.saturating_sub(paging.started_ms) > timeout_ms
    }

    /// Whether its client has stopped asking for pages.
    pub(super) fn is_abandoned(&self, now_ms: i64) -> bool {
        self.is_late(now_ms) && matches!(&self.state, State::Paging(paging) if !paging.is_open())
    }
}

/// What a command asks of the channel's owner.
pub(super) fn map_request(
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
