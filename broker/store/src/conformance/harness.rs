//! How the suite opens an engine, and the few verbs that its promises are written in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::{ChannelKey, ClientInfo, Epoch, Publication, TenantId};

use crate::{
    AppendError, AppendOutcome, Clock, LogAppend, LogHead, LogRecord, ReadDirection, ReadRequest, RowKey, Store,
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
        let request = ReadRequest { from_offset, limit, direction };
        let events = self.store.read_log(channel, request).await.expect("a log can be read");
        events.iter().map(|event| event.offset).collect()
    }

    /// All kept offsets of a log of up to 10,000 events.
    pub async fn all_offsets(&self, channel: &ChannelKey) -> Vec<u64> {
        self.offsets(channel, 0, 10_000, ReadDirection::Forward).await
    }
}

/// An append of small publications, one per key.
pub(crate) fn append_of(channel: &ChannelKey, last: u64, keys: &[&str]) -> LogAppend {
    let records = keys.iter().zip(last + 1..).map(|(key, offset)| LogRecord {
        publication: Arc::new(publication(offset)),
        idempotency_key: (!key.is_empty()).then(|| Arc::from(*key)),
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
        seq: offset,
        time_ms: 1_700_000_000_000 + offset.cast_signed(),
        data: Bytes::from(format!("payload {offset}\u{0}\u{ff}")),
        info: offset.is_multiple_of(2).then(|| Arc::new(info)),
        tags: offset.is_multiple_of(3).then(|| Arc::new(BTreeMap::from([("kind".into(), offset.to_string())]))),
        delta: offset.is_multiple_of(5),
    }
}
