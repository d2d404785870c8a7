use std::sync::Arc;

use bytes::Bytes;

use super::{APPEND_BYTES_MAX, APPEND_RECORDS_MAX, DurableLog, QUEUE_BYTES_MAX, QUEUE_MAX};
use crate::effects::{Effect, Published, Refusal, Reply};
use crate::input::Draft;
use crate::stream::Stream;
use crate::{ChannelHandle, ChannelKey, Epoch, TenantId};

struct Bench {
    log: DurableLog<u32>,
    stream: Stream,
    effects: Vec<Effect<u32>>,
}

fn bench() -> Bench {
    let mut log = DurableLog::opening();
    log.opening = None;
    Bench { log, stream: Stream::new(Epoch::new("now")), effects: Vec::new() }
}

fn sized(size: usize) -> Draft {
    Draft { data: Bytes::from(vec![0; size]), ..Draft::default() }
}

fn keyed(key: &str) -> Draft {
    Draft { idempotency_key: Some(key.into()), ..sized(1) }
}

fn versioned(version: u64) -> Draft {
    Draft { version: Some((version, "one".into())), ..sized(1) }
}

fn at(offset: u64) -> Published {
    Published { offset, seq: offset, time_ms: 0, epoch: Some(Epoch::new("now")), suppressed: false }
}

impl Bench {
    fn enqueue(&mut self, draft: Draft, reply: u32) {
        self.log.enqueue(draft, Some(reply), &mut self.effects);
    }

    /// The size of the next batch, if one is started.
    fn start(&mut self) -> Option<usize> {
        let key = ChannelKey::new(TenantId::new("tenant"), "channel");
        self.log.start_next(&key, ChannelHandle(1), &self.stream, 0, &mut self.effects);
        let is_append = |effect: &Effect<u32>| matches!(effect, Effect::Append { .. });
        let index = self.effects.iter().position(is_append)?;
        match self.effects.remove(index) {
            Effect::Append { records, .. } => Some(records.len()),
            _ => None,
        }
    }

    fn answers(&mut self) -> Vec<(u32, Result<Published, Refusal>)> {
        let answer = |effect| match effect {
            Effect::Reply { to, reply: Reply::Published(result) } => (to, result),
            other => panic!("{other:?}"),
        };
        self.effects.drain(..).map(answer).collect()
    }
}

#[test]
fn a_batch_has_at_most_256_records() {
    let mut bench = bench();
    for reply in 0..APPEND_RECORDS_MAX as u32 + 1 {
        bench.enqueue(sized(1), reply);
    }
    assert_eq!(bench.start(), Some(256));
    assert_eq!(bench.start(), None, "one at a time");
    bench.log.land();
    assert_eq!(bench.start(), Some(1));
}

#[test]
fn a_batch_has_at_most_512_kib_unless_it_is_one_record() {
    let mut bench = bench();
    for size in [APPEND_BYTES_MAX - 1, 1, 1, APPEND_BYTES_MAX + 1, 1] {
        bench.enqueue(sized(size), 0);
    }
    for expected in [2, 1, 1, 1] {
        assert_eq!(bench.start(), Some(expected));
        bench.log.land();
    }
    assert_eq!(bench.start(), None);
    assert_eq!(bench.log.queue_bytes, 0);
}

#[test]
fn a_full_queue_refuses() {
    let mut bench = bench();
    for reply in 0..=QUEUE_MAX as u32 {
        bench.enqueue(sized(1), reply);
    }
    assert_eq!(bench.answers(), vec![(QUEUE_MAX as u32, Err(Refusal::Busy))]);
}

#[test]
fn a_queue_of_large_payloads_refuses() {
    let mut bench = bench();
    for reply in 0..=16 {
        bench.enqueue(sized(QUEUE_BYTES_MAX / 16), reply);
    }
    assert_eq!(bench.answers(), vec![(16, Err(Refusal::Busy))]);
}

