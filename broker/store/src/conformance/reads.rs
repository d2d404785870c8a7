//! Promises about reading a log.

use natter_core::{ChannelKey, Publication, TenantId};

use super::harness::{Harness, Scene};
use crate::ReadDirection::{Backward, Forward};
use crate::ReadRequest;

/// Forward reads start at the asked offset or the oldest kept event and stop at the limit or the end.
pub async fn forward_reads_are_bounded(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 20).await;
    assert_eq!(scene.offsets(&channel, 0, 3, Forward).await, [1, 2, 3]);
    assert_eq!(scene.offsets(&channel, 5, 3, Forward).await, [5, 6, 7]);
    assert_eq!(scene.offsets(&channel, 19, 100, Forward).await, [19, 20]);
    assert_eq!(scene.offsets(&channel, 1, 20, Forward).await, (1..=20).collect::<Vec<_>>());
    scene.store.trim_log(&channel, 11).await.expect("a log can be trimmed");
    assert_eq!(scene.offsets(&channel, 0, 2, Forward).await, [11, 12]);
    assert_eq!(scene.offsets(&channel, 10, 2, Forward).await, [11, 12]);
    assert_eq!(scene.offsets(&channel, 12, 2, Forward).await, [12, 13]);
}

/// Backward reads start at the asked offset or the newest event and stop at the limit or the oldest kept.
pub async fn backward_reads_are_bounded(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 20).await;
    assert_eq!(scene.offsets(&channel, u64::MAX, 3, Backward).await, [20, 19, 18]);
    assert_eq!(scene.offsets(&channel, 5, 3, Backward).await, [5, 4, 3]);
    assert_eq!(scene.offsets(&channel, 2, 100, Backward).await, [2, 1]);
    scene.store.trim_log(&channel, 11).await.expect("a log can be trimmed");
    assert_eq!(scene.offsets(&channel, 12, 100, Backward).await, [12, 11]);
    assert_eq!(scene.offsets(&channel, 11, 1, Backward).await, [11]);
}

/// A read stops before its bytes are exceeded, but never before its first event.
pub async fn reads_are_bounded_in_bytes(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    let mut head = scene.head(&channel, "epoch").await;
    for size in [100, 200, 300, 5_000, 10] {
        head = scene.append_payload(&channel, &head, size).await;
    }
    let cases = [(0, 1, vec![1]), (300, 1, vec![1, 2]), (599, 1, vec![1, 2]), (600, 1, vec![1, 2, 3])];
    let later = [(600, 3, vec![3]), (10, 4, vec![4]), (6_000, 1, vec![1, 2, 3, 4, 5])];
    for (max_bytes, from, expected) in cases.into_iter().chain(later) {
        let found = scene.store.read_log(&channel, ReadRequest::forward(from, 100).within(max_bytes)).await;
        assert_eq!(offsets(found.expect("a log can be read")), expected, "{max_bytes} from {from}");
    }
    for (max_bytes, expected) in [(0, vec![5]), (5_010, vec![5, 4]), (5_309, vec![5, 4]), (5_310, vec![5, 4, 3])] {
        let found = scene.store.read_log(&channel, ReadRequest::backward(9, 100).within(max_bytes)).await;
        assert_eq!(offsets(found.expect("a log can be read")), expected, "{max_bytes}");
    }
}

fn offsets(events: Vec<Publication>) -> Vec<u64> {
    events.iter().map(|event| event.offset).collect()
}

/// What lies outside the log reads as nothing.
pub async fn empty_ranges_read_empty(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let (channel, other) = (scene.channel("news"), scene.channel("never opened"));
    scene.head(&channel, "epoch").await;
    for direction in [Forward, Backward] {
        assert!(scene.offsets(&channel, 1, 10, direction).await.is_empty());
        assert!(scene.offsets(&other, 1, 10, direction).await.is_empty());
    }
    scene.fill(&channel, 5).await;
    assert!(scene.offsets(&channel, 6, 10, Forward).await.is_empty());
    assert!(scene.offsets(&channel, u64::MAX, 10, Forward).await.is_empty());
    assert!(scene.offsets(&channel, 0, 10, Backward).await.is_empty());
    assert!(scene.offsets(&channel, 3, 0, Forward).await.is_empty());
    scene.store.trim_log(&channel, 4).await.expect("a log can be trimmed");
    assert!(scene.offsets(&channel, 3, 10, Backward).await.is_empty());
}

/// Channels whose names begin alike keep their events to themselves.
pub async fn channels_do_not_mix(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let counts = [("a", 3), ("aa", 5), ("a\u{0}", 7), ("b", 2)];
    for (name, count) in counts {
        scene.fill(&scene.channel(name), count).await;
    }
    for (name, count) in counts {
        assert_eq!(scene.all_offsets(&scene.channel(name)).await, (1..=count).collect::<Vec<_>>(), "{name:?}");
        let backward = scene.offsets(&scene.channel(name), u64::MAX, 100, Backward).await;
        assert_eq!(backward, (1..=count).rev().collect::<Vec<_>>(), "{name:?}");
    }
}

/// Two tenants may call a channel the same, and a tenant's name cannot flow into a channel's.
pub async fn tenants_do_not_mix(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let name = |suffix: &str| TenantId::new(format!("{}{suffix}", scene.tenant));
    let channels =
        [ChannelKey::new(name(""), "xnews"), ChannelKey::new(name("x"), "news"), ChannelKey::new(name("y"), "xnews")];
    for (channel, count) in channels.iter().zip(2..) {
        scene.fill(channel, count).await;
    }
    for (channel, count) in channels.iter().zip(2..) {
        assert_eq!(scene.all_offsets(channel).await, (1..=count).collect::<Vec<_>>());
    }
}
