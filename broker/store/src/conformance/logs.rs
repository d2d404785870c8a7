//! Promises about a log's identity, its numbering and what an append leaves behind.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::{Epoch, Publication};

use super::harness::{Harness, Scene, append_of, publication, seq_of};
use crate::{AppendError, AppendOutcome, LogRecord, ReadRequest, StoreError, StoreHealth};

/// The epoch of the first opening comes back for ever, whatever later ones propose.
pub async fn opening_keeps_the_first_epoch(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    let head = scene.head(&channel, "first").await;
    assert_eq!((head.epoch.as_str(), head.first_offset, head.last_offset, head.last_seq), ("first", 1, 0, 0));
    assert_eq!(scene.head(&channel, "second").await, head);
    scene.reopen().await;
    assert_eq!(scene.head(&channel, "third").await, head);
}

/// A log's head can be asked for, which makes no log.
pub async fn head_is_told_without_opening(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let (channel, other) = (scene.channel("news"), scene.channel("never opened"));
    let head = scene.fill(&channel, 20).await;
    assert_eq!((head.last_offset, head.last_seq), (20, seq_of(20)));
    assert_eq!(scene.store.log_head(&channel).await.expect("a head can be read"), Some(head));
    assert_eq!(scene.store.log_head(&other).await.expect("a head can be read"), None);
    assert_eq!(scene.head(&other, "first").await.epoch.as_str(), "first");
}

/// A log goes on where it ended when it is opened again.
pub async fn numbering_survives_reopening(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    let head = scene.fill(&channel, 7).await;
    scene.reopen().await;
    assert_eq!(scene.head(&channel, "other").await, head);
    assert_eq!(scene.append(&channel, 7, &["", ""]).await, AppendOutcome::Appended);
    assert_eq!(scene.all_offsets(&channel).await, (1..=9).collect::<Vec<_>>());
}

/// Appends of any size continue the numbering without a hole.
pub async fn appends_are_dense(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    let mut last = 0;
    for count in [1, 2, 3, 256, 1, 100] {
        assert_eq!(scene.append(&channel, last, &vec![""; count]).await, AppendOutcome::Appended);
        last += count as u64;
        assert_eq!(scene.head(&channel, "unused").await.last_offset, last);
    }
    assert_eq!(scene.all_offsets(&channel).await, (1..=last).collect::<Vec<_>>());
}

/// A writer that is behind, or ahead, is told where the log ends.
pub async fn wrong_offset_conflicts(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    let head = scene.fill(&channel, 3).await;
    for wrong in [0, 2, 4, 100] {
        assert_eq!(scene.append(&channel, wrong, &[""]).await, AppendOutcome::Conflict(head.clone()));
    }
    assert_eq!(scene.all_offsets(&channel).await, [1, 2, 3]);
}

/// An append that conflicts or repeats stores none of its records and none of its keys.
pub async fn refused_appends_leave_nothing(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    assert_eq!(scene.append(&channel, 0, &["taken"]).await, AppendOutcome::Appended);
    assert!(matches!(scene.append(&channel, 9, &["a", "b"]).await, AppendOutcome::Conflict(_)));
    let repeat = scene.append(&channel, 1, &["a", "b", "taken", "c"]).await;
    assert!(matches!(repeat, AppendOutcome::Duplicate { index: 2, .. }), "{repeat:?}");
    assert_eq!(scene.all_offsets(&channel).await, [1]);
    assert_eq!(scene.append(&channel, 1, &["a", "b", "c"]).await, AppendOutcome::Appended);
}

/// Nothing can be appended to a log that was never opened.
pub async fn append_needs_an_opened_log(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("nowhere");
    assert!(matches!(scene.try_append(&channel, 0, &[""]).await, Err(AppendError::Rejected(_))));
    assert!(scene.all_offsets(&channel).await.is_empty());
    assert_eq!(scene.head(&channel, "epoch").await.last_offset, 0);
}

/// Appends outside the documented bounds are refused and leave the store well.
pub async fn malformed_appends_are_refused(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    let mut hole = append_of(&channel, 0, &["", ""]);
    hole.records[1].publication = Arc::new(publication(3));
    let mut large = append_of(&channel, 0, &["", ""]);
    let mut heavy = publication(1);
    heavy.data = Bytes::from(vec![7; 512 * 1024]);
    large.records[0].publication = Arc::new(heavy.clone());
    let empty = append_of(&channel, 0, &[]);
    let many = append_of(&channel, 0, &[""; 257]);
    let mut skipped = append_of(&channel, 0, &["", ""]);
    skipped.records[1].publication = Arc::new(Publication { seq: 3, ..publication(2) });
    let mut ahead = append_of(&channel, 0, &[""]);
    ahead.records[0].publication = Arc::new(Publication { seq: 2, ..publication(1) });
    for malformed in [hole, large, empty, many, skipped, ahead] {
        let refused = scene.store.append(malformed).await;
        assert!(matches!(refused, Err(AppendError::Rejected(StoreError::Invalid(_)))), "{refused:?}");
    }
    let mut single = append_of(&channel, 0, &[""]);
    heavy.data = Bytes::from(vec![7; 600 * 1024]);
    single.records[0] = LogRecord { publication: Arc::new(heavy), ..LogRecord::default() };
    assert_eq!(scene.store.append(single).await.expect("one large event is allowed"), AppendOutcome::Appended);
    assert_eq!(scene.store.health(), StoreHealth::Ready);
}

/// Every field of a publication is read as it was written.
pub async fn publications_come_back_whole(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 30).await;
    scene.reopen().await;
    let events = scene.store.read_log(&channel, ReadRequest::forward(1, 30)).await.expect("a log can be read");
    assert_eq!(events, (1..=30).map(publication).collect::<Vec<_>>());
}

/// A closed store answers everything with an error and says that it is not ready.
pub async fn closed_store_refuses(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 1).await;
    scene.store.close().await;
    scene.store.close().await;
    assert!(matches!(scene.store.health(), StoreHealth::Failed(_)));
    let append = scene.try_append(&channel, 1, &[""]).await;
    assert!(matches!(append, Err(AppendError::Rejected(StoreError::Unavailable(_)))), "{append:?}");
    let opened = scene.store.open_log(&channel, Epoch::new("epoch")).await;
    assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
    let row = scene.store.get_row(&scene.row("users", "all", "ann")).await;
    assert!(matches!(row, Err(StoreError::Unavailable(_))), "{row:?}");
}
