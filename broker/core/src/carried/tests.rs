use std::sync::Arc;

use bytes::Bytes;

use super::Carried;
use crate::effects::{Effect, Refusal, Reply};
use crate::heard::HELD_MAX;
use crate::input::{Draft, Input, Request, Subscriber};
use crate::keyed::Keyed;
use crate::log::{CommitOutcome, LogHead};
use crate::shard::{Shard, ShardLimits};
use crate::{ChannelHandle, ChannelKey, ChannelOptions, Epoch, LaneId, Publication, TenantId};

struct Bench {
    shard: Shard<u32>,
    options: Arc<ChannelOptions>,
    effects: Vec<Effect<u32>>,
}

fn bench(options: ChannelOptions) -> Bench {
    let shard = Shard::new(0, 1, ShardLimits::new(1), Box::new(|| 7)).joined();
    Bench { shard, options: Arc::new(options), effects: Vec::new() }
}

fn with_history(durable: bool) -> ChannelOptions {
    ChannelOptions {
        history_size: 10_000,
        history_ttl_ms: 10_000,
        durable,
        observed: durable,
        ..ChannelOptions::default()
    }
}

fn key(name: &str) -> ChannelKey {
    ChannelKey::new(TenantId::new("tenant"), name)
}

fn event(offset: u64) -> Arc<Publication> {
    Arc::new(Publication { offset, seq: offset, time_ms: 1_000, ..Publication::default() })
}

fn carried(epoch: &str, offsets: impl IntoIterator<Item = u64>) -> Carried {
    let publications = offsets.into_iter().map(event).collect();
    Carried { epoch: Some(Epoch::new(epoch)), publications, version: None }
}

fn draft(skip_history: bool) -> Draft {
    Draft { data: Bytes::from_static(b"x"), skip_history, ..Draft::default() }
}

impl Bench {
    fn apply(&mut self, input: Input<u32>) {
        self.shard.apply(input, 1_000, &mut self.effects);
    }

    fn finish(&mut self) -> Vec<Effect<u32>> {
        self.shard.finish(1_000, &mut self.effects);
        std::mem::take(&mut self.effects)
    }

    fn ask(&mut self, channel: &str, request: Request<u32>) {
        let options = Arc::clone(&self.options);
        self.apply(Input::Request { channel: key(channel), options, request });
    }

    fn publish(&mut self, channel: &str, skip_history: bool) {
        self.ask(channel, Request::Publish { draft: draft(skip_history), reply: Some(0) });
    }

    fn subscribe(&mut self) {
        let subscriber = Subscriber { lane: LaneId(1), client: "client".into(), info: None };
        self.ask("a", Request::Subscribe { subscriber, recover: None, reply: 1 });
    }

    fn hear(&mut self, carried: Carried) -> Vec<Effect<u32>> {
        self.apply(Input::Carried { channel: key("a"), carried });
        self.finish()
    }

    /// The store says that the log ends at `last` and has these events.
    fn opened(&mut self, epoch: &str, last: u64, offsets: impl IntoIterator<Item = u64>) -> Vec<Effect<u32>> {
        let (epoch, last_seq) = (Epoch::new(epoch), last);
        let head = LogHead { epoch, last_offset: last, last_seq, first_offset: 1, version: None };
        let log = Some((head, offsets.into_iter().map(event).collect()));
        self.apply(Input::LogOpened { channel: key("a"), handle: ChannelHandle(1), log });
        self.finish()
    }

    fn committed(&mut self, outcome: CommitOutcome) -> Vec<Effect<u32>> {
        self.apply(Input::Committed { channel: key("a"), handle: ChannelHandle(1), outcome });
        self.finish()
    }
}

/// A durable channel with a subscriber, which ends at 2.
fn open() -> Bench {
    let mut bench = bench(with_history(true));
    bench.subscribe();
    bench.opened("log", 2, 1..=2);
    bench
}

fn told(effects: Vec<Effect<u32>>) -> Vec<Carried> {
    let carried = |effect| if let Effect::Carry { carried, .. } = effect { Some(*carried) } else { None };
    effects.into_iter().filter_map(carried).collect()
}

fn delivered(effects: &[Effect<u32>]) -> Vec<u64> {
    let offsets = |effect: &Effect<u32>| match effect {
        Effect::Deliver { delivery, .. } => delivery.publications.iter().map(|one| one.offset).collect(),
        _ => Vec::new(),
    };
    effects.iter().flat_map(offsets).collect()
}

fn is_read(effects: &[Effect<u32>]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::OpenLog { .. }))
}

fn is_over(effects: &[Effect<u32>]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Invalidate { .. }))
}

