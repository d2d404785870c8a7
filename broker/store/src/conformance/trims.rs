//! Promises about forgetting events.

use super::harness::{Harness, Scene, seq_of};
use crate::AppendOutcome;
use crate::ReadDirection::Forward;

async fn trim(scene: &Scene<'_>, name: &str, first_offset: u64) {
    scene.store.trim_log(&scene.channel(name), first_offset).await.expect("a log can be trimmed");
}

/// A trim moves the log's beginning and nothing else.
pub async fn trim_forgets_and_keeps_numbering(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    let before = scene.fill(&channel, 10).await;
    trim(&scene, "news", 8).await;
    let after = scene.head(&channel, "other").await;
    assert_eq!((&after.epoch, after.last_offset, after.last_seq), (&before.epoch, 10, seq_of(10)));
    assert_eq!(scene.all_offsets(&channel).await, [8, 9, 10]);
    assert_eq!(scene.append(&channel, 10, &[""]).await, AppendOutcome::Appended);
    assert_eq!(scene.all_offsets(&channel).await, [8, 9, 10, 11]);
}

/// An emptied log still knows its epoch and never gives a number twice.
pub async fn trim_everything(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    let before = scene.fill(&channel, 5).await;
    trim(&scene, "news", u64::MAX).await;
    assert!(scene.all_offsets(&channel).await.is_empty());
    scene.reopen().await;
    let after = scene.head(&channel, "other").await;
    assert_eq!((&after.epoch, after.last_offset, after.first_offset), (&before.epoch, 5, 6));
    assert!(matches!(scene.append(&channel, 0, &[""]).await, AppendOutcome::Conflict(_)));
    assert_eq!(scene.append(&channel, 5, &[""]).await, AppendOutcome::Appended);
    assert_eq!(scene.all_offsets(&channel).await, [6]);
}

/// A trim below the beginning, or of a log that does not exist, changes nothing.
pub async fn trim_never_goes_back(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 6).await;
    for first in [4, 2, 0] {
        trim(&scene, "news", first).await;
        assert_eq!(scene.all_offsets(&channel).await, [4, 5, 6]);
    }
    trim(&scene, "never opened", 10).await;
    assert_eq!(scene.head(&scene.channel("never opened"), "epoch").await.first_offset, 1);
}

/// What was forgotten stays forgotten.
pub async fn trim_survives_reopening(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 6).await;
    trim(&scene, "news", 5).await;
    scene.reopen().await;
    assert_eq!(scene.all_offsets(&channel).await, [5, 6]);
}

/// Forgetting more than one step's worth of events is just as complete, while the log grows.
pub async fn trim_of_a_long_log(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 5_000).await;
    trim(&scene, "news", 4_990).await;
    assert_eq!(scene.offsets(&channel, 0, 3, Forward).await, [4_990, 4_991, 4_992]);
    assert_eq!(scene.append(&channel, 5_000, &["", ""]).await, AppendOutcome::Appended);
    scene.reopen().await;
    assert_eq!(scene.all_offsets(&channel).await, (4_990..=5_002).collect::<Vec<_>>());
}
