//! Shards: the owners of channels, and how requests reach them.

mod drive;
mod mailbox;

pub(crate) use drive::ShardDriver;
pub(crate) use mailbox::{ActiveQuery, Outgoing, Received, ShardInbox, ShardMailbox, mailbox, shard_of};

use natter_core::{LaneId, Reply};
use tokio::sync::oneshot;

use crate::lane::ConnectionId;

/// Who waits for a shard's answer.
#[derive(Debug)]
pub(crate) enum ReplyTo {
    /// A connection's session, through its lane.
    Connection { lane: LaneId, connection: ConnectionId, token: u64 },
    /// A caller of the [`Broker`](crate::Broker).
    Caller(oneshot::Sender<Reply>),
    /// Nobody.
    Nobody,
}