#[test]
fn a_channel_that_keeps_nothing_is_carried_though_nobody_listens_here() {
    let mut bench = bench(ChannelOptions::default());
    bench.publish("a", false);
    let told = told(bench.finish());
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].epoch, told[0].publications[0].offset), (&None, 0));
}

#[test]
fn what_has_yet_to_be_told_keeps_its_channel() {
    let mut bench = bench(ChannelOptions::default());
    bench.publish("a", false);
    // The shard is full: it would forget a channel that nothing is lost with.
    bench.publish("b", false);
    let is_told = |effect: &Effect<u32>| matches!(effect, Effect::Carry { channel, .. } if **channel.name() == *"a");
    assert!(bench.finish().iter().any(is_told));
}

#[test]
fn a_channel_that_keeps_nothing_delivers_at_once() {
    let mut bench = bench(ChannelOptions::default());
    bench.subscribe();
    bench.finish();
    let effects = bench.hear(Carried { epoch: None, ..carried("", [0, 0]) });
    assert_eq!(delivered(&effects), [0, 0]);
    assert!(told(effects).is_empty(), "what came from others is not carried on");
}

#[test]
fn a_stream_in_memory_has_one_writer() {
    let mut bench = bench(with_history(false));
    bench.subscribe();
    bench.publish("a", false);
    bench.publish("a", true);
    let told: Vec<_> = told(bench.finish()).into_iter().flat_map(|carried| carried.publications).collect();
    assert_eq!(told.iter().map(|publication| publication.offset).collect::<Vec<_>>(), [0]);
    assert_eq!(delivered(&bench.hear(carried("any", [2, 0]))), [0]);
    bench.publish("a", false);
    assert_eq!(delivered(&bench.finish()), [2]);
}

#[test]
fn a_change_of_a_key_is_nobody_elses() {
    let mut bench = bench(ChannelOptions::default());
    bench.subscribe();
    let keyed = Some(Arc::new(Keyed::default()));
    let publications = vec![Arc::new(Publication { keyed, ..Publication::default() })];
    assert_eq!(delivered(&bench.hear(Carried { publications, ..Carried::default() })), [0; 0]);
}

#[test]
fn what_is_not_in_memory_is_nobodys_concern() {
    let mut bench = bench(with_history(true));
    assert!(bench.hear(carried("log", [1])).is_empty());
    bench.apply(Input::Missed { channel: key("a") });
    assert!(bench.finish().is_empty());
}

#[test]
fn a_channel_is_followed_before_its_log_is_read() {
    let mut bench = bench(with_history(true));
    bench.subscribe();
    let effects = bench.finish();
    assert!(matches!(&effects[..], [Effect::Follow { is_followed: true, .. }, Effect::OpenLog { .. }]), "{effects:?}");
    // The store fails, and the channel is forgotten.
    bench.apply(Input::LogOpened { channel: key("a"), handle: ChannelHandle(1), log: None });
    let effects = bench.finish();
    assert!(matches!(&effects[..], [Effect::Reply { .. }, Effect::Follow { is_followed: false, .. }]), "{effects:?}");
}

#[test]
fn what_comes_next_is_taken_in_and_what_comes_again_is_not() {
    let mut bench = open();
    for (offsets, expected) in [(3..=4, vec![3, 4]), (3..=4, vec![]), (1..=2, vec![]), (4..=5, vec![5])] {
        let effects = bench.hear(carried("log", offsets));
        assert!(!is_read(&effects), "the store is not asked");
        assert_eq!(delivered(&effects), expected);
    }
}

#[test]
fn a_hole_is_filled_from_the_log() {
    let mut bench = open();
    let effects = bench.hear(carried("log", [4]));
    assert!(is_read(&effects) && delivered(&effects).is_empty());
    // What comes meanwhile waits.
    assert!(bench.hear(carried("log", [5])).is_empty());
    let effects = bench.opened("log", 4, 1..=4);
    assert_eq!(delivered(&effects), [3, 4, 5]);
    assert!(!is_read(&effects) && !is_over(&effects));
}

#[test]
fn whoever_leaves_while_the_log_is_read_is_gone() {
    let mut bench = open();
    bench.hear(carried("log", [4]));
    let subscriber = Subscriber { lane: LaneId(1), client: "client".into(), info: None };
    bench.ask("a", Request::Unsubscribe { subscriber, handle: ChannelHandle(1) });
    assert!(delivered(&bench.opened("log", 4, 1..=4)).is_empty());
}

#[test]
fn a_hole_that_is_too_wide_ends_the_channels_life() {
    let mut bench = open();
    bench.hear(carried("log", [500]));
    let effects = bench.opened("log", 500, 373..=500);
    assert!(is_over(&effects) && delivered(&effects).is_empty());
    assert!(matches!(effects[0], Effect::Lost { .. }), "the domain has missed it too");
}

