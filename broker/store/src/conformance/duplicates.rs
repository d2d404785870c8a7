//! Promises about idempotency keys: a repeat is never stored and always told where the first one stands.

use natter_core::{Epoch, Position};

use super::harness::{Harness, Scene};
use crate::{AppendOutcome, IDEMPOTENCY_TTL_MS};

fn duplicate(index: usize, offset: u64) -> AppendOutcome {
    AppendOutcome::Duplicate { index, position: Position { offset, epoch: Epoch::new("epoch") } }
}

/// A repeat is answered with the first position, however long the log has become.
pub async fn repeat_answers_the_first_position(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    assert_eq!(scene.append(&channel, 0, &["once"]).await, AppendOutcome::Appended);
    assert_eq!(scene.append(&channel, 1, &["once"]).await, duplicate(0, 1));
    assert_eq!(scene.append(&channel, 1, &["", "other", ""]).await, AppendOutcome::Appended);
    assert_eq!(scene.append(&channel, 4, &["", "once"]).await, duplicate(1, 1));
    assert_eq!(scene.all_offsets(&channel).await, [1, 2, 3, 4]);
}

/// The position is that of the record that carried the key, not of its append.
pub async fn repeat_of_a_later_record(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    assert_eq!(scene.append(&channel, 0, &["a", "b", "", "d"]).await, AppendOutcome::Appended);
    assert_eq!(scene.append(&channel, 4, &["b"]).await, duplicate(0, 2));
    assert_eq!(scene.append(&channel, 4, &["", "", "d"]).await, duplicate(2, 4));
    assert_eq!(scene.append(&channel, 4, &["d", "a"]).await, duplicate(0, 4));
}

/// A key that stands twice in one append is a repeat; the position is the one that the first will have.
pub async fn repeat_within_one_append(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    assert_eq!(scene.append(&channel, 0, &["", "same", "", "same"]).await, duplicate(3, 2));
    assert!(scene.all_offsets(&channel).await.is_empty());
    assert_eq!(scene.append(&channel, 0, &["", "same", ""]).await, AppendOutcome::Appended);
    assert_eq!(scene.append(&channel, 3, &["same"]).await, duplicate(0, 2));
}

/// Keys outlive the process.
pub async fn repeat_survives_reopening(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    assert_eq!(scene.append(&channel, 0, &["a", "b"]).await, AppendOutcome::Appended);
    scene.reopen().await;
    scene.head(&channel, "other").await;
    assert_eq!(scene.append(&channel, 2, &["", "b"]).await, duplicate(1, 2));
}

/// A key answers although its event is forgotten.
pub async fn repeat_survives_trimming(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    assert_eq!(scene.append(&channel, 0, &["a", "b"]).await, AppendOutcome::Appended);
    scene.store.trim_log(&channel, 3).await.expect("a log can be trimmed");
    assert_eq!(scene.append(&channel, 2, &["a"]).await, duplicate(0, 1));
}

/// The same key in another channel, or with another name of the same beginning, is no repeat.
pub async fn keys_belong_to_their_channel(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let (one, two) = (scene.channel("news"), scene.channel("newsk"));
    scene.head(&one, "epoch").await;
    scene.head(&two, "epoch").await;
    assert_eq!(scene.append(&one, 0, &["key"]).await, AppendOutcome::Appended);
    assert_eq!(scene.append(&two, 0, &["key"]).await, AppendOutcome::Appended);
    assert_eq!(scene.append(&two, 1, &["ey"]).await, AppendOutcome::Appended);
}

/// After its time a key may be used again, and is then kept for its full time once more.
pub async fn keys_expire(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    assert_eq!(scene.append(&channel, 0, &["key"]).await, AppendOutcome::Appended);
    if !harness.advance(IDEMPOTENCY_TTL_MS - 1) {
        return;
    }
    assert_eq!(scene.append(&channel, 1, &["key"]).await, duplicate(0, 1));
    harness.advance(1);
    assert_eq!(scene.append(&channel, 1, &["key"]).await, AppendOutcome::Appended);
    harness.advance(IDEMPOTENCY_TTL_MS - 1);
    assert_eq!(scene.append(&channel, 2, &["other"]).await, AppendOutcome::Appended);
    assert_eq!(scene.append(&channel, 3, &["key"]).await, duplicate(0, 2));
}

/// A writer whose offset is wrong learns that first: its numbers mean nothing.
pub async fn a_conflict_comes_before_a_repeat(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    assert_eq!(scene.append(&channel, 0, &["key"]).await, AppendOutcome::Appended);
    assert!(matches!(scene.append(&channel, 0, &["key"]).await, AppendOutcome::Conflict(_)));
}
