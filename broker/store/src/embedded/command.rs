//! What callers ask of the committer, and the answers that wait until a batch is durable.

use bytes::Bytes;
use natter_core::{ChannelKey, EntityId, Epoch};
use tokio::sync::oneshot;

use crate::store::{AppendError, AppendOutcome, LogHead, RowWriteOutcome, StoreError, Version};

/// Memory of a queued command beside its payload, as a round number.
const OVERHEAD_BYTES: usize = 128;

/// An append whose events the caller has already encoded.
pub(super) struct EncodedAppend {
    pub(super) channel: ChannelKey,
    pub(super) expected_last_offset: u64,
    /// The number of the last message before this append, as its writer believes.
    pub(super) seq_before: u64,
    /// The number of the last message, after this append.
    pub(super) last_seq: u64,
    /// The version of its newest event that has one.
    pub(super) version: Option<Version>,
    pub(super) events: Vec<EncodedEvent>,
}

/// An event as it is stored; its offset follows from its place.
pub(super) struct EncodedEvent {
    pub(super) value: Vec<u8>,
    pub(super) idempotency_key: Option<std::sync::Arc<str>>,
    pub(super) id: Option<EntityId>,
}

/// A change of one row.
pub(super) struct RowChange {
    /// The key in `rows`.
    pub(super) key: Vec<u8>,
    /// The version that it must be at; `None` writes whatever is there.
    pub(super) expected_version: Option<u64>,
    /// The new value; `None` deletes.
    pub(super) value: Option<Bytes>,
}

type ReplyTo<T, E = StoreError> = oneshot::Sender<Result<T, E>>;

/// A call that needs the committer, with the way back to its caller.
pub(super) enum Command {
    OpenLog(ChannelKey, Epoch, ReplyTo<LogHead>),
    Append(EncodedAppend, ReplyTo<AppendOutcome, AppendError>),
    Trim(ChannelKey, u64, ReplyTo<()>),
    DeleteLog(ChannelKey, ReplyTo<()>),
    ChangeRow(RowChange, ReplyTo<RowWriteOutcome>),
}

impl Command {
    /// How many log events it writes.
    pub(super) fn events(&self) -> usize {
        if let Self::Append(append, _) = self { append.events.len() } else { 0 }
    }

    /// Whether it must be alone in its batch.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self, Self::DeleteLog(..))
    }

    /// How many bytes it holds while it waits.
    pub(super) fn bytes(&self) -> usize {
        let payload = match self {
            Self::Append(append, _) => append.events.iter().map(|event| event.value.len()).sum(),
            Self::ChangeRow(change, _) => change.key.len() + change.value.as_ref().map_or(0, Bytes::len),
            Self::OpenLog(..) | Self::Trim(..) | Self::DeleteLog(..) => 0,
        };
        payload + OVERHEAD_BYTES
    }

    /// Answers that nothing was done because of `error`.
    pub(super) fn refuse(self, error: StoreError) {
        match self {
            Self::OpenLog(_, _, reply) => deliver(reply, Err(error)),
            Self::Append(_, reply) => deliver(reply, Err(AppendError::Rejected(error))),
            Self::Trim(_, _, reply) | Self::DeleteLog(_, reply) => deliver(reply, Err(error)),
            Self::ChangeRow(_, reply) => deliver(reply, Err(error)),
        }
    }
}

/// A decided command, whose answer is true as soon as its batch is durable.
pub(super) enum Answer {
    Head(ReplyTo<LogHead>, Result<LogHead, StoreError>),
    Append(ReplyTo<AppendOutcome, AppendError>, Result<AppendOutcome, AppendError>),
    Done(ReplyTo<()>, Result<(), StoreError>),
    Row(ReplyTo<RowWriteOutcome>, Result<RowWriteOutcome, StoreError>),
}

impl Answer {
    /// Tells the caller what was decided.
    pub(super) fn deliver(self) {
        match self {
            Self::Head(reply, result) => deliver(reply, result),
            Self::Append(reply, result) => deliver(reply, result),
            Self::Done(reply, result) => deliver(reply, result),
            Self::Row(reply, result) => deliver(reply, result),
        }
    }

    /// Tells the caller that its batch failed. Even a refusal is withheld: it may rest on an event of the same batch.
    pub(super) fn fail(self, error: StoreError) {
        match self {
            Self::Head(reply, _) => deliver(reply, Err(error)),
            Self::Append(reply, _) => deliver(reply, Err(AppendError::Unknown(error))),
            Self::Done(reply, _) => deliver(reply, Err(error)),
            Self::Row(reply, _) => deliver(reply, Err(error)),
        }
    }
}

fn deliver<T, E>(reply: ReplyTo<T, E>, result: Result<T, E>) {
    // A caller that stopped waiting needs no answer.
    let _ = reply.send(result);
}
