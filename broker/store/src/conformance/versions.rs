//! Promises about the versions that applications give their events.

use std::sync::Arc;

use super::harness::{Harness, Scene};
use crate::{AppendOutcome, Version};

fn version(number: u64, epoch: &str) -> Option<Version> {
    Some((number, Arc::from(epoch)))
}

/// The head names the version of the newest event that has one, however it compares with those before it.
pub async fn the_newest_version_is_told(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    let mut head = scene.head(&channel, "epoch").await;
    assert_eq!(head.version, None);
    for given in [None, version(7, "one"), None, version(u64::MAX, ""), version(3, "two \u{e9}"), None] {
        head = scene.append_version(&channel, &head, given).await;
        assert_eq!(scene.head(&channel, "other").await, head);
        assert_eq!(scene.store.log_head(&channel).await.expect("a head can be read"), Some(head.clone()));
    }
    scene.reopen().await;
    assert_eq!(scene.head(&channel, "other").await, head);
}

/// What was forgotten, even everything, takes no version with it.
pub async fn a_version_outlives_its_event(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    let opened = scene.head(&channel, "epoch").await;
    scene.append_version(&channel, &opened, version(7, "one")).await;
    scene.trim(&channel, u64::MAX).await;
    scene.reopen().await;
    let head = scene.head(&channel, "other").await;
    assert_eq!((head.first_offset, head.version), (2, version(7, "one")));
    scene.delete(&channel).await;
    assert_eq!(scene.head(&channel, "new").await.version, None, "a deletion does");
}

/// Thousands of events without a version lie between it and the end.
pub async fn a_version_is_found_far_behind(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    let opened = scene.head(&channel, "epoch").await;
    let mut head = scene.append_version(&channel, &opened, version(7, "one")).await;
    let plain = vec![natter_core::MESSAGE; 200];
    for _ in 0..11 {
        head = scene.append_kinds(&channel, &head, &plain).await;
    }
    assert_eq!(head.last_offset, 2_201);
    scene.trim(&channel, 2_150).await;
    scene.reopen().await;
    assert_eq!(scene.head(&channel, "other").await.version, version(7, "one"));
    let newer = scene.append_version(&channel, &head, version(2, "two")).await;
    assert_eq!(scene.head(&channel, "other").await.version, newer.version);
}

/// An append that is refused, for whatever reason, changes nothing of it.
pub async fn refused_appends_leave_no_version(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    // Offset 5 has a version of its own.
    assert_eq!(scene.fill(&channel, 5).await.version.map(|(number, _)| number), Some(5));
    assert!(matches!(scene.append(&channel, 4, &["", "", "", "", "", ""]).await, AppendOutcome::Conflict(_)));
    assert_eq!(scene.append(&channel, 5, &["key"]).await, AppendOutcome::Appended);
    let repeats = ["", "", "", "", "", "key"];
    assert!(matches!(scene.append(&channel, 6, &repeats).await, AppendOutcome::Duplicate { index: 5, .. }));
    assert_eq!(scene.head(&channel, "other").await.version.map(|(number, _)| number), Some(5));
}
