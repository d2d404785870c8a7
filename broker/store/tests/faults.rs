//! A failed sync poisons the store: shown with a build that can make one fail.
#![cfg(feature = "faults")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use natter_core::{ChannelKey, Epoch, Publication, TenantId};
use natter_store::{
    AppendError, AppendOutcome, EmbeddedOptions, EmbeddedStore, LogAppend, LogRecord, ReadRequest, RowKey, Store,
    StoreError, StoreHealth, StoreObserver, StoreOperation,
};

const DIRECTORY: &str = "NATTER_FAULTS_DIRECTORY";
const UNBATCHED: &str = "NATTER_UNBATCHED_DIRECTORY";

fn channel() -> ChannelKey {
    ChannelKey::new(TenantId::new("acme"), "news")
}

async fn append(store: &EmbeddedStore, offset: u64) -> Result<AppendOutcome, AppendError> {
    let data = Bytes::from_static(b"hello");
    let publication = Publication { offset, seq: offset, data, ..Publication::default() };
    let record = LogRecord { publication: Arc::new(publication), ..LogRecord::default() };
    store.append(LogAppend { channel: channel(), expected_last_offset: offset - 1, records: vec![record] }).await
}

/// The child, whose fifth batch fails: the log's opening and three appends are well.
#[tokio::test]
async fn child() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let store = EmbeddedStore::open(EmbeddedOptions::new(directory)).unwrap();
    store.open_log(&channel(), Epoch::new("epoch")).await.unwrap();
    for offset in 1..=3 {
        assert_eq!(append(&store, offset).await.unwrap(), AppendOutcome::Appended);
    }
    let failed = append(&store, 4).await;
    assert!(matches!(failed, Err(AppendError::Unknown(StoreError::Poisoned(_)))), "{failed:?}");
    assert!(matches!(store.health(), StoreHealth::Failed(_)));
    for offset in [4, 5] {
        let refused = append(&store, offset).await;
        assert!(matches!(refused, Err(AppendError::Rejected(StoreError::Poisoned(_)))), "{refused:?}");
    }
    let key = RowKey { tenant: TenantId::new("acme"), table: "users", partition: String::new(), row: "ann".into() };
    assert!(matches!(store.put_row(&key, 0, Bytes::new()).await, Err(StoreError::Poisoned(_))));
    assert!(matches!(store.open_log(&channel(), Epoch::new("epoch")).await, Err(StoreError::Poisoned(_))));
    assert_eq!(store.read_log(&channel(), ReadRequest::forward(1, 3)).await.unwrap().len(), 3);
    store.close().await;
}

#[tokio::test]
async fn failed_sync_poisons_the_store_until_it_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--nocapture"]).env(DIRECTORY, directory.path());
    let output = child.env("NATTER_FAULT", "fail_sync_after=5").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let store = EmbeddedStore::open(EmbeddedOptions::new(directory.path())).unwrap();
    let head = store.open_log(&channel(), Epoch::new("other")).await.unwrap();
    assert_eq!(head.epoch.as_str(), "epoch");
    assert!((3..=4).contains(&head.last_offset), "the fourth is unknown, the three before it are not: {head:?}");
    assert_eq!(append(&store, head.last_offset + 1).await.unwrap(), AppendOutcome::Appended);
}

/// Counts syncs, and those that kept more than one event.
#[derive(Default)]
struct Syncs {
    all: AtomicUsize,
    shared: AtomicUsize,
}

impl StoreObserver for Syncs {
    fn synced(&self, events: usize, _seconds: f64) {
        self.all.fetch_add(1, Ordering::Relaxed);
        self.shared.fetch_add(usize::from(events > 1), Ordering::Relaxed);
    }

    fn operated(&self, _operation: StoreOperation, _seconds: f64) {}
}

/// The child without batching: as many syncs as calls, however many wait at once.
#[tokio::test]
async fn unbatched_child() {
    let Ok(directory) = std::env::var(UNBATCHED) else { return };
    let syncs = Arc::new(Syncs::default());
    let mut options = EmbeddedOptions::new(directory);
    options.observer = Arc::clone(&syncs) as Arc<dyn StoreObserver>;
    let store = Arc::new(EmbeddedStore::open(options).unwrap());
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..100 {
        let (store, key) = (Arc::clone(&store), ChannelKey::new(TenantId::new("acme"), format!("room-{number}")));
        calls.spawn(async move {
            store.open_log(&key, Epoch::new("epoch")).await.unwrap();
            let publication = Publication { offset: 1, seq: 1, ..Publication::default() };
            let record = LogRecord { publication: Arc::new(publication), ..LogRecord::default() };
            store.append(LogAppend { channel: key, expected_last_offset: 0, records: vec![record] }).await.unwrap();
        });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap();
    }
    assert_eq!(syncs.shared.load(Ordering::Relaxed), 0);
    assert_eq!(syncs.all.load(Ordering::Relaxed), 200, "100 openings and 100 appends");
    store.close().await;
}

#[test]
fn one_event_per_sync_turns_group_commit_off() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "unbatched_child", "--nocapture"]).env(UNBATCHED, directory.path());
    let output = child.env("NATTER_FAULT", "one_event_per_sync").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
