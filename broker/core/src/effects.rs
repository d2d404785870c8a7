//! What a shard wants done, and what it answers.

use std::sync::Arc;

use crate::carried::Carried;
use crate::input::Subscriber;
use crate::keyed::{KeyedAnswer, StatePage};
use crate::log::LogRecord;
use crate::{ChannelKey, ClientInfo, Epoch, LaneSet, PresenceStats, Publication};

/// One life of a channel in a shard's memory; never used twice while a process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelHandle(pub u64);

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too much is queued for this channel or shard; try again.
    #[error("too many requests are queued")]
    Busy,
    /// The store cannot take or answer it now; try again. Nothing of a refused publication is kept, unless
    /// `outcome_known` is false.
    #[error("the store is not available")]
    StoreUnavailable {
        /// Whether it is certain that nothing was stored.
        outcome_known: bool,
    },
    /// The namespace does not offer it.
    #[error("not available in this channel")]
    NotAvailable,
    /// The position does not exist in the channel's log, or not any more.
    #[error("unrecoverable position")]
    UnrecoverablePosition,
    /// The request makes no sense as it stands.
    #[error("bad request")]
    BadRequest,
    /// The shard holds as many channels as it may.
    #[error("too many channels")]
    TooManyChannels,
    /// The channel has as many subscribers as it may.
    #[error("too many subscribers")]
    TooManySubscribers,
    /// The channel has as many keys, or as much data in them, as it may.
    #[error("too many keys")]
    TooManyKeys,
}

/// Where a publication ended up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its offset; 0 when the channel keeps no history.
    pub offset: u64,
    /// The channel's message number with it; 0 when the channel keeps no history, and when `suppressed`.
    pub seq: u64,
    /// When it was numbered, in Unix milliseconds; 0 when `suppressed`.
    pub time_ms: i64,
    /// The log it is in; `None` when the channel keeps no history.
    pub epoch: Option<Epoch>,
    /// Whether nothing was published, since it repeats an idempotency key or an old version.
    pub suppressed: bool,
}

impl Published {
    /// The answer to whoever published this.
    pub(crate) fn new(publication: &Publication, epoch: Option<Epoch>) -> Self {
        let &Publication { offset, seq, time_ms, .. } = publication;
        Self { offset, seq, time_ms, epoch, suppressed: false }
    }

    /// The answer to whoever repeats what stands at `offset`.
    pub(crate) fn repeat(offset: u64, epoch: Option<Epoch>) -> Self {
        Self { offset, seq: 0, time_ms: 0, epoch, suppressed: true }
    }
}

/// What a new subscriber needs to know.
#[derive(Clone, Debug)]
pub struct Subscribed {
    /// The channel.
    pub channel: ChannelKey,
    /// Who was subscribed: what to name when it unsubscribes.
    pub subscriber: Subscriber,
    /// The channel's life, which deliveries name.
    pub handle: ChannelHandle,
    /// The log, when the channel keeps history.
    pub epoch: Option<Epoch>,
    /// The stable position: everything above it will be delivered.
    pub offset: u64,
    /// How the recovery went, when one was asked for.
    pub recovery: Option<Recovery>,
    /// The last page of the keyed state, when one was asked for.
    pub state: Option<StatePage>,
}

/// The result of a recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Whether `publications` close the gap.
    pub recovered: bool,
    /// What was missed, oldest first; empty when it cannot be had.
    pub publications: Vec<Arc<Publication>>,
}

/// A page of history and where the channel stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// In the order that was asked for.
    pub publications: Vec<Arc<Publication>>,
    /// The stable position.
    pub offset: u64,
    /// The log.
    pub epoch: Epoch,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// To `Request::Publish`.
    Published(Result<Published, Refusal>),
    /// To `Request::Subscribe`.
    Subscribed(Result<Box<Subscribed>, Refusal>),
    /// To `Request::History`.
    History(Result<Box<HistoryPage>, Refusal>),
    /// To `Request::RemoveHistory` and `Request::Close`.
    HistoryRemoved(Result<(), Refusal>),
    /// To `Request::Presence`.
    Presence(Result<Vec<Arc<ClientInfo>>, Refusal>),
    /// To `Request::PresenceStats`.
    PresenceStats(Result<PresenceStats, Refusal>),
    /// To `Request::Keyed`, unless it is answered with `Subscribed`.
    Keyed(Result<Box<KeyedAnswer>, Refusal>),
}

