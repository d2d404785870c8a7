//! Promises about deleting a log.

use super::harness::{Harness, Scene};
use crate::{AppendError, AppendOutcome};

/// A deleted log is gone for everyone; opened again it is another one.
pub async fn deleted_log_is_gone(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let (channel, neighbour) = (scene.channel("news"), scene.channel("newsletter"));
    scene.fill(&channel, 30).await;
    scene.fill(&neighbour, 5).await;
    scene.delete(&channel).await;
    assert!(scene.all_offsets(&channel).await.is_empty());
    assert_eq!(scene.store.log_head(&channel).await.expect("a head can be read"), None);
    assert_eq!((scene.find_id(&channel, 4).await, scene.find_seq(&channel, 3).await), (None, None));
    assert_eq!(scene.all_offsets(&neighbour).await, [1, 2, 3, 4, 5]);
    assert_eq!(scene.find_id(&neighbour, 4).await, Some(4));
}

/// A writer of the deleted log cannot append to it, nor to the one that comes after it.
pub async fn writers_of_a_deleted_log_are_refused(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 3).await;
    scene.delete(&channel).await;
    let refused = scene.try_append(&channel, 3, &[""]).await;
    assert!(matches!(refused, Err(AppendError::Rejected(_))), "{refused:?}");
    let head = scene.head(&channel, "again").await;
    assert_eq!((head.epoch.as_str(), head.last_offset, head.last_seq, head.first_offset), ("again", 0, 0, 1));
    assert_eq!(scene.append(&channel, 3, &[""]).await, AppendOutcome::Conflict(head));
    assert!(scene.all_offsets(&channel).await.is_empty());
}

/// Nothing of a deleted log shines through in its successor: no event, id, number or idempotency key.
pub async fn successor_begins_empty(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "first").await;
    assert_eq!(scene.append(&channel, 0, &["a", "b", "", "d", "", ""]).await, AppendOutcome::Appended);
    scene.delete(&channel).await;
    scene.head(&channel, "second").await;
    assert_eq!(scene.append(&channel, 0, &["d", "b", "a"]).await, AppendOutcome::Appended);
    for _ in 0..2 {
        assert_eq!(scene.all_offsets(&channel).await, [1, 2, 3]);
        assert_eq!((scene.find_id(&channel, 4).await, scene.find_seq(&channel, 4).await), (None, None));
        assert_eq!(scene.head(&channel, "third").await.epoch.as_str(), "second");
        scene.reopen().await;
    }
}

/// A deletion is as durable as an append, and may be repeated.
pub async fn deletion_survives_reopening(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 10).await;
    scene.delete(&channel).await;
    scene.reopen().await;
    assert_eq!(scene.store.log_head(&channel).await.expect("a head can be read"), None);
    for name in ["news", "never opened"] {
        scene.delete(&scene.channel(name)).await;
    }
    assert!(scene.all_offsets(&channel).await.is_empty());
}

/// Deleting a long, trimmed log and opening it again at once.
pub async fn long_log_is_deleted_whole(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 3_000).await;
    scene.trim(&channel, 1_500).await;
    scene.delete(&channel).await;
    let head = scene.head(&channel, "again").await;
    assert_eq!((head.last_offset, head.first_offset), (0, 1));
    assert_eq!(scene.append(&channel, 0, &[""; 250]).await, AppendOutcome::Appended);
    assert_eq!(scene.all_offsets(&channel).await, (1..=250).collect::<Vec<_>>());
    assert_eq!((scene.find_id(&channel, 2_000).await, scene.find_id(&channel, 200).await), (None, Some(200)));
}
