//! What an engine takes in: the bounds that the trait documents, checked in one place for all engines.
//!
//! A caller that breaks one has a bug, so the answer is an error and never a panic.

use natter_core::{ChannelKey, Epoch, MESSAGE, Publication};

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
const VERSION_EPOCH_BYTES_MAX: usize = 255;
const TABLE_BYTES_MAX: usize = 255;
const ROW_KEY_BYTES_MAX: usize = 1024;
const ROW_VALUE_BYTES_MAX: usize = 1024 * 1024;

/// The answer to what breaks a documented bound.
pub(crate) fn refused(reason: String) -> StoreError {
    StoreError::Invalid(reason)
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
        .try_for_each(|key| check_length("an idempotency key", key.len(), 1, IDEMPOTENCY_KEY_BYTES_MAX))?;
    let versions = append.records.iter().filter_map(|record| record.version.as_ref());
    versions
        .map(|(_, epoch)| epoch.len())
        .try_for_each(|length| check_length("a version's epoch", length, 0, VERSION_EPOCH_BYTES_MAX))
}

/// The number of the last message before an append, as its first event has it; checked by [`check_append`].
pub(crate) fn seq_before(append: &LogAppend) -> u64 {
    append.records.first().map_or(0, |first| {
        let is_message = first.publication.kind == MESSAGE;
        first.publication.seq.saturating_sub(u64::from(is_message))
    })
}

/// The answer to an append that counts messages from elsewhere than its log.
pub(crate) fn wrong_seq(append_before: u64, last_seq: u64) -> StoreError {
    refused(format!("the append follows message {append_before}, the log's last one is {last_seq}"))
}

fn check_numbering(append: &LogAppend) -> Result<(), StoreError> {
    let (mut last, mut last_seq) = (append.expected_last_offset, seq_before(append));
    for record in &append.records {
        let &Publication { offset, seq, kind, .. } = &*record.publication;
        if last.checked_add(1) != Some(offset) {
            return Err(refused(format!("offset {offset} follows {last}")));
        }
        if last_seq.checked_add(u64::from(kind == MESSAGE)) != Some(seq) {
            return Err(refused(format!("seq {seq} of kind {kind} follows {last_seq}")));
        }
        (last, last_seq) = (offset, seq);
    }
    Ok(())
}

/// What an event counts in a read's bytes.
pub(crate) fn event_bytes(event: &Publication) -> usize {
    let info = event.info.as_deref();
    let info = info.map_or(0, |info| info.user.len() + info.client.len() + info.conn_info.len() + info.chan_info.len());
    let tags = event.tags.iter().flat_map(|tags| tags.iter());
    event.data.len() + info + tags.map(|(name, value)| name.len() + value.len()).sum::<usize>()
}

/// A budget of bytes that the first item may exceed.
pub(crate) struct ByteBudget {
    left: Option<usize>,
    max_bytes: usize,
}

impl ByteBudget {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { left: None, max_bytes }
    }

    /// Whether an item of this size still fits; it is then counted.
    pub(crate) fn admits(&mut self, bytes: usize) -> bool {
        let Some(left) = self.left else {
            self.left = Some(self.max_bytes.saturating_sub(bytes));
            return true;
        };
        self.left = left.checked_sub(bytes).or(Some(0));
        bytes <= left
    }
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
