//! What can be asked of a shard.

use std::sync::Arc;

use bytes::Bytes;

use crate::carried::Carried;
use crate::effects::{Refusal, Reply};
use crate::keyed::KeyedRequest;
use crate::log::{CommitOutcome, LogHead};
use crate::stream::{HistoryQuery, Since};
use crate::{ChannelHandle, ChannelKey, ChannelOptions, ClientInfo, EntityId, LaneId, Publication, Tags, Version};

/// A publication before it has its number.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The payload; must not be a slice of a connection's read buffer.
    pub data: Bytes,
    /// What the domain above calls it; [`MESSAGE`](crate::MESSAGE), the default, is what `seq` counts.
    pub kind: u8,
    /// By what it can be found in a durable log later; given to no other event of the channel.
    pub id: Option<EntityId>,
    /// The publishing connection, when a connection publishes.
    pub info: Option<Arc<ClientInfo>>,
    /// Labels.
    pub tags: Option<Arc<Tags>>,
    /// A repeat with the same key is answered with the first result and publishes nothing.
    pub idempotency_key: Option<Arc<str>>,
    /// Deliver it, but neither number nor keep it.
    pub skip_history: bool,
    /// Subscribers that negotiated deltas may get a delta.
    pub delta: bool,
    /// The application's own version, with the epoch it counts in: an older or equal one is not published.
    pub version: Option<Version>,
}

/// Who subscribes.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The lane that owns the connection.
    pub lane: LaneId,
    /// The connection's id; the key of its presence.
    pub client: Arc<str>,
    /// What presence and join announcements show of it; `None` keeps it out of both.
    pub info: Option<Arc<ClientInfo>>,
}

/// One request to a channel's owner. `R` is the address of whoever waits for the answer.
#[derive(Debug)]
pub enum Request<R> {
    /// Number, keep and deliver a publication. Answered with `Reply::Published`.
    Publish {
        /// What to publish.
        draft: Draft,
        /// Who waits for the result; nobody, for fire and forget.
        reply: Option<R>,
    },
    /// Attach a subscriber. Answered with `Reply::Subscribed`, after which everything above the answered
    /// position is delivered to the subscriber's lane.
    Subscribe {
        /// Who subscribes.
        subscriber: Subscriber,
        /// Where the subscriber was before, if it wants what it missed.
        recover: Option<Since>,
        /// Who waits for the result.
        reply: R,
    },
    /// Detach a subscriber that was attached. Not answered.
    Unsubscribe {
        /// Who leaves.
        subscriber: Subscriber,
        /// The channel's life that it was attached to: when that has ended, there is nothing to leave any more.
        handle: ChannelHandle,
    },
    /// Replace what presence shows of an attached subscriber. Not answered.
    UpdatePresence {
        /// The subscriber with its new info.
        subscriber: Subscriber,
    },
    /// Read history. Answered with `Reply::History`.
    History {
        /// Which publications.
        query: HistoryQuery,
        /// Who waits for the result.
        reply: R,
    },
    /// Forget all publications but keep the position. Answered with `Reply::HistoryRemoved`, in a durable channel when the
    /// store has forgotten them.
    RemoveHistory {
        /// Who waits for the result.
        reply: R,
    },
    /// End this life of the channel: its subscribers are told to subscribe anew, whoever waits is refused, and the next
    /// request finds what the store has. For a log that is deleted. Answered with `Reply::HistoryRemoved`.
    Close {
        /// Who waits for the result.
        reply: R,
    },
    /// Read or change the keys of a channel.
    Keyed {
        /// What is asked.
        request: Box<KeyedRequest>,
        /// Who waits for the result; nobody, for what is not answered.
        reply: Option<R>,
    },
    /// List who is present. Answered with `Reply::Presence`.
    Presence {
        /// Who waits for the result.
        reply: R,
    },
    /// Count who is present. Answered with `Reply::PresenceStats`.
    PresenceStats {
        /// Who waits for the result.
        reply: R,
    },
}

