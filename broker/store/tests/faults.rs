//! A failed sync poisons the store: shown with a build that can make one fail.
#![cfg(feature = "faults")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use natter_core::{ChannelKey, Epoch, Publication, TenantId};
use natter_store::{
    AppendError, AppendOutcome, EmbeddedOptions, EmbeddedStore, LogAppend, LogRecord, ReadDirection, ReadRequest,
    RowKey, Store, StoreError, StoreHealth,
};

const DIRECTORY: &str = "NATTER_FAULTS_DIRECTORY";

fn channel() -> ChannelKey {
    ChannelKey::new(TenantId::new("acme"), "news")
}

async fn append(store: &EmbeddedStore, offset: u64) -> Result<AppendOutcome, AppendError> {
    let data = Bytes::from_static(b"hello");
    let publication = Publication { offset, seq: offset, time_ms: 0, data, info: None, tags: None, delta: false };
    let record = LogRecord { publication: Arc::new(publication), idempotency_key: None };
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
    let request = ReadRequest { from_offset: 1, limit: 3, direction: ReadDirection::Forward };
    assert_eq!(store.read_log(&channel(), request).await.unwrap().len(), 3);
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
