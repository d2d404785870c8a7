//! The parts that a store is carried in.

use bytes::Bytes;
use natter_core::{ChannelKey, LogHead, TenantId};

use crate::store::Row;

/// The key of a row whose table is not one of this build's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowName {
    /// The owner.
    pub tenant: TenantId,
    /// What kind of entity it is.
    pub table: String,
    /// Rows that are listed together.
    pub partition: String,
    /// The row within its partition.
    pub row: String,
}

/// A part of what a store keeps. Events and keys follow their log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Versions that deleted rows ever had are not above this.
    RowFloor(u64),
    /// An entity's row.
    Row(RowName, Row),
    /// A log, with where it begins and ends.
    Log(ChannelKey, LogHead),
    /// One kept event, in the order of offsets.
    Event {
        /// The log that it is of.
        channel: ChannelKey,
        /// Its offset.
        offset: u64,
        /// What the engines store of it: envelope and, if there is one, id.
        value: Bytes,
    },
    /// An idempotency key in force; its event need no longer be kept.
    Key {
        /// The log that it is of.
        channel: ChannelKey,
        /// The publisher's text.
        key: String,
        /// Where the first publication with it stands.
        offset: u64,
        /// Until when it answers, as Unix time in milliseconds.
        expires_ms: i64,
    },
}

impl Entry {
    /// The bytes that it holds, roughly.
    pub fn weight(&self) -> usize {
        const REST: usize = 128;
        REST + match self {
            Self::Row(_, row) => row.value.len(),
            Self::Event { value, .. } => value.len(),
            Self::RowFloor(_) | Self::Log(..) | Self::Key { .. } => 0,
        }
    }
}
