//! Where a log is and where it ends.
//!
//! A channel's row names its log and holds a lower bound for the newest bucket; from there the buckets tell, by their
//! static columns. What is decided by it is read at serial consistency, what only informs is not: serial reads of a
//! contended log would contend as well. Whoever finds the log's place remembers it: a remembered place can be out of
//! date, which costs a conflict and never an event, since a deleted log is fenced before it goes.

use natter_core::{ChannelKey, Epoch};
use scylla::value::CqlValue;
use uuid::Uuid;

use super::engine::Engine;
use super::layout::{bucket_end, from_bigint};
use super::values;
use crate::store::{LogHead, StoreError, Version};

/// Stands as the last offset of a bucket that takes no more events, since its log is being deleted.
pub(super) const FENCED: i64 = -1;
/// Buckets that a search for the newest one may pass. Nobody leaves the lower bound so far behind.
const PROBES_MAX: usize = 100_000;

/// A channel's row.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    /// The log's identity in keys; never used again.
    pub(super) log: Uuid,
    pub(super) epoch: Epoch,
    pub(super) first_offset: u64,
    /// No newer than the newest bucket.
    pub(super) newest_bucket: u64,
    /// Buckets below this one have been removed.
    pub(super) cleared_bucket: u64,
    pub(super) deleting: bool,
}

type ChannelColumns = (Option<Uuid>, Option<String>, Option<i64>, Option<i64>, Option<i64>, Option<bool>);

/// A bucket's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) bucket: u64,
    pub(super) last_offset: u64,
    pub(super) last_seq: u64,
    /// When the bucket was opened; `None` when it is not.
    pub(super) opened_ms: Option<i64>,
}

/// What a search for a log's end finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Newest {
    /// The newest bucket. That of an empty log is the first one, which is not there yet.
    Open(End),
    /// The log is being deleted, and this bucket was its newest.
    Fenced(u64),
}

/// What an append needs to know of a log; see the module's head.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) log: Uuid,
    pub(super) epoch: Epoch,
    pub(super) newest: End,
}

impl Engine {
    /// Reads a channel's row; `None` when there is none.
    pub(super) async fn channel(&self, key: &ChannelKey, serial: bool) -> Result<Option<Channel>, StoreError> {
        let statement = self.cql.statements.channel.at(serial);
        let row: Option<ChannelColumns> = self.cql.first(statement, values::channel(key)).await?;
        let Some((log, epoch, first, newest, cleared, deleting)) = row else { return Ok(None) };
        let (Some(log), Some(epoch)) = (log, epoch) else {
            return Err(StoreError::Corrupt(format!("the row of the channel {key}")));
        };
        Ok(Some(Channel {
            log,
            epoch: Epoch::new(epoch),
            first_offset: from_bigint(first.unwrap_or(1)).max(1),
            newest_bucket: from_bigint(newest.unwrap_or(0)),
            cleared_bucket: from_bigint(cleared.unwrap_or(0)),
            deleting: deleting.unwrap_or(false),
        }))
    }

    /// Reads a bucket's end; `None` when the bucket is not there.
    pub(super) async fn bucket_end(
        &self,
        key: &ChannelKey,
        log: Uuid,
        bucket: u64,
        serial: bool,
    ) -> Result<Option<Newest>, StoreError> {
        let statement = self.cql.statements.bucket_end.at(serial);
        let row = self.cql.first(statement, values::bucket(key, log, bucket)).await?;
        let (last_offset, last_seq, opened_ms): (Option<i64>, Option<i64>, Option<i64>) = row.unwrap_or_default();
        Ok(last_offset.map(|last| match last {
            FENCED => Newest::Fenced(bucket),
            last => Newest::Open(End {
                bucket,
                last_offset: from_bigint(last),
                last_seq: from_bigint(last_seq.unwrap_or(0)),
                opened_ms,
            }),
        }))
    }

    /// Finds a log's newest bucket, from a bucket that is no newer.
    pub(super) async fn newest(
        &self,
        key: &ChannelKey,
        log: Uuid,
        from: u64,
        serial: bool,
    ) -> Result<Newest, StoreError> {
        let mut newest = Newest::Open(End { bucket: 0, last_offset: 0, last_seq: 0, opened_ms: None });
        for bucket in (from..).take(PROBES_MAX) {
            match self.bucket_end(key, log, bucket, serial).await? {
                Some(Newest::Open(end)) if end.last_offset == bucket_end(bucket) => newest = Newest::Open(end),
                Some(found) => return Ok(found),
                None if bucket > 0 && bucket == from => {
                    return Err(StoreError::Corrupt(format!("the bucket {bucket} of {key} is missing")));
                }
                None => return Ok(newest),
            }
        }
        Err(StoreError::Corrupt(format!("the newest bucket of {key} is too far from {from}")))
    }

