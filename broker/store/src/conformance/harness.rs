//! How the suite opens an engine, and the few verbs that its promises are written in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::{ChannelKey, ClientInfo, EntityId, Epoch, MESSAGE, Publication, TenantId};

use crate::{
    AppendError, AppendOutcome, Clock, LogAppend, LogHead, LogRecord, ReadDirection, ReadRequest, RowKey, Store,
    Version,
};

/// Opens an engine for one promise.
#[async_trait]
pub trait Harness: Send + Sync {
    /// Opens the engine on this harness's data, which is empty at first and outlives closing.
    async fn open(&self) -> Arc<dyn Store>;

    /// Whether data outlives closing.
    fn outlives_closing(&self) -> bool {
        true
    }

    /// Moves the engine's clock forward by `by_ms`; `false` when it cannot be moved.
    fn advance(&self, _by_ms: i64) -> bool {
        false
    }

    /// The tenant to work under; an engine with shared data answers with one that nobody else uses.
    fn tenant(&self) -> TenantId {
        TenantId::new("acme")
    }
}

/// A clock that stands until it is moved.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Moves the clock forward by `by_ms` milliseconds.
    pub fn advance(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// The clock in the form that engines take.
    pub fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Arc::new(move || now.load(Ordering::SeqCst))
    }
}

/// An opened engine with the tenant to use.
pub struct Scene<'a> {
    harness: &'a dyn Harness,
    /// The engine.
    pub store: Arc<dyn Store>,
    /// The tenant of everything that the scene makes.
    pub tenant: TenantId,
}

impl<'a> Scene<'a> {
    /// Opens the harness's engine.
    pub async fn open(harness: &'a dyn Harness) -> Self {
        Self { harness, store: harness.open().await, tenant: harness.tenant() }
    }

    /// Closes the engine and opens it again, if that is something that data outlives.
    pub async fn reopen(&mut self) {
        if self.harness.outlives_closing() {
            self.store.close().await;
            self.store = self.harness.open().await;
        }
    }

    /// Names a channel of the scene's tenant.
    pub fn channel(&self, name: &str) -> ChannelKey {
        ChannelKey::new(self.tenant.clone(), name)
    }

    /// Names a row of the scene's tenant.
    pub fn row(&self, table: &'static str, partition: &str, row: &str) -> RowKey {
        RowKey { tenant: self.tenant.clone(), table, partition: partition.into(), row: row.into() }
    }

    /// Opens a channel's log with `candidate` as its epoch.
    pub async fn head(&self, channel: &ChannelKey, candidate: &str) -> LogHead {
        self.store.open_log(channel, Epoch::new(candidate)).await.expect("a log can be opened")
    }

    /// Appends records with the given idempotency keys (empty: none) after `last`.
    pub async fn try_append(
        &self,
        channel: &ChannelKey,
        last: u64,
        keys: &[&str],
    ) -> Result<AppendOutcome, AppendError> {
        self.store.append(append_of(channel, last, keys)).await
    }

    /// Appends as [`Self::try_append`] does, to a store that is well.
    pub async fn append(&self, channel: &ChannelKey, last: u64, keys: &[&str]) -> AppendOutcome {
        self.try_append(channel, last, keys).await.expect("the store is well")
    }

    /// Appends events of these kinds, without keys; those at even places have an id that [`id_of`] knows.
    pub async fn append_kinds(&self, channel: &ChannelKey, head: &LogHead, kinds: &[u8]) -> LogHead {
        let mut after = head.clone();
        let records = kinds.iter().map(|&kind| {
            after.last_offset += 1;
            after.last_seq += u64::from(kind == MESSAGE);
            let numbers =
                Publication { offset: after.last_offset, seq: after.last_seq, kind, ..Publication::default() };
            let id = after.last_offset.is_multiple_of(2).then(|| id_of(channel, after.last_offset));
            LogRecord { publication: Arc::new(numbers), id, ..LogRecord::default() }
        });
        let records = records.collect();
        let append = LogAppend { channel: channel.clone(), expected_last_offset: head.last_offset, records };
        assert_eq!(self.store.append(append).await.expect("the store is well"), AppendOutcome::Appended);
        after
    }

    /// Appends one message with a payload of this size.
    pub async fn append_payload(&self, channel: &ChannelKey, head: &LogHead, bytes: usize) -> LogHead {
        let (offset, seq) = (head.last_offset + 1, head.last_seq + 1);
        let publication = Publication { offset, seq, data: vec![7; bytes].into(), ..Publication::default() };
        let records = vec![LogRecord { publication: Arc::new(publication), ..LogRecord::default() }];
        let append = LogAppend { channel: channel.clone(), expected_last_offset: head.last_offset, records };
        assert_eq!(self.store.append(append).await.expect("the store is well"), AppendOutcome::Appended);
        LogHead { last_offset: offset, last_seq: seq, ..head.clone() }
    }