/// A run of consecutive publications on its way to a channel's subscribers.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The channel's life.
    pub channel: ChannelHandle,
    /// Oldest first; at least one.
    pub publications: Vec<Arc<Publication>>,
    /// The publication before the first of them: what a delta is made against.
    pub previous: Option<Arc<Publication>>,
    /// The log that their offsets count in, when the channel keeps history. Subscribers are shown it with offset 1,
    /// as whoever subscribed before the log was there does not know it yet.
    pub epoch: Option<Epoch>,
}

/// The edges of presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PresenceEdge {
    /// A connection subscribed.
    Joined,
    /// A connection unsubscribed or went away.
    Left,
}

/// What whoever drives a shard has to do, in this order.
#[derive(Debug)]
pub enum Effect<R> {
    /// Answer someone.
    Reply {
        /// Who waits.
        to: R,
        /// The answer.
        reply: Reply,
    },
    /// Hand a run of publications to the lanes that have subscribers.
    Deliver {
        /// The lanes.
        lanes: LaneSet,
        /// The publications.
        delivery: Delivery,
    },
    /// Tell the node's observer what has become durable. Comes before the answers to those who published it.
    Committed {
        /// The channel.
        channel: ChannelKey,
        /// Oldest first, without a hole.
        publications: Vec<Arc<Publication>>,
    },
    /// Tell the node's observer that it may have missed what became durable in this channel.
    Lost {
        /// The channel.
        channel: ChannelKey,
    },
    /// Tell the other nodes what has been published here. Only from a shard that is joined to others.
    Carry {
        /// The channel.
        channel: ChannelKey,
        /// What was published. Boxed: effects are moved for every publication, and a node that is alone has none of these.
        carried: Box<Carried>,
    },
    /// From now on, or no more, this node has to hear of what others publish to the channel. Only from a shard that is joined
    /// to others. Comes before the log is opened, so that nothing is missed between the two.
    Follow {
        /// The channel.
        channel: ChannelKey,
        /// Whether the channel is in memory.
        is_followed: bool,
    },
    /// Tell the subscribers who came or left.
    Announce {
        /// The lanes.
        lanes: LaneSet,
        /// The channel's life.
        channel: ChannelHandle,
        /// Came or left.
        edge: PresenceEdge,
        /// Who.
        info: Arc<ClientInfo>,
    },
    /// Subscribers can no longer be sure of their position and must subscribe anew. This life of the channel ends.
    Invalidate {
        /// The lanes.
        lanes: LaneSet,
        /// The channel's life.
        channel: ChannelHandle,
    },
    /// Open a durable log and answer with `Input::LogOpened`. Also asked of an open log that others have written to.
    OpenLog {
        /// The channel.
        channel: ChannelKey,
        /// The channel's life.
        handle: ChannelHandle,
        /// The epoch that a new log gets.
        candidate: Epoch,
        /// How many of the newest events to load.
        newest_max: usize,
    },
    /// Append to a durable log and answer with `Input::Committed`. One at a time for each channel.
    Append {
        /// The channel.
        channel: ChannelKey,
        /// The channel's life.
        handle: ChannelHandle,
        /// The offset that the log is believed to end at.
        expected_last_offset: u64,
        /// The events, densely numbered from there.
        records: Vec<LogRecord>,
    },
    /// Read `first..=last` of a durable log and answer with `Input::ReadDone`.
    Read {
        /// The channel.
        channel: ChannelKey,
        /// Names the answer.
        ticket: u64,
        /// First offset.
        first: u64,
        /// Last offset.
        last: u64,
    },
    /// Forget the events of a durable log below an offset. Not answered.
    Trim {
        /// The channel.
        channel: ChannelKey,
        /// The oldest offset to keep.
        first_offset: u64,
    },
    /// Forget the events of a durable log below an offset, and answer with `Input::Removed` when that is durable. No append
    /// of the channel is under way with it.
    Remove {
        /// The channel.
        channel: ChannelKey,
        /// The channel's life.
        handle: ChannelHandle,
        /// The oldest offset to keep.
        first_offset: u64,
    },
}
