//! From a message's number, or an event's id, to its offset.

use natter_core::{ChannelKey, EntityId, MESSAGE};
use scylla::response::PagingState;

use super::engine::Engine;
use super::head::{Channel, End, Newest};
use super::layout::{RowKind, bucket_of, bucket_start, event_key, event_offset, from_bigint};
use super::values;
use crate::store::{ReadRequest, StoreError};

/// Rounds of a search; each leaves at most half of the buckets.
const ROUNDS_MAX: usize = 64;

impl Engine {
    /// The offset of the event with this id. The index tells of full buckets, the newest bucket of itself; the index is
    /// asked again in case that the newest was sealed between the two.
    pub(super) async fn find_by_id(&self, key: &ChannelKey, id: EntityId) -> Result<Option<u64>, StoreError> {
        let Some(channel) = self.channel(key, false).await?.filter(|channel| !channel.deleting) else {
            return Ok(None);
        };
        let wanted = vec![id.0.to_vec()];
        let mut found = self.in_index(key, channel.log, RowKind::Id, wanted.clone()).await?;
        if found.is_empty()
            && let Newest::Open(end) = self.newest(key, channel.log, channel.newest_bucket, false).await?
        {
            found = self.in_bucket(key, channel.log, end.bucket, RowKind::Id, wanted.clone()).await?;
            if found.is_empty() && end.bucket > 0 {
                found = self.in_index(key, channel.log, RowKind::Id, wanted).await?;
            }
        }
        Ok(found.into_values().next().filter(|offset| *offset >= channel.first_offset))
    }

    /// The offset of the message with this number. Numbers grow with offsets, so the bucket is found by halving between
    /// the buckets' ends, and the event by reading on from the earliest place that it can have.
    pub(super) async fn find_seq(&self, key: &ChannelKey, seq: u64) -> Result<Option<u64>, StoreError> {
        let Some((channel, end)) = self.open_channel(key, false).await? else { return Ok(None) };
        if seq == 0 || seq > end.last_seq {
            return Ok(None);
        }
        // A message's offset is not below its number, and above it by no more than the events that are no messages.
        let others = end.last_offset - end.last_seq.min(end.last_offset);
        let lowest = seq.max(channel.first_offset);
        let highest = seq.saturating_add(others).min(end.last_offset);
        if lowest > highest {
            return Ok(None);
        }
        let Some(bucket) = self.bucket_of_seq(key, &channel, seq, bucket_of(lowest), bucket_of(highest), end).await?
        else {
            return Ok(None);
        };
        self.seq_in_bucket(key, &channel, seq, bucket, lowest.max(bucket_start(bucket) + 1)).await
    }

    /// The first bucket, of those from `low` to `high`, that ends at or after a message.
    async fn bucket_of_seq(
        &self,
        key: &ChannelKey,
        channel: &Channel,
        seq: u64,
        mut low: u64,
        mut high: u64,
        newest: End,
    ) -> Result<Option<u64>, StoreError> {
        for _ in 0..ROUNDS_MAX {
            if low >= high {
                break;
            }
            let middle = low + (high - low) / 2;
            let last_seq = match self.bucket_end(key, channel.log, middle, false).await? {
                Some(Newest::Open(end)) => end.last_seq,
                // Trimmed or deleted meanwhile.
                _ if middle < newest.bucket => return Ok(None),
                _ => u64::MAX,
            };
            if last_seq < seq { low = middle + 1 } else { high = middle }
        }
        Ok(Some(low))
    }

    async fn seq_in_bucket(
        &self,
        key: &ChannelKey,
        channel: &Channel,
        seq: u64,
        bucket: u64,
        from: u64,
    ) -> Result<Option<u64>, StoreError> {
        let values = [values::bucket(key, channel.log, bucket), vec![values::blob(event_key(from))]].concat();
        let statement = &self.cql.statements.numbers.plain;
        let mut page = PagingState::start();
        loop {
            let (rows, next) = self.cql.page::<(Vec<u8>, Option<i64>)>(statement, values.clone(), page).await?;
            let reached = rows.into_iter().find(|(_, found)| found.is_some_and(|found| from_bigint(found) >= seq));
            if let Some((event, found)) = reached {
                let offset = event_offset(&event).filter(|_| found.map(from_bigint) == Some(seq));
                return self.if_message(key, offset).await;
            }
            let Some(next) = next else { return Ok(None) };
            page = next;
        }
    }

    /// The first event with a number is its message, unless a trim took that and left an event that repeats the number.
    async fn if_message(&self, key: &ChannelKey, offset: Option<u64>) -> Result<Option<u64>, StoreError> {
        let Some(offset) = offset else { return Ok(None) };
        let events = self.read_log(key, &ReadRequest::forward(offset, 1)).await?;
        Ok(events.first().filter(|event| event.offset == offset && event.kind == MESSAGE).map(|event| event.offset))
    }
}
