//! Reading a log, bucket by bucket.
//!
//! Plain reads see everything that was acknowledged. What they show must be without a hole; when there is one, a write
//! was half-way visible (or, in another data centre, is not yet), and the bucket is read once more at serial
//! consistency, which settles it. A hole that stays is damage.

use natter_core::{ChannelKey, Publication};
use scylla::response::PagingState;

use super::engine::Engine;
use super::head::{Channel, Newest};
use super::layout::{bucket_end, bucket_of, bucket_start, event_key, event_offset};
use super::session::Values;
use super::values;
use crate::limits::{ByteBudget, READ_EVENTS_MAX, event_bytes};
use crate::record;
use crate::store::{ReadDirection, ReadRequest, StoreError};

/// How often a read begins again because the log was trimmed under it.
const BEGINNINGS_MAX: usize = 3;

/// A read under way.
struct Scan<'a> {
    engine: &'a Engine,
    key: &'a ChannelKey,
    channel: Channel,
    direction: ReadDirection,
    /// The offset to come next.
    next: u64,
    /// The last offset to look for.
    last: u64,
    left: usize,
    budget: ByteBudget,
    events: Vec<Publication>,
}

/// Why a bucket's reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The scan has what it wants.
    Full,
    /// There was nothing more in the bucket.
    Ran,
    /// The next event is missing but a later one is there.
    Hole,
}

impl Engine {
    /// Reads events; empty when there are none or no log.
    pub(super) async fn read_log(
        &self,
        key: &ChannelKey,
        request: &ReadRequest,
    ) -> Result<Vec<Publication>, StoreError> {
        if request.limit == 0 {
            return Ok(Vec::new());
        }
        let mut missing = None;
        for _ in 0..BEGINNINGS_MAX {
            let Some(channel) = self.channel(key, missing.is_some()).await?.filter(|channel| !channel.deleting) else {
                return Ok(Vec::new());
            };
            let Some(mut scan) = self.scan(key, channel, request).await? else { return Ok(Vec::new()) };
            match scan.run().await? {
                None => return Ok(scan.events),
                hole => missing = hole,
            }
        }
        let offset = missing.unwrap_or_default();
        Err(StoreError::Corrupt(format!("{key} at offset {offset}: the event is missing")))
    }

    async fn scan<'a>(
        &'a self,
        key: &'a ChannelKey,
        channel: Channel,
        request: &ReadRequest,
    ) -> Result<Option<Scan<'a>>, StoreError> {
        let first = channel.first_offset;
        let (next, last) = match request.direction {
            ReadDirection::Forward => (request.from_offset.max(first), u64::MAX),
            ReadDirection::Backward => (self.newest_offset(key, &channel, request.from_offset).await?, first),
        };
        let is_empty = request.direction == ReadDirection::Backward && next < last;
        let scan = Scan {
            engine: self,
            key,
            channel,
            direction: request.direction,
            next,
            last,
            left: request.limit.min(READ_EVENTS_MAX),
            budget: ByteBudget::new(request.max_bytes),
            events: Vec::new(),
        };
        Ok(Some(scan).filter(|_| !is_empty))
    }

    /// The offset at which a backward read from `from` begins.
    async fn newest_offset(&self, key: &ChannelKey, channel: &Channel, from: u64) -> Result<u64, StoreError> {
        // Buckets below the newest are full.
        if from > 0 && bucket_of(from) < channel.newest_bucket {
            return Ok(from);
        }
        match self.newest(key, channel.log, channel.newest_bucket, false).await? {
            Newest::Open(end) => Ok(from.min(end.last_offset)),
            Newest::Fenced(_) => Ok(0),
        }
    }
}

impl Scan<'_> {
    /// Reads until it has enough or there is no more; answers with the offset of a hole that a new beginning, with a
    /// newer look at the channel, may explain.
    async fn run(&mut self) -> Result<Option<u64>, StoreError> {
        loop {
            let bucket = bucket_of(self.next);
            let mut stop = self.bucket(bucket, false).await?;
            if self.misses_events(bucket, stop) {
                stop = self.bucket(bucket, true).await?;
            }
            if stop == Stop::Full {
                return Ok(None);
            }
            if self.misses_events(bucket, stop) {
                return Ok(Some(self.next));
            }
            // Only a full bucket has a successor.
            let is_done = match self.direction {
                ReadDirection::Forward => self.next <= bucket_end(bucket),
                ReadDirection::Backward => self.next < self.last,
            };
            if is_done {
                return Ok(None);
            }
        }
    }

    /// Whether a bucket's reading stopped before an event that must be there: all of a bucket below the newest, and all
    /// that a backward read asks for, since that begins within the log.
    fn misses_events(&self, bucket: u64, stop: Stop) -> bool {
        match (stop, self.direction) {
            (Stop::Full, _) => false,
            (Stop::Hole, _) => true,
            (Stop::Ran, ReadDirection::Forward) => {
                bucket < self.channel.newest_bucket && self.next <= bucket_end(bucket)
            }
            (Stop::Ran, ReadDirection::Backward) => self.next > bucket_start(bucket).max(self.last - 1),
        }
    }

    /// Reads on within one bucket.
    async fn bucket(&mut self, bucket: u64, serial: bool) -> Result<Stop, StoreError> {
        let statements = &self.engine.cql.statements;
        let key = values::bucket(self.key, self.channel.log, bucket);
        let from = values::blob(event_key(self.next));
        let (statement, values): (_, Values) = match self.direction {
            ReadDirection::Forward => (&statements.events_up, [key, vec![from]].concat()),
            ReadDirection::Backward => {
                (&statements.events_down, [key, vec![from, values::blob(event_key(self.last))]].concat())
            }
        };
        let mut page = PagingState::start();
        loop {
            let (rows, next) = self.engine.cql.page(statement.at(serial), values.clone(), page).await?;
            for (key, value) in rows {
                if let Some(stop) = self.take(key, value)? {
                    return Ok(stop);
                }
            }
            let Some(next) = next else { return Ok(Stop::Ran) };
            page = next;
        }
    }

    /// Takes one event, unless it is not the next or is too much.
    fn take(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<Option<Stop>, StoreError> {
        let corrupt =
            |offset: u64, reason: &str| StoreError::Corrupt(format!("{} at offset {offset}: {reason}", self.key));
        let offset = event_offset(&key).ok_or_else(|| corrupt(self.next, "the key is not an offset"))?;
        let Some(value) = value.filter(|_| offset == self.next) else { return Ok(Some(Stop::Hole)) };
        let event = record::decode(offset, &value).map_err(|error| corrupt(offset, &error.to_string()))?;
        if self.left == 0 || !self.budget.admits(event_bytes(&event)) {
            return Ok(Some(Stop::Full));
        }
        self.events.push(event);
        self.left -= 1;
        match self.direction {
            ReadDirection::Forward => self.next += 1,
            ReadDirection::Backward => self.next -= 1,
        }
        Ok((self.left == 0).then_some(Stop::Full))
    }
}
