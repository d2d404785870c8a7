//! Appending: one conditional batch per part, under every rule of the log.
//!
//! The condition on the bucket's last offset makes the store the sequencer: of several writers one wins, the others
//! learn where the log ends. All batches of an append bear the same random mark. When an answer is lost, a serial read
//! tells what became of it: either the events bear the mark, or the log still ends where it did and the very same
//! batch is sent again, of which at most one copy can win; or another writer was there.

use std::time::Duration;

use natter_core::{ChannelKey, Position};
use scylla::statement::prepared::PreparedStatement;
use scylla::value::CqlValue;
use uuid::Uuid;

use super::engine::Engine;
use super::head::{End, Newest, Place};
use super::layout::{bucket_start, event_key};
use super::parts::{Part, parts_of};
use super::session::{Cas, Values, jittered};
use super::values;
use crate::limits::{not_opened, seq_before, wrong_seq};
use crate::store::{AppendError, AppendOutcome, IDEMPOTENCY_TTL_MS, LogAppend, StoreError, Version};

/// How often one batch is sent before its outcome is left unknown.
const ATTEMPTS_MAX: u32 = 6;
/// The first pause before it is sent again; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(20);

/// An append under way.
pub(super) struct Writer<'a> {
    pub(super) engine: &'a Engine,
    pub(super) key: &'a ChannelKey,
    pub(super) place: Place,
    /// Marks what this append has written.
    op: Uuid,
    /// The version that a bucket which is about to be opened takes over from the one before it.
    inherited: Option<Version>,
}

/// How a part ended.
enum Written {
    Done,
    /// Another writer moved the log.
    Moved,
    /// Records repeat keys.
    Repeats,
}

/// What a look at the log says about a part.
enum Standing {
    /// The log ends where the part begins.
    Before,
    /// The part is there.
    Mine,
    /// Something else is there, or the log is gone.
    Elsewhere,
}

impl Engine {
    /// Appends, if the log ends where the caller believes.
    pub(super) async fn append(&self, append: &LogAppend) -> Result<AppendOutcome, AppendError> {
        let parts = parts_of(append, seq_before(append)).map_err(AppendError::Rejected)?;
        let place = self.place(&append.channel).await.map_err(AppendError::Rejected)?;
        let place = place.ok_or_else(|| AppendError::Rejected(not_opened(&append.channel)))?;
        let op = Uuid::new_v4();
        Writer { engine: self, key: &append.channel, place, op, inherited: None }.append(&parts).await
    }
}