#[test]
fn another_epoch_ends_the_channels_life_if_the_log_has_it() {
    let mut bench = open();
    assert!(is_read(&bench.hear(carried("former", [3]))));
    assert!(!is_over(&bench.opened("log", 2, 1..=2)), "it was an old tale");
    assert!(is_read(&bench.hear(carried("new", [3]))));
    assert!(is_over(&bench.opened("new", 3, 1..=3)));
}

#[test]
fn a_loss_that_is_reported_while_the_log_is_read_has_it_read_again() {
    let mut bench = open();
    bench.hear(carried("log", [4]));
    bench.apply(Input::Missed { channel: key("a") });
    assert!(is_read(&bench.opened("log", 4, 1..=4)));
}

#[test]
fn removed_history_is_removed_everywhere() {
    let mut bench = open();
    bench.ask("a", Request::RemoveHistory { reply: 2 });
    bench.finish();
    bench.apply(Input::Removed { channel: key("a"), handle: ChannelHandle(1), is_done: true });
    let word = told(bench.finish());
    assert_eq!(word, [carried("log", [])]);
    // What another node makes of it.
    let mut other = open();
    assert!(is_read(&other.hear(word[0].clone())));
    let head = LogHead { epoch: Epoch::new("log"), last_offset: 2, last_seq: 2, first_offset: 3, version: None };
    let log = Some((head, Vec::new()));
    other.apply(Input::LogOpened { channel: key("a"), handle: ChannelHandle(1), log });
    assert!(!is_over(&other.finish()));
    assert_eq!(other.shard.stats().publications_held, 0);
}

#[test]
fn others_look_at_a_log_that_is_deleted() {
    let mut bench = open();
    bench.ask("a", Request::Close { reply: 2 });
    assert_eq!(told(bench.finish()), [carried("log", [])]);
}

#[test]
fn whoever_waits_behind_a_deletion_is_answered() {
    let mut bench = open();
    bench.hear(carried("log", [4]));
    bench.ask("a", Request::Close { reply: 2 });
    bench.publish("a", false);
    let effects = bench.opened("log", 4, 1..=4);
    let is_refused = |effect: &Effect<u32>| matches!(effect, Effect::Reply { reply: Reply::Published(Err(_)), .. });
    assert!(effects.iter().any(is_refused), "{effects:?}");
}

#[test]
fn what_waits_is_bounded() {
    let mut bench = open();
    bench.publish("a", false);
    bench.finish();
    let last = 3 + HELD_MAX as u64;
    (3..=last).for_each(|offset| assert!(bench.hear(carried("log", [offset])).is_empty(), "an append is under way"));
    let effects = bench.committed(CommitOutcome::Rejected);
    assert!(is_read(&effects) && delivered(&effects).is_empty(), "the log has it, memory does not");
}

#[test]
fn whoever_loses_the_race_is_numbered_anew() {
    let mut bench = open();
    bench.publish("a", false);
    bench.finish();
    assert!(bench.hear(carried("log", [3])).is_empty());
    assert!(is_read(&bench.committed(CommitOutcome::Conflict)));
    let effects = bench.opened("log", 3, 1..=3);
    assert_eq!(delivered(&effects), [3]);
    let append = effects.iter().find_map(|effect| match effect {
        Effect::Append { expected_last_offset, records, .. } => Some((*expected_last_offset, records.len())),
        _ => None,
    });
    assert_eq!(append, Some((3, 1)));
    assert_eq!(delivered(&bench.committed(CommitOutcome::Appended)), [4]);
}

#[test]
fn a_race_that_others_win_goes_on() {
    let mut bench = open();
    bench.publish("a", false);
    bench.finish();
    for last in 3..100 {
        assert!(is_read(&bench.committed(CommitOutcome::Conflict)));
        assert_eq!(delivered(&bench.opened("log", last, last..=last)), [last]);
    }
}

#[test]
fn a_race_that_nobody_wins_comes_to_an_end() {
    let mut bench = open();
    bench.publish("a", false);
    bench.finish();
    let refusal = Err(Refusal::StoreUnavailable { outcome_known: true });
    for _ in 0..100 {
        let effects = bench.committed(CommitOutcome::Conflict);
        if is_over(&effects) {
            let is_refused = |effect: &Effect<u32>| matches!(effect, Effect::Reply { reply: Reply::Published(result), .. } if *result == refusal);
            return assert!(effects.iter().any(is_refused), "{effects:?}");
        }
        bench.opened("log", 2, 1..=2);
    }
    panic!("the store is asked for ever");
}
