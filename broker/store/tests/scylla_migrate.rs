//! Moving an embedded store into a keyspace: interrupted anywhere, run again, and in the end both hold the same.
#![cfg(feature = "cql-tests")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cql;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use natter_core::{ChannelKey, EntityId, Epoch, Position, Publication, TenantId};
use natter_store::transfer::{Migrated, Migration, is_unfinished};
use natter_store::{
    AppendOutcome, EmbeddedOptions, EmbeddedStore, LogAppend, LogHead, LogRecord, ReadRequest, RowKey, RowWriteOutcome,
    ScyllaOptions, ScyllaStore, Store, StoreError,
};
use rand::Rng;
use tempfile::TempDir;
use uuid::Uuid;

fn channel(name: &str) -> ChannelKey {
    ChannelKey::new(TenantId::new("acme"), name)
}

fn row(table: &'static str, row: u32) -> RowKey {
    RowKey { tenant: TenantId::new("acme"), table, partition: (row % 7).to_string(), row: row.to_string() }
}

fn append_of(channel: &ChannelKey, last: u64, count: u64) -> LogAppend {
    let record = |offset: u64| LogRecord {
        publication: Arc::new(Publication {
            offset,
            seq: offset,
            data: Bytes::from(format!("event {offset}")),
            ..Publication::default()
        }),
        idempotency_key: offset.is_multiple_of(3).then(|| Arc::from(format!("key {offset}"))),
        id: offset.is_multiple_of(2).then(|| EntityId::new(offset, channel.stable_hash())),
        version: offset.is_multiple_of(5).then(|| (offset, Arc::from("era"))),
    };
    let records = (last + 1..=last + count).map(record).collect();
    LogAppend { channel: channel.clone(), expected_last_offset: last, records }
}

/// Logs within one bucket, across several, trimmed within the first bucket and above it, with nothing kept, and empty.
const LOGS: [(&str, u64, u64); 7] = [
    ("short", 30, 1),
    ("long", 2600, 1),
    ("trimmed early", 900, 501),
    ("trimmed late", 2500, 1500),
    ("forgotten", 40, 41),
    ("forgotten full", 1024, 1025),
    ("empty", 0, 1),
];

async fn fill(directory: &TempDir) -> Arc<EmbeddedStore> {
    let store = EmbeddedStore::open(EmbeddedOptions::new(directory.path())).unwrap();
    for index in 0..300 {
        store.put_row(&row("users", index), 0, Bytes::from(vec![1; 200])).await.unwrap();
        store.set_row(&row("hints", index), Bytes::from_static(b"hint")).await.unwrap();
    }
    store.put_row(&row("users", 5), 1, Bytes::from_static(b"changed")).await.unwrap();
    for (name, count, first) in LOGS {
        let channel = channel(name);
        let mut last = store.open_log(&channel, Epoch::new(name)).await.unwrap().last_offset;
        while last < count {
            let step = (count - last).min(250);
            assert_eq!(store.append(append_of(&channel, last, step)).await.unwrap(), AppendOutcome::Appended);
            last += step;
        }
        store.trim_log(&channel, first).await.unwrap();
    }
    Arc::new(store)
}

/// How often the migration is interrupted, and how long it may then take.
const INTERRUPTIONS: usize = 4;
const WHOLE: Duration = Duration::from_secs(120);

fn options() -> ScyllaOptions {
    let keyspace = format!("natter_move_{}", Uuid::new_v4().simple());
    ScyllaOptions { keyspace, ..cql::options() }
}

