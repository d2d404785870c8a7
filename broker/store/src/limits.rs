//! What an engine takes in: the bounds that the trait documents, checked in one place for all engines.
//!
//! A caller that breaks one has a bug, so the answer is an error and never a panic.

use natter_core::{ChannelKey, Epoch};

use crate::store::{LogAppend, RowKey, StoreError};

/// Most events that one append may carry.
pub(crate) const APPEND_RECORDS_MAX: usize = 256;
/// Most payload bytes of an append of more than one event.
pub(crate) const APPEND_BYTES_MAX: usize = 512 * 1024;
/// Most events that one read returns.
pub(crate) const READ_EVENTS_MAX: usize = 10_000;
/// Most rows that one scan returns.
pub(crate) const SCAN_ROWS_MAX: usize = 10_000;

const TENANT_BYTES_MAX: usize = 128;
const CHANNEL_BYTES_MAX: usize = 255;
const EPOCH_BYTES_MAX: usize = 255;
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
const TABLE_BYTES_MAX: usize = 255;
const ROW_KEY_BYTES_MAX: usize = 1024;
const ROW_VALUE_BYTES_MAX: usize = 1024 * 1024;

/// The answer to what breaks a documented bound.
pub(crate) fn refused(reason: String) -> StoreError {
    StoreError::Unavailable(format!("refused as malformed: {reason}"))
}

/// The answer to an append to a log that nobody opened.
pub(crate) fn not_opened(channel: &ChannelKey) -> StoreError {
    refused(format!("the log of {channel} was never opened"))
}

fn check_length(what: &str, length: usize, min: usize, max: usize) -> Result<(), StoreError> {
    if (min..=max).contains(&length) {
        return Ok(());
    }
    Err(refused(format!("{what} has {length} bytes, allowed are {min} to {max}")))
}

/// Checks the lengths of a channel's tenant and name.
pub(crate) fn check_channel(channel: &ChannelKey) -> Result<(), StoreError> {
    check_length("the tenant", channel.tenant().as_str().len(), 1, TENANT_BYTES_MAX)?;
    check_length("the channel", channel.name().len(), 1, CHANNEL_BYTES_MAX)
}

/// Checks an epoch that a log may be made with.
pub(crate) fn check_epoch(epoch: &Epoch) -> Result<(), StoreError> {
    check_length("the epoch", epoch.as_str().len(), 1, EPOCH_BYTES_MAX)
}

/// Checks the size and the numbering of an append.
pub(crate) fn check_append(append: &LogAppend) -> Result<(), StoreError> {
    check_channel(&append.channel)?;
    let count = append.records.len();
    if !(1..=APPEND_RECORDS_MAX).contains(&count) {
        return Err(refused(format!("an append of {count} events, allowed are 1 to {APPEND_RECORDS_MAX}")));
    }
    let bytes: usize = append.records.iter().map(|record| record.publication.data.len()).sum();
    if count > 1 && bytes > APPEND_BYTES_MAX {
        return Err(refused(format!("{count} events of {bytes} bytes, allowed are {APPEND_BYTES_MAX}")));
    }
    check_numbering(append)?;
    append
        .records
        .iter()
        .filter_map(|record| record.idempotency_key.as_deref())
        .try_for_each(|key| check_length("an idempotency key", key.len(), 1, IDEMPOTENCY_KEY_BYTES_MAX))
}

fn check_numbering(append: &LogAppend) -> Result<(), StoreError> {
    let mut last = append.expected_last_offset;
    for record in &append.records {
        let offset = record.publication.offset;
        if last.checked_add(1) != Some(offset) {
            return Err(refused(format!("offset {offset} follows {last}")));
        }
        last = offset;
    }
    Ok(())
}

/// Checks the lengths of a row's key.
pub(crate) fn check_row_key(key: &RowKey) -> Result<(), StoreError> {
    check_length("the tenant", key.tenant.as_str().len(), 1, TENANT_BYTES_MAX)?;
    check_length("the table", key.table.len(), 1, TABLE_BYTES_MAX)?;
    check_length("the partition", key.partition.len(), 0, ROW_KEY_BYTES_MAX)?;
    check_length("the row", key.row.len(), 0, ROW_KEY_BYTES_MAX)
}

/// Checks the size of a row's value.
pub(crate) fn check_row_value(value: &[u8]) -> Result<(), StoreError> {
    check_length("the value", value.len(), 0, ROW_VALUE_BYTES_MAX)
}
