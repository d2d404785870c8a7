//! Reading a channel's log from disk.
//!
//! A read works on one snapshot, so that head and events belong together and no batch is seen half. The head bounds
//! it: what a trim has forgotten may still be on disk but is never returned.

use std::ops::RangeInclusive;

use fjall::{Guard, Readable};
use natter_core::{ChannelKey, Publication};

use super::keys;
use super::tables::{Tables, read_failed};
use crate::limits::{ByteBudget, READ_EVENTS_MAX, event_bytes};
use crate::record;
use crate::store::{LogHead, ReadDirection, ReadRequest, StoreError};

/// Reads events; blocks on the disk.
pub(super) fn read(
    tables: &Tables,
    channel: &ChannelKey,
    request: &ReadRequest,
) -> Result<Vec<Publication>, StoreError> {
    let snapshot = tables.database.snapshot();
    let Some(stored) = tables.head(&snapshot, channel)? else { return Ok(Vec::new()) };
    let Some(offsets) = kept_offsets(&stored.head, request) else { return Ok(Vec::new()) };
    let prefix = keys::channel(channel);
    let bounds = keys::event(&prefix, *offsets.start())..=keys::event(&prefix, *offsets.end());
    let entries = snapshot.range(&tables.log, bounds);
    match request.direction {
        ReadDirection::Forward => decode_all(channel, entries, offsets, request.max_bytes),
        ReadDirection::Backward => decode_all(channel, entries.rev(), offsets.rev(), request.max_bytes),
    }
}

/// The offsets that a request asks for, as far as they are kept. A log is dense, so this is exact.
fn kept_offsets(head: &LogHead, request: &ReadRequest) -> Option<RangeInclusive<u64>> {
    let count = u64::try_from(request.limit.min(READ_EVENTS_MAX)).unwrap_or(u64::MAX);
    let further = count.checked_sub(1)?;
    let (start, end) = match request.direction {
        ReadDirection::Forward => {
            let start = request.from_offset.max(head.first_offset);
            (start, start.saturating_add(further).min(head.last_offset))
        }
        ReadDirection::Backward => {
            let end = request.from_offset.min(head.last_offset);
            (end.saturating_sub(further).max(head.first_offset), end)
        }
    };
    (start <= end).then_some(start..=end)
}

/// Decodes entries, each of which must be the next of `offsets`, as far as they fit.
fn decode_all(
    channel: &ChannelKey,
    mut entries: impl Iterator<Item = Guard>,
    offsets: impl Iterator<Item = u64>,
    max_bytes: usize,
) -> Result<Vec<Publication>, StoreError> {
    let mut budget = ByteBudget::new(max_bytes);
    let mut events = Vec::new();
    for offset in offsets {
        let event = decode_next(channel, entries.next(), offset)?;
        if !budget.admits(event_bytes(&event)) {
            break;
        }
        events.push(event);
    }
    Ok(events)
}

/// Decodes the entry that must stand at `offset`.
fn decode_next(channel: &ChannelKey, entry: Option<Guard>, offset: u64) -> Result<Publication, StoreError> {
    let corrupt = |reason: &str| corrupt(channel, offset, reason);
    let entry = entry.ok_or_else(|| corrupt("the event is missing"))?;
    let (key, value) = entry.into_inner().map_err(|error| match read_failed(&error) {
        StoreError::Corrupt(reason) => corrupt(&reason),
        error => error,
    })?;
    if keys::event_offset(&key) != Some(offset) {
        return Err(corrupt("the event is missing"));
    }
    record::decode(offset, &value).map_err(|error| corrupt(&error.to_string()))
}

/// The answer to an event that cannot be read.
pub(super) fn corrupt(channel: &ChannelKey, offset: u64, reason: &str) -> StoreError {
    StoreError::Corrupt(format!("{channel} at offset {offset}: {reason}"))
}