async fn open(options: &ScyllaOptions) -> Arc<ScyllaStore> {
    Arc::new(ScyllaStore::open(options.clone()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_migration_is_finished_by_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let from = fill(&directory).await;
    let options = options();
    let mut interrupted = 0;
    let migrated = loop {
        let to = open(&options).await;
        let migration = Migration { from: Arc::clone(&from), to: Arc::clone(&to) };
        let patience = match interrupted {
            INTERRUPTIONS => WHOLE,
            _ => Duration::from_millis(rand::rng().random_range(20..1500)),
        };
        match tokio::time::timeout(patience, migration.run()).await {
            Ok(migrated) => break migrated.unwrap(),
            Err(_) => {
                assert!(interrupted < INTERRUPTIONS, "it does not come to its end");
                interrupted += 1;
            }
        }
        let _ = is_unfinished(&*to).await.unwrap();
    };
    assert!(interrupted > 0, "it was never interrupted");
    assert!(migrated.is_equal(), "{migrated:?}");
    assert_eq!((migrated.from.rows, migrated.from.logs, migrated.from.events), (600, 7, 30 + 2600 + 400 + 1001));
    let to = open(&options).await;
    assert!(!is_unfinished(&*to).await.unwrap());
    let again = Migration { from, to: Arc::clone(&to) }.run().await.unwrap();
    assert!(again.is_equal(), "one that is complete is verified again");
    goes_on(&*to).await;
}

/// A keyspace that was filled knows everything that the embedded store knew.
async fn goes_on(store: &dyn Store) {
    for (name, count, first) in LOGS {
        let channel = channel(name);
        let head = store.open_log(&channel, Epoch::new("another")).await.unwrap();
        let version = (count >= 5).then(|| (count - count % 5, Arc::from("era")));
        let expected =
            LogHead { epoch: Epoch::new(name), last_offset: count, last_seq: count, first_offset: first, version };
        assert_eq!(head, expected, "{name}");
        let kept = store.read_log(&channel, ReadRequest::forward(1, 10_000)).await.unwrap();
        assert_eq!(kept.len() as u64, count + 1 - first, "{name}");
        let newest = store.read_log(&channel, ReadRequest::backward(u64::MAX, 10)).await.unwrap();
        assert_eq!(newest.len() as u64, (count + 1 - first).min(10), "{name}");
        for offset in (2..=count).step_by(170).filter(|offset| offset % 2 == 0) {
            let id = EntityId::new(offset, channel.stable_hash());
            assert_eq!(store.find_by_id(&channel, id).await.unwrap(), (offset >= first).then_some(offset), "{name}");
            let found = store.find_seq(&channel, offset).await.unwrap();
            assert_eq!(found, (offset >= first).then_some(offset), "{name} {offset}");
        }
        for offset in (3..=count).step_by(201) {
            let mut repeat = append_of(&channel, count, 1);
            repeat.records[0].idempotency_key = Some(Arc::from(format!("key {offset}")));
            let position = Position { offset, epoch: Epoch::new(name) };
            let outcome = store.append(repeat).await.unwrap();
            assert_eq!(outcome, AppendOutcome::Duplicate { index: 0, position }, "{name} {offset}");
        }
        assert_eq!(store.append(append_of(&channel, count, 200)).await.unwrap(), AppendOutcome::Appended, "{name}");
    }
    let changed = store.put_row(&row("users", 5), 2, Bytes::new()).await.unwrap();
    assert_eq!(changed, RowWriteOutcome::Written(3));
    assert_eq!(store.get_row(&row("hints", 9)).await.unwrap().unwrap().version, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_is_noticed_and_nothing_is_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let from = fill(&directory).await;
    let options = options();
    let to = open(&options).await;
    let run = async || Migration { from: Arc::clone(&from), to: Arc::clone(&to) }.run().await;
    assert!(run().await.unwrap().is_equal());
    to.append(append_of(&channel("short"), 30, 1)).await.unwrap();
    let Migrated { from: one, to: other, .. } = run().await.unwrap();
    assert!(!one.agrees(&other.digest) && other.digest.events == one.events + 1);

    let other = ScyllaOptions { keyspace: format!("{}_used", &options.keyspace[..30]), ..options };
    let used = open(&other).await;
    used.open_log(&channel("short"), Epoch::new("theirs")).await.unwrap();
    let refused = Migration { from: Arc::clone(&from), to: used }.run().await;
    assert!(matches!(refused, Err(StoreError::Invalid(reason)) if reason.contains("not empty")));
}
