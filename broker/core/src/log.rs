//! What a channel's owner and the store tell each other about a durable log.

use std::sync::Arc;

use crate::{EntityId, Epoch, Position, Publication};

/// An application's own number for what it publishes, with the text of the epoch that it counts in.
pub type Version = (u64, Arc<str>);

/// Where a channel's log begins and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// The log's identity.
    pub epoch: Epoch,
    /// Offset of the newest event; 0 when nothing was ever appended.
    pub last_offset: u64,
    /// Number of the newest message; 0 when there was none.
    pub last_seq: u64,
    /// Offset of the oldest event that is kept; `last_offset + 1` when none is.
    pub first_offset: u64,
    /// The version of the newest event that was given one, kept or not.
    pub version: Option<Version>,
}

/// One event to append, with the key that makes a repeat of it harmless.
#[derive(Clone, Debug, Default)]
pub struct LogRecord {
    /// The event, already numbered by the channel's owner.
    pub publication: Arc<Publication>,
    /// The publisher's idempotency key (1 to 255 bytes).
    pub idempotency_key: Option<Arc<str>>,
    /// The id by which the event can be found for as long as the log keeps it.
    pub id: Option<EntityId>,
    /// The application's version of it; the epoch has up to 255 bytes.
    pub version: Option<Version>,
}

/// How an append ended.
#[derive(Clone, Debug)]
pub enum CommitOutcome {
    /// All of it is durable.
    Appended,
    /// Nothing was appended: the record at `index` repeats a key that is already stored at `position`.
    Duplicate {
        /// The first record of the append that is a repeat.
        index: usize,
        /// Where the first publication with this key stands.
        position: Position,
    },
    /// Nothing was appended, and the log is where the owner believes it to be.
    Rejected,
    /// Nothing was appended: another node was first and the log ends elsewhere.
    Conflict,
    /// Nobody knows what was appended: the owner reads the log anew.
    Lost,
}