    /// A channel's row and where its log ends; `None` when there is no log. Remembers the place.
    pub(super) async fn open_channel(
        &self,
        key: &ChannelKey,
        serial: bool,
    ) -> Result<Option<(Channel, End)>, StoreError> {
        let Some(channel) = self.channel(key, serial).await?.filter(|channel| !channel.deleting) else {
            self.places.invalidate(key);
            return Ok(None);
        };
        let Newest::Open(end) = self.newest(key, channel.log, channel.newest_bucket, serial).await? else {
            self.places.invalidate(key);
            return Ok(None);
        };
        self.places.insert(key.clone(), Place { log: channel.log, epoch: channel.epoch.clone(), newest: end });
        Ok(Some((channel, end)))
    }

    /// A log's head; `None` when there is no log.
    pub(super) async fn head(&self, key: &ChannelKey, serial: bool) -> Result<Option<LogHead>, StoreError> {
        let Some((channel, end)) = self.open_channel(key, serial).await? else { return Ok(None) };
        let version = self.version(key, channel.log, end.bucket, serial).await?;
        Ok(Some(head_of(&channel, end, version)))
    }

    /// The version of the newest event up to this bucket that has one. Every bucket takes it over from the one before, so
    /// that it is found where the log ends, however long ago its event was forgotten.
    pub(super) async fn version(
        &self,
        key: &ChannelKey,
        log: Uuid,
        bucket: u64,
        serial: bool,
    ) -> Result<Option<Version>, StoreError> {
        let statement = self.cql.statements.bucket_version.at(serial);
        type Columns = (Option<i64>, Option<Vec<u8>>);
        let row: Option<Columns> = self.cql.first(statement, values::bucket(key, log, bucket)).await?;
        let Some((Some(number), Some(epoch))) = row else { return Ok(None) };
        let epoch = String::from_utf8(epoch).map_err(|_| StoreError::Corrupt(format!("the version of {key}")))?;
        Ok(Some((number.cast_unsigned(), epoch.into())))
    }

    /// The remembered place of a log, or the one that is found.
    pub(super) async fn place(&self, key: &ChannelKey) -> Result<Option<Place>, StoreError> {
        if let Some(place) = self.places.get(key) {
            return Ok(Some(place));
        }
        self.open_channel(key, true).await?;
        Ok(self.places.get(key))
    }

    /// Opens a log, or makes one with a new identity.
    pub(super) async fn open_log(&self, key: &ChannelKey, candidate: &Epoch) -> Result<LogHead, StoreError> {
        // Every round either finds a log, or finishes what stands in the way of making one.
        for _ in 0..OPENINGS_MAX {
            match self.channel(key, true).await? {
                Some(channel) if channel.deleting => self.finish_deletion(key, &channel).await?,
                Some(_) => {
                    if let Some(head) = self.head(key, true).await? {
                        return Ok(head);
                    }
                }
                None => self.create_channel(key, candidate).await?,
            }
        }
        Err(StoreError::Unavailable(format!("the log of {key} is deleted as often as it is opened")))
    }

    async fn create_channel(&self, key: &ChannelKey, candidate: &Epoch) -> Result<(), StoreError> {
        let made = vec![CqlValue::Uuid(Uuid::new_v4()), values::text(candidate.as_str())];
        let values = [values::channel(key), made].concat();
        // Whatever became of it, the next reading tells.
        self.cql.cas(&self.cql.statements.create_channel, values).await.into_certain_failure()
    }
}

/// How often an opening may find the log deleted meanwhile.
const OPENINGS_MAX: usize = 10;

/// A head as callers see it.
pub(super) fn head_of(channel: &Channel, end: End, version: Option<Version>) -> LogHead {
    LogHead {
        epoch: channel.epoch.clone(),
        last_offset: end.last_offset,
        last_seq: end.last_seq,
        first_offset: channel.first_offset.min(end.last_offset.saturating_add(1)),
        version,
    }
}