#[test]
fn repeats_share_the_result_and_know_that_they_are_repeats() {
    let mut bench = bench();
    bench.enqueue(keyed("a"), 1);
    bench.enqueue(keyed("a"), 2);
    assert_eq!(bench.start(), Some(1));
    bench.enqueue(keyed("a"), 3);
    assert!(bench.log.is_pending("a"));
    let flight = bench.log.land().unwrap();
    for pending in flight.pending {
        bench.log.settle(pending, Ok(at(1)), &mut bench.effects);
    }
    let repeat = Published { suppressed: true, ..at(1) };
    assert_eq!(bench.answers(), vec![(1, Ok(at(1))), (2, Ok(repeat.clone())), (3, Ok(repeat))]);
    assert!(!bench.log.is_pending("a") && bench.log.is_idle());
}

#[test]
fn repeats_are_bounded() {
    let mut bench = bench();
    for reply in 0..QUEUE_MAX as u32 + 2 {
        bench.enqueue(keyed("a"), reply);
    }
    assert_eq!(bench.answers(), vec![(QUEUE_MAX as u32 + 1, Err(Refusal::Busy))]);
}

#[test]
fn a_retry_keeps_the_order_and_the_keys() {
    let mut bench = bench();
    for (reply, key) in ["a", "b", "c"].into_iter().enumerate() {
        bench.enqueue(keyed(key), reply as u32);
    }
    bench.start();
    bench.enqueue(keyed("d"), 3);
    let flight = bench.log.land().unwrap();
    bench.log.retry_without(flight, 1, at(9), &mut bench.effects);
    assert_eq!(bench.answers(), vec![(1, Ok(at(9)))]);
    assert!(!bench.log.is_pending("b"));
    assert_eq!(bench.start(), Some(3));
    let keys: Vec<Option<Arc<str>>> =
        bench.log.land().unwrap().pending.into_iter().map(|pending| pending.draft.idempotency_key).collect();
    assert_eq!(keys, ["a", "c", "d"].map(|key| Some(key.into())));
}

#[test]
fn an_old_version_waits_to_see_the_newer_one_stored() {
    let mut bench = bench();
    for (reply, version) in [2, 3, 1, 4].into_iter().enumerate() {
        bench.enqueue(versioned(version), reply as u32);
    }
    assert_eq!(bench.start(), Some(2), "2 and 3");
    bench.log.land();
    bench.stream.version = Some((3, "one".into()));
    assert_eq!(bench.start(), Some(1), "4");
    assert_eq!(bench.answers(), vec![(2, Ok(Published { suppressed: true, ..at(0) }))]);
}

#[test]
fn a_version_that_was_not_stored_makes_no_other_old() {
    let mut bench = bench();
    bench.enqueue(versioned(2), 0);
    bench.enqueue(versioned(1), 1);
    assert_eq!(bench.start(), Some(1));
    bench.log.land();
    assert_eq!(bench.start(), Some(1), "1 is published, since 2 was rejected");
    assert!(bench.answers().is_empty());
}

#[test]
fn giving_up_answers_everyone_once() {
    let mut bench = bench();
    bench.enqueue(keyed("a"), 0);
    bench.start();
    bench.enqueue(keyed("a"), 1);
    bench.enqueue(keyed("b"), 2);
    bench.log.abandon(Refusal::Busy, &mut bench.effects);
    let mut answered: Vec<u32> = bench.answers().into_iter().map(|(to, _)| to).collect();
    answered.sort_unstable();
    assert_eq!(answered, vec![0, 1, 2]);
    assert!(bench.log.is_idle());
}

#[test]
fn trims_are_told_in_steps() {
    let mut log = DurableLog::<u32>::opening();
    log.trimmed(5);
    assert_eq!(log.trim_due(1_028, 1_024), None);
    assert_eq!(log.trim_due(1_029, 1_024), Some(1_029));
    assert_eq!(log.trim_due(1_029, 1), None, "told already");
    assert_eq!(log.trim_due(1_030, 1), Some(1_030));
}