impl<R> Request<R> {
    /// The answer that refuses this request without looking at its channel, and who waits for it; `None` when it
    /// is not answered, and so must not be refused.
    pub fn refusal(self, refusal: Refusal) -> Option<(R, Reply)> {
        match self {
            Self::Publish { reply, .. } => reply.map(|to| (to, Reply::Published(Err(refusal)))),
            Self::Subscribe { reply, .. } => Some((reply, Reply::Subscribed(Err(refusal)))),
            Self::History { reply, .. } => Some((reply, Reply::History(Err(refusal)))),
            Self::RemoveHistory { reply } | Self::Close { reply } => Some((reply, Reply::HistoryRemoved(Err(refusal)))),
            Self::Presence { reply } => Some((reply, Reply::Presence(Err(refusal)))),
            Self::PresenceStats { reply } => Some((reply, Reply::PresenceStats(Err(refusal)))),
            Self::Keyed { request, reply } => reply.map(|to| (to, request.refused(refusal))),
            Self::Unsubscribe { .. } | Self::UpdatePresence { .. } => None,
        }
    }

    /// Whether it gives something up, which a channel that is not there does not have to be made for.
    pub(crate) fn is_departure(&self) -> bool {
        match self {
            Self::Unsubscribe { .. } | Self::UpdatePresence { .. } => true,
            Self::Keyed { request, .. } => matches!(**request, KeyedRequest::Release { .. }),
            _ => false,
        }
    }

    /// The same request with another address for its answer; `None` as a publish's address means that nobody waits.
    pub fn addressed<S>(self, to: S) -> Request<S> {
        match self {
            Self::Publish { draft, reply } => Request::Publish { draft, reply: reply.map(|_| to) },
            Self::Subscribe { subscriber, recover, .. } => Request::Subscribe { subscriber, recover, reply: to },
            Self::Unsubscribe { subscriber, handle } => Request::Unsubscribe { subscriber, handle },
            Self::UpdatePresence { subscriber } => Request::UpdatePresence { subscriber },
            Self::History { query, .. } => Request::History { query, reply: to },
            Self::RemoveHistory { .. } => Request::RemoveHistory { reply: to },
            Self::Keyed { request, reply } => Request::Keyed { request, reply: reply.map(|_| to) },
            Self::Close { .. } => Request::Close { reply: to },
            Self::Presence { .. } => Request::Presence { reply: to },
            Self::PresenceStats { .. } => Request::PresenceStats { reply: to },
        }
    }
}

/// What drives a shard.
#[derive(Debug)]
pub enum Input<R> {
    /// Someone asks something of a channel, which comes into being when it is asked first.
    Request {
        /// The channel.
        channel: ChannelKey,
        /// Its namespace's options at this moment.
        options: Arc<ChannelOptions>,
        /// What is asked.
        request: Request<R>,
    },
    /// The answer to `Effect::OpenLog`: where the log stands and its newest events, or `None` when the store failed.
    LogOpened {
        /// The channel.
        channel: ChannelKey,
        /// The channel's life that asked; an answer to an earlier life is ignored.
        handle: ChannelHandle,
        /// The head and the newest events, oldest first and ending at the head's last offset.
        log: Option<(LogHead, Vec<Arc<Publication>>)>,
    },
    /// The answer to `Effect::Append`.
    Committed {
        /// The channel.
        channel: ChannelKey,
        /// The channel's life that asked.
        handle: ChannelHandle,
        /// How it ended.
        outcome: CommitOutcome,
    },
    /// The answer to `Effect::Remove`.
    Removed {
        /// The channel.
        channel: ChannelKey,
        /// The channel's life that asked.
        handle: ChannelHandle,
        /// Whether it is done, durably; otherwise nobody knows.
        is_done: bool,
    },
    /// The answer to `Effect::Read`; `None` when the store failed.
    ReadDone {
        /// The effect's ticket.
        ticket: u64,
        /// The events of the range, oldest first.
        publications: Option<Vec<Arc<Publication>>>,
    },
    /// Another node has published to a channel. Ignored when the channel is not in memory here, and as far as it is known
    /// already.
    Carried {
        /// The channel.
        channel: ChannelKey,
        /// What was published.
        carried: Carried,
    },
    /// What other nodes have published to a channel may have got lost on its way: a durable one looks at its log.
    Missed {
        /// The channel.
        channel: ChannelKey,
    },
    /// Time passes: expire history, idempotency keys and idle channels. Due about once a second.
    Tick,
}
