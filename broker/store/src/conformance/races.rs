//! Promises that hold however many write at once.

use std::sync::Arc;

use bytes::Bytes;
use natter_core::{ChannelKey, Publication};
use tokio::task::JoinSet;

use super::harness::{Harness, Scene, append_of, publication};
use crate::{AppendOutcome, LogRecord, Store};

const WRITERS: u64 = 64;
const APPENDS_EACH: u64 = 4;

/// Appends once after `last`, or wherever the log turns out to end; answers with the number it got.
async fn append_somewhere(store: &dyn Store, channel: &ChannelKey, mut last: u64) -> u64 {
    for _ in 0..=WRITERS * APPENDS_EACH {
        match store.append(append_of(channel, last, &[""])).await.expect("the store is well") {
            AppendOutcome::Appended => return last + 1,
            AppendOutcome::Conflict(head) => last = head.last_offset,
            AppendOutcome::Duplicate { .. } => panic!("a repeat without a key"),
        }
    }
    panic!("every conflict means that another writer won, so there cannot be more than appends");
}

/// 64 writers that believe to own the same channel get each number exactly once.
pub async fn contended_appends_leave_no_gap(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("contended");
    scene.head(&channel, "epoch").await;
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (store, channel) = (Arc::clone(&scene.store), channel.clone());
        writers.spawn(async move {
            let mut won = vec![0];
            for _ in 0..APPENDS_EACH {
                won.push(append_somewhere(&*store, &channel, won.last().copied().unwrap_or(0)).await);
            }
            won.split_off(1)
        });
    }
    let mut won = writers.join_all().await.concat();
    won.sort_unstable();
    let all: Vec<u64> = (1..=WRITERS * APPENDS_EACH).collect();
    assert_eq!(won, all);
    scene.reopen().await;
    assert_eq!(scene.all_offsets(&channel).await, all);
}

/// Channels that grow at the same time do not disturb each other.
pub async fn channels_grow_side_by_side(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channels: Vec<_> = (0..32).map(|index| scene.channel(&format!("channel-{index}"))).collect();
    let mut writers = JoinSet::new();
    for channel in &channels {
        scene.head(channel, "epoch").await;
        let (store, channel) = (Arc::clone(&scene.store), channel.clone());
        writers.spawn(async move {
            for step in 0..10 {
                let outcome = store.append(append_of(&channel, step * 3, &["", "", ""])).await;
                assert_eq!(outcome.expect("the store is well"), AppendOutcome::Appended);
            }
        });
    }
    writers.join_all().await;
    for channel in &channels {
        assert_eq!(scene.all_offsets(channel).await, (1..=30).collect::<Vec<_>>());
    }
}

/// More payload at once than any engine writes in one go arrives all the same.
pub async fn heavy_events_all_arrive(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let mut writers = JoinSet::new();
    for index in 0..32 {
        let channel = scene.channel(&format!("channel-{index}"));
        scene.head(&channel, "epoch").await;
        let store = Arc::clone(&scene.store);
        writers.spawn(async move {
            for last in 0..3 {
                let mut append = append_of(&channel, last, &["key"]);
                let heavy = Publication { data: Bytes::from(vec![7; 100 * 1024]), ..publication(last + 1) };
                append.records[0] = LogRecord { publication: Arc::new(heavy), ..LogRecord::default() };
                assert_eq!(store.append(append).await.expect("the store is well"), AppendOutcome::Appended);
            }
        });
    }
    writers.join_all().await;
    for index in 0..32 {
        assert_eq!(scene.all_offsets(&scene.channel(&format!("channel-{index}"))).await, [1, 2, 3]);
    }
}