    /// Appends one message with this version, if any.
    pub async fn append_version(&self, channel: &ChannelKey, head: &LogHead, version: Option<Version>) -> LogHead {
        let (offset, seq) = (head.last_offset + 1, head.last_seq + 1);
        let publication = Publication { offset, seq, data: Bytes::from_static(b"x"), ..Publication::default() };
        let version_after = version.clone().or_else(|| head.version.clone());
        let records = vec![LogRecord { publication: Arc::new(publication), version, ..LogRecord::default() }];
        let append = LogAppend { channel: channel.clone(), expected_last_offset: head.last_offset, records };
        assert_eq!(self.store.append(append).await.expect("the store is well"), AppendOutcome::Appended);
        LogHead { last_offset: offset, last_seq: seq, version: version_after, ..head.clone() }
    }

    /// Where the event with the id that [`id_of`] gives `offset` stands.
    pub async fn find_id(&self, channel: &ChannelKey, offset: u64) -> Option<u64> {
        self.store.find_by_id(channel, id_of(channel, offset)).await.expect("an id can be looked up")
    }

    /// Where the message `seq` stands.
    pub async fn find_seq(&self, channel: &ChannelKey, seq: u64) -> Option<u64> {
        self.store.find_seq(channel, seq).await.expect("a number can be looked up")
    }

    /// Forgets events below `first_offset`.
    pub async fn trim(&self, channel: &ChannelKey, first_offset: u64) {
        self.store.trim_log(channel, first_offset).await.expect("a log can be trimmed");
    }

    /// Deletes a log.
    pub async fn delete(&self, channel: &ChannelKey) {
        self.store.delete_log(channel).await.expect("a log can be deleted");
    }

    /// Opens a log and fills it with `count` events, 100 at a time.
    pub async fn fill(&self, channel: &ChannelKey, count: u64) -> LogHead {
        let mut last = self.head(channel, "filled").await.last_offset;
        while last < count {
            let step = usize::try_from((count - last).min(100)).expect("at most 100");
            assert_eq!(self.append(channel, last, &vec![""; step]).await, AppendOutcome::Appended);
            last += step as u64;
        }
        self.head(channel, "unused").await
    }

    /// Offsets that a read returns.
    pub async fn offsets(
        &self,
        channel: &ChannelKey,
        from_offset: u64,
        limit: usize,
        direction: ReadDirection,
    ) -> Vec<u64> {
        let request = ReadRequest { direction, ..ReadRequest::forward(from_offset, limit) };
        let events = self.store.read_log(channel, request).await.expect("a log can be read");
        events.iter().map(|event| event.offset).collect()
    }

    /// All kept offsets of a log of small events, up to 10,000 of them.
    pub async fn all_offsets(&self, channel: &ChannelKey) -> Vec<u64> {
        self.offsets(channel, 0, 10_000, ReadDirection::Forward).await
    }
}

/// The kind of the test's events that are no messages.
const OTHER: u8 = 9;
/// One event in this many is no message.
const OTHER_ONE_IN: u64 = 7;

/// The number of the last message up to an offset of what [`append_of`] appends.
pub(crate) fn seq_of(offset: u64) -> u64 {
    offset - offset / OTHER_ONE_IN
}

/// The id of the event at `offset` of `channel`, if it has one: no two are alike.
pub(super) fn id_of(channel: &ChannelKey, offset: u64) -> EntityId {
    EntityId::new(offset, channel.stable_hash())
}

/// The version of the event at `offset`, if it has one.
pub(super) fn version_of(offset: u64) -> Option<Version> {
    offset.is_multiple_of(5).then(|| (offset, Arc::from("era")))
}

/// An append of small publications, one per key; every fourth has an id.
pub(crate) fn append_of(channel: &ChannelKey, last: u64, keys: &[&str]) -> LogAppend {
    let records = keys.iter().zip(last + 1..).map(|(key, offset)| LogRecord {
        publication: Arc::new(publication(offset)),
        idempotency_key: (!key.is_empty()).then(|| Arc::from(*key)),
        id: offset.is_multiple_of(4).then(|| id_of(channel, offset)),
        version: version_of(offset),
    });
    LogAppend { channel: channel.clone(), expected_last_offset: last, records: records.collect() }
}

/// A publication that uses every field on some offsets and leaves the optional ones out on others.
pub(super) fn publication(offset: u64) -> Publication {
    let info = ClientInfo {
        user: format!("user-{offset}"),
        client: format!("client-{offset}"),
        conn_info: Bytes::from_static(b"{\"name\":\"Ann\"}"),
        chan_info: Bytes::new(),
    };
    Publication {
        offset,
        seq: seq_of(offset),
        kind: if offset.is_multiple_of(OTHER_ONE_IN) { OTHER } else { MESSAGE },
        time_ms: 1_700_000_000_000 + offset.cast_signed(),
        data: Bytes::from(format!("payload {offset}\u{0}\u{ff}")),
        info: offset.is_multiple_of(2).then(|| Arc::new(info)),
        tags: offset.is_multiple_of(3).then(|| Arc::new(BTreeMap::from([("kind".into(), offset.to_string())]))),
        delta: offset.is_multiple_of(5),
        keyed: None,
    }
}
