//! Promises about finding an event by its id and a message by its number.

use std::sync::atomic::{AtomicU64, Ordering};

use natter_core::{ChannelKey, LogHead, MESSAGE};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::harness::{Harness, Scene, append_of, id_of};
use crate::{AppendOutcome, LogRecord};

const CASES: u32 = 24;

/// An event of another kind is found by its id, and never by the number that it repeats.
pub async fn only_messages_have_numbers(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    let head = scene.head(&channel, "epoch").await;
    let head = scene.append_kinds(&channel, &head, &[3, MESSAGE, 3, 3, MESSAGE, MESSAGE, 1]).await;
    assert_eq!((head.last_offset, head.last_seq), (7, 3));
    assert_eq!(scene.head(&channel, "unused").await, head);
    for (seq, offset) in [(0, None), (1, Some(2)), (2, Some(5)), (3, Some(6)), (4, None), (u64::MAX, None)] {
        assert_eq!(scene.find_seq(&channel, seq).await, offset, "{seq}");
    }
    for offset in 1..=7 {
        assert_eq!(scene.find_id(&channel, offset).await, Some(offset).filter(|offset| offset % 2 == 0));
    }
}

/// What was appended is found after the store has been opened anew.
pub async fn finds_survive_reopening(harness: &dyn Harness) {
    let mut scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 300).await;
    scene.reopen().await;
    assert_eq!((scene.find_id(&channel, 200).await, scene.find_id(&channel, 201).await), (Some(200), None));
    assert_eq!((scene.find_seq(&channel, 6).await, scene.find_seq(&channel, 7).await), (Some(6), Some(8)));
}

/// What a trim has forgotten is not found, and an id may then be given again.
pub async fn forgotten_events_are_not_found(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.fill(&channel, 20).await;
    scene.trim(&channel, 9).await;
    // The eighth message stands at 9, behind an event of another kind at 7.
    assert_eq!((scene.find_seq(&channel, 7).await, scene.find_seq(&channel, 8).await), (None, Some(9)));
    assert_eq!((scene.find_id(&channel, 8).await, scene.find_id(&channel, 12).await), (None, Some(12)));
    let mut again = append_of(&channel, 20, &[""]);
    again.records[0].id = Some(id_of(&channel, 8));
    assert_eq!(scene.store.append(again).await.expect("the store is well"), AppendOutcome::Appended);
    assert_eq!(scene.find_id(&channel, 8).await, Some(21));
}

/// The same id in another channel is another event.
pub async fn ids_belong_to_their_channel(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let (one, two) = (scene.channel("news"), scene.channel("newsletter"));
    scene.fill(&one, 10).await;
    scene.fill(&two, 3).await;
    assert_eq!(scene.store.find_by_id(&two, id_of(&one, 4)).await.expect("an id can be looked up"), None);
    assert_eq!(scene.find_id(&scene.channel("never opened"), 4).await, None);
    assert_eq!(scene.find_seq(&scene.channel("never opened"), 1).await, None);
}

/// An append that is refused leaves no id behind.
pub async fn refused_appends_leave_no_ids(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let channel = scene.channel("news");
    scene.head(&channel, "epoch").await;
    assert_eq!(scene.append(&channel, 0, &["taken"]).await, AppendOutcome::Appended);
    for (last, key) in [(9, ""), (1, "taken")] {
        let mut refused = append_of(&channel, last, &[key]);
        refused.records[0] = LogRecord { id: Some(id_of(&channel, 77)), ..refused.records[0].clone() };
        let refused = scene.store.append(refused).await.expect("the store is well");
        assert!(!matches!(refused, AppendOutcome::Appended));
    }
    assert_eq!(scene.find_id(&channel, 77).await, None);
}

/// What a log of `kinds`, trimmed to `first`, must answer.
async fn compare(scene: &Scene<'_>, channel: &ChannelKey, kinds: &[u8], first: u64) -> Result<(), TestCaseError> {
    let mut messages = vec![0];
    messages.extend((1..).zip(kinds).filter(|(_, kind)| **kind == MESSAGE).map(|(offset, _)| offset));
    for (seq, &offset) in (0..).zip(&messages) {
        let expected = Some(offset).filter(|offset| *offset >= first && seq > 0);
        prop_assert_eq!(scene.find_seq(channel, seq).await, expected, "seq {}", seq);
    }
    prop_assert_eq!(scene.find_seq(channel, messages.len() as u64).await, None);
    for (offset, _) in (1..).zip(kinds) {
        let expected = Some(offset).filter(|offset| *offset >= first && offset % 2 == 0);
        prop_assert_eq!(scene.find_id(channel, offset).await, expected, "id {}", offset);
    }
    Ok(())
}

async fn append_and_compare(
    scene: &Scene<'_>,
    channel: &ChannelKey,
    appends: &[Vec<u8>],
    trim: u64,
) -> Result<(), TestCaseError> {
    let mut head: LogHead = scene.head(channel, "epoch").await;
    for kinds in appends {
        head = scene.append_kinds(channel, &head, kinds).await;
    }
    let kinds = appends.concat();
    compare(scene, channel, &kinds, 1).await?;
    scene.trim(channel, trim).await;
    compare(scene, channel, &kinds, trim).await
}

/// After random appends of mixed kinds, and a trim, every number and every id leads where a model says.
pub async fn finds_agree_with_a_model(harness: &dyn Harness) {
    let scene = Scene::open(harness).await;
    let cases = AtomicU64::new(0);
    let kind = prop_oneof![3 => Just(MESSAGE), 2 => 1..5_u8];
    let appends = (vec(vec(kind, 1..12), 1..8), 0..40_u64);
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let outcome = TestRunner::new(config).run(&appends, |(appends, trim)| {
        let channel = scene.channel(&format!("channel-{}", cases.fetch_add(1, Ordering::Relaxed)));
        block_in_place(|| Handle::current().block_on(append_and_compare(&scene, &channel, &appends, trim)))
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
