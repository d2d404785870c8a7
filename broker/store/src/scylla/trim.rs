//! Forgetting events, and whole logs.
//!
//! A trim raises the channel's first offset, which is what readers go by, and then removes buckets that lie below it:
//! full ones only and never the newest. Of a removed bucket its end is remembered for ten days more, so that a writer
//! who is late cannot open it once more.
//!
//! A deletion marks the channel's row, fences the log (its newest bucket takes no more events, for ever), removes the
//! rest and drops the row. A crash in between leaves the mark, and whoever opens or deletes the log next goes on.

use natter_core::ChannelKey;
use scylla::value::CqlValue;
use uuid::Uuid;

use super::engine::Engine;
use super::head::{Channel, FENCED, Newest};
use super::layout::{SLICES, bucket_end, bucket_of, next_bucket, to_bigint};
use super::session::{Cas, Values};
use super::values;
use crate::store::StoreError;

/// Buckets that one trim removes; the next one goes on.
const CLEARED_MAX: u64 = 256;
/// How often a change is tried that others interfere with.
const ATTEMPTS_MAX: usize = 10;
/// Removed rows are removed as of a minute ahead, so that a clock which is behind leaves none.
const AHEAD_US: i64 = 60_000_000;

impl Engine {
    /// Forgets events below `first_offset`.
    pub(super) async fn trim_log(&self, key: &ChannelKey, first_offset: u64) -> Result<(), StoreError> {
        let Some((channel, end)) = self.open_channel(key, true).await? else { return Ok(()) };
        let first = first_offset.min(end.last_offset.saturating_add(1)).max(channel.first_offset);
        if first > channel.first_offset {
            self.raise(key, &channel, &self.cql.statements.raise_first, first).await?;
        }
        // The bucket of the first kept event stays, and so does the newest.
        let clear_to = bucket_of(first).min(end.bucket);
        let stop = clear_to.min(channel.cleared_bucket.saturating_add(CLEARED_MAX));
        for bucket in channel.cleared_bucket..stop {
            self.unseal(key, channel.log, bucket).await?;
            self.clear_bucket(key, channel.log, bucket).await?;
        }
        if stop > channel.cleared_bucket {
            self.raise(key, &channel, &self.cql.statements.raise_cleared, stop).await?;
        }
        Ok(())
    }

    /// Raises a number in a channel's row, unless it is there already.
    async fn raise(
        &self,
        key: &ChannelKey,
        channel: &Channel,
        statement: &scylla::statement::prepared::PreparedStatement,
        number: u64,
    ) -> Result<(), StoreError> {
        let condition = vec![CqlValue::Uuid(channel.log), values::number(number)];
        let values = values::around(vec![values::number(number)], values::channel(key), condition);
        self.insist(statement, values).await
    }

    /// Sends a conditional write, which cannot be done twice, until it is certain that its condition has been met.
    async fn insist(
        &self,
        statement: &scylla::statement::prepared::PreparedStatement,
        values: Values,
    ) -> Result<(), StoreError> {
        let mut reason = StoreError::Unavailable("a change met with too many others".into());
        for _ in 0..ATTEMPTS_MAX {
            match self.cql.cas(statement, values.clone()).await {
                Cas::Applied | Cas::NotApplied => return Ok(()),
                Cas::Failed(error) => return Err(error),
                Cas::Unknown(error) => reason = error,
            }
        }
        Err(reason)
    }

    /// Removes the rows of a bucket that is below the newest. Its end stays for some days.
    async fn clear_bucket(&self, key: &ChannelKey, log: Uuid, bucket: u64) -> Result<(), StoreError> {
        if let Some(Newest::Open(end)) = self.bucket_end(key, log, bucket, true).await? {
            let moved = vec![values::number(end.last_offset), values::number(end.last_seq)];
            let condition = vec![values::number(end.last_offset)];
            let values = values::around(moved, values::bucket(key, log, bucket), condition);
            self.insist(&self.cql.statements.let_expire, values).await?;
        }
        self.clear_rows(key, log, bucket).await
    }

    async fn clear_rows(&self, key: &ChannelKey, log: Uuid, bucket: u64) -> Result<(), StoreError> {
        let at_us = self.now_ms().saturating_mul(1000).saturating_add(AHEAD_US);
        let values = [vec![CqlValue::BigInt(at_us)], values::bucket(key, log, bucket)].concat();
        self.cql.write(&self.cql.statements.clear_rows, values).await
    }

    /// Deletes a channel's log.
    pub(super) async fn delete_log(&self, key: &ChannelKey) -> Result<(), StoreError> {
        self.places.invalidate(key);
        let Some(channel) = self.channel(key, true).await? else { return Ok(()) };
        if !channel.deleting {
            let values = [values::channel(key), vec![CqlValue::Uuid(channel.log)]].concat();
            self.insist(&self.cql.statements.mark_deleting, values).await?;
        }
        self.finish_deletion(key, &channel).await
    }

    /// Removes what is left of a log whose row is marked, and then the row.
    pub(super) async fn finish_deletion(&self, key: &ChannelKey, channel: &Channel) -> Result<(), StoreError> {
        self.places.invalidate(key);
        let newest = self.fence(key, channel).await?;
        for bucket in channel.cleared_bucket..newest {
            self.clear_bucket(key, channel.log, bucket).await?;
        }
        self.clear_rows(key, channel.log, newest).await?;
        for slice in 0..SLICES {
            let values = values::slice(key, channel.log, slice);
            self.cql.write(&self.cql.statements.drop_index, values).await?;
        }
        let values = [values::channel(key), vec![CqlValue::Uuid(channel.log)]].concat();
        self.insist(&self.cql.statements.drop_channel, values).await
    }

    /// Closes a log to writers; answers with its newest bucket.
    async fn fence(&self, key: &ChannelKey, channel: &Channel) -> Result<u64, StoreError> {
        let statements = &self.cql.statements;
        for _ in 0..ATTEMPTS_MAX {
            let end = match self.newest(key, channel.log, channel.newest_bucket, true).await? {
                Newest::Fenced(bucket) => return Ok(bucket),
                Newest::Open(end) => end,
            };
            // Where the next event would go: into the newest bucket, or, when that is full or missing, into a new one.
            let is_new = end.last_offset == 0 || end.last_offset == bucket_end(end.bucket);
            let bucket = if is_new { next_bucket(end.last_offset) } else { end.bucket };
            let (statement, condition) = match is_new {
                true => (&statements.fence_empty, Vec::new()),
                false => (&statements.fence, vec![CqlValue::BigInt(to_bigint(end.last_offset))]),
            };
            let values =
                values::around(vec![CqlValue::BigInt(FENCED)], values::bucket(key, channel.log, bucket), condition);
            if let Cas::Failed(error) = self.cql.cas(statement, values).await {
                return Err(error);
            }
        }
        Err(StoreError::Unavailable(format!("the log of {key} grows too fast to be closed")))
    }
}