impl Writer<'_> {
    async fn append(mut self, parts: &[Part]) -> Result<AppendOutcome, AppendError> {
        if let Some(refusal) = self.look_ahead(parts).await.map_err(AppendError::Rejected)? {
            return Ok(refusal);
        }
        for (index, part) in parts.iter().enumerate() {
            let is_first = index == 0;
            if !is_first && self.opens(part) {
                let sealed = self.engine.seal(self.key, self.place.log, part.bucket - 1).await;
                sealed.map_err(AppendError::Unknown)?;
            }
            let unread = if is_first { AppendError::Rejected } else { AppendError::Unknown };
            self.inherited = self.inherited_by(part).await.map_err(unread)?;
            match self.write(part).await {
                Ok(Written::Done) => self.advance(part).await,
                Ok(Written::Moved) if is_first => return self.conflict().await.map_err(AppendError::Rejected),
                Ok(Written::Repeats) if is_first => {
                    let repeat = self.repeat(parts).await.map_err(AppendError::Rejected)?;
                    return repeat.ok_or_else(|| AppendError::Unknown(vanished()));
                }
                // The parts before this one are stored.
                Ok(_) => return Err(AppendError::Unknown(cut_short())),
                Err(AppendError::Rejected(error)) if !is_first => return Err(AppendError::Unknown(error)),
                Err(error) => return Err(error),
            }
        }
        Ok(AppendOutcome::Appended)
    }

    /// What must be known before anything is written: a bucket is opened only when the one before it is full and
    /// sealed, and no record may repeat a key that this bucket's rows cannot show.
    async fn look_ahead(&mut self, parts: &[Part]) -> Result<Option<AppendOutcome>, StoreError> {
        let Some(first) = parts.first() else { return Ok(None) };
        if self.opens(first) && !self.may_open(first).await? {
            return self.conflict().await.map(Some);
        }
        let needs_look = parts.len() > 1 || self.repeats_itself(parts);
        if needs_look || (!self.is_first_or_old(first) && self.is_in_index(parts).await?) {
            return self.repeat(parts).await;
        }
        Ok(None)
    }

    fn opens(&self, part: &Part) -> bool {
        part.last_offset == bucket_start(part.bucket)
    }

    /// Whether the bucket of `part`, which begins it, may be opened as far as the one before it says; seals that.
    async fn may_open(&self, part: &Part) -> Result<bool, StoreError> {
        let Some(before) = part.bucket.checked_sub(1) else {
            return if part.last_seq == 0 { Ok(true) } else { Err(wrong_seq(part.last_seq, 0)) };
        };
        match self.engine.bucket_end(self.key, self.place.log, before, true).await? {
            Some(Newest::Open(end)) if end.last_offset == part.last_offset => {
                if end.last_seq != part.last_seq {
                    return Err(wrong_seq(part.last_seq, end.last_seq));
                }
                self.engine.seal(self.key, self.place.log, before).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whether no key of an older bucket can be in force: there is none, or this one was opened so long ago. Clocks of
    /// nodes may differ by an hour.
    fn is_first_or_old(&self, part: &Part) -> bool {
        let newest = self.place.newest;
        let opened = newest.opened_ms.filter(|_| newest.bucket == part.bucket);
        let margin_ms = 60 * 60 * 1000;
        part.bucket == 0 || opened.is_some_and(|opened| self.engine.now_ms() - opened > IDEMPOTENCY_TTL_MS + margin_ms)
    }

    /// The version that a part has to carry over into the bucket which it opens.
    async fn inherited_by(&self, part: &Part) -> Result<Option<Version>, StoreError> {
        match part.bucket.checked_sub(1).filter(|_| self.opens(part) && part.version.is_none()) {
            Some(before) => self.engine.version(self.key, self.place.log, before, true).await,
            None => Ok(None),
        }
    }

    /// Sends a part until it is known what became of it.
    async fn write(&self, part: &Part) -> Result<Written, AppendError> {
        let (mut sent, mut pause) = (false, PAUSE);
        let mut reason = vanished();
        for _ in 0..ATTEMPTS_MAX {
            let was_refused = match self.engine.cql.cas_batch(self.batch(part)).await {
                Cas::Applied => return Ok(Written::Done),
                Cas::NotApplied => true,
                Cas::Failed(error) if !sent => return Err(AppendError::Rejected(error)),
                Cas::Failed(error) => {
                    reason = error;
                    false
                }
                Cas::Unknown(error) => {
                    (sent, reason) = (true, error);
                    false
                }
            };
            // A clear refusal needs no settling, unless a plain read cannot tell why.
            let mut standing = self.standing(part, !was_refused || sent).await;
            if was_refused && !sent && matches!(standing, Ok(Standing::Before)) {
                standing = self.standing(part, true).await;
            }
            match standing {
                Ok(Standing::Mine) => return Ok(Written::Done),
                Ok(Standing::Elsewhere) => return Ok(Written::Moved),
                Ok(Standing::Before) if was_refused => return Ok(Written::Repeats),
                Ok(Standing::Before) => {}
                Err(error @ StoreError::Invalid(_)) => return Err(AppendError::Rejected(error)),
                Err(error) if was_refused && !sent => return Err(AppendError::Rejected(error)),
                Err(error) => reason = error,
            }
            tokio::time::sleep(jittered(pause)).await;
            pause *= 2;
        }
        Err(AppendError::Unknown(reason))
    }

    /// Reads what became of a part.
    async fn standing(&self, part: &Part, serial: bool) -> Result<Standing, StoreError> {
        let end = self.engine.bucket_end(self.key, self.place.log, part.bucket, serial).await?;
        match end {
            None if self.opens(part) => return Ok(Standing::Before),
            Some(Newest::Open(End { last_offset, last_seq, .. })) if last_offset == part.last_offset => {
                return if last_seq == part.last_seq {
                    Ok(Standing::Before)
                } else {
                    Err(wrong_seq(part.last_seq, last_seq))
                };
            }
            None | Some(Newest::Fenced(_)) => return Ok(Standing::Elsewhere),
            Some(Newest::Open(_)) => {}
        }
        let bucket = values::bucket(self.key, self.place.log, part.bucket);
        let event = [bucket, vec![values::blob(event_key(part.last_offset + 1))]].concat();
        let op: Option<(Option<Uuid>,)> =
            self.engine.cql.first(self.engine.cql.statements.event_op.at(serial), event).await?;
        Ok(if op == Some((Some(self.op),)) { Standing::Mine } else { Standing::Elsewhere })
    }

    fn batch(&self, part: &Part) -> Vec<(&PreparedStatement, Values)> {
        let expires_ms = self.engine.now_ms().saturating_add(IDEMPOTENCY_TTL_MS);
        let rows = event_rows(self.engine, self.key, self.place.log, part, self.op, expires_ms);
        let version = part.version.as_ref().or(self.inherited.as_ref());
        let version = version.map(|version| self.version_row(part.bucket, version));
        std::iter::once(self.condition(part)).chain(rows).chain(version).collect()
    }

    fn version_row(&self, bucket: u64, version: &Version) -> (&PreparedStatement, Values) {
        let bucket = values::bucket(self.key, self.place.log, bucket);
        (&self.engine.cql.statements.insert_version, [bucket, values::version(version)].concat())
    }

    /// The statement that moves the bucket's end, if it is where it should be.
    fn condition(&self, part: &Part) -> (&PreparedStatement, Values) {
        let statements = &self.engine.cql.statements;
        let last = part.events.last();
        let last_offset = values::number(last.map_or(part.last_offset, |event| event.offset));
        let mut moved = vec![last_offset, values::number(last.map_or(part.last_seq, |event| event.seq))];
        let bucket = values::bucket(self.key, self.place.log, part.bucket);
        if self.opens(part) {
            moved.push(CqlValue::BigInt(self.engine.now_ms()));
            return (&statements.open_bucket, values::around(moved, bucket, Vec::new()));
        }
        let expected = vec![values::number(part.last_offset), values::number(part.last_seq)];
        (&statements.advance, values::around(moved, bucket, expected))
    }

    /// Remembers what a part has changed, and tells of a new bucket.
    async fn advance(&mut self, part: &Part) {
        let Some(last) = part.events.last() else { return };
        let opens = self.opens(part);
        let opened_ms = if opens { Some(self.engine.now_ms()) } else { self.place.newest.opened_ms };
        self.place.newest = End { bucket: part.bucket, last_offset: last.offset, last_seq: last.seq, opened_ms };
        self.engine.places.insert(self.key.clone(), self.place.clone());
        if opens && part.bucket > 0 {
            self.engine.raise_newest(self.key, self.place.log, part.bucket).await;
        }
    }

    /// The answer to a writer that is not where the log ends.
    pub(super) async fn conflict(&self) -> Result<AppendOutcome, StoreError> {
        let head = self.engine.head(self.key, false).await?;
        head.map(AppendOutcome::Conflict).ok_or_else(|| not_opened(self.key))
    }

    /// The answer to the first record that repeats a key, if the log ends where the writer believes.
    async fn repeat(&self, parts: &[Part]) -> Result<Option<AppendOutcome>, StoreError> {
        let Some(first) = parts.first() else { return Ok(None) };
        let Some((index, offset)) = self.first_repeat(parts, first).await? else { return Ok(None) };
        match self.standing(first, true).await? {
            Standing::Before => {
                let position = Position { offset, epoch: self.place.epoch.clone() };
                Ok(Some(AppendOutcome::Duplicate { index, position }))
            }
            Standing::Mine | Standing::Elsewhere => self.conflict().await.map(Some),
        }
    }
}

impl Engine {
    /// Raises the lower bound for the newest bucket. When that fails, the next search is longer.
    pub(super) async fn raise_newest(&self, key: &ChannelKey, log: Uuid, bucket: u64) {
        let condition = vec![CqlValue::Uuid(log), values::number(bucket)];
        let values = values::around(vec![values::number(bucket)], values::channel(key), condition);
        if let Cas::Failed(error) | Cas::Unknown(error) = self.cql.cas(&self.cql.statements.raise_newest, values).await
        {
            tracing::debug!(channel = %key, bucket, %error, "the bound for the newest bucket stays behind");
        }
    }
}

/// The rows of a part's events with their keys, which expire at a time, and ids.
pub(super) fn event_rows<'a>(
    engine: &'a Engine,
    key: &ChannelKey,
    log: Uuid,
    part: &Part,
    op: Uuid,
    expires_ms: i64,
) -> Vec<(&'a PreparedStatement, Values)> {
    let statements = &engine.cql.statements;
    let bucket = || values::bucket(key, log, part.bucket);
    let mut rows = Vec::new();
    for event in &part.events {
        let (offset, seq) = (values::number(event.offset), values::number(event.seq));
        let row =
            vec![values::blob(event_key(event.offset)), seq, values::blob(event.value.clone()), CqlValue::Uuid(op)];
        rows.push((&statements.insert_event, [bucket(), row].concat()));
        if let Some(key) = &event.key {
            let row = vec![values::blob(key.as_bytes()), offset.clone(), CqlValue::BigInt(expires_ms)];
            rows.push((&statements.insert_key, [bucket(), row].concat()));
        }
        if let Some(id) = event.id {
            rows.push((&statements.insert_id, [bucket(), vec![values::blob(id.0), offset]].concat()));
        }
    }
    rows
}

fn cut_short() -> StoreError {
    StoreError::Unavailable("another writer came between the parts of an append".into())
}

fn vanished() -> StoreError {
    StoreError::Unavailable("an append is refused for no reason that can be read".into())
}
