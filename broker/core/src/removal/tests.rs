use std::sync::Arc;

use bytes::Bytes;

use crate::effects::{Effect, Refusal, Reply};
use crate::input::{Draft, Input, Request};
use crate::log::{CommitOutcome, LogHead};
use crate::shard::{Shard, ShardLimits};
use crate::stream::HistoryQuery;
use crate::{ChannelHandle, ChannelKey, ChannelOptions, Epoch, TenantId};

const HANDLE: ChannelHandle = ChannelHandle(1);

struct Bench {
    shard: Shard<&'static str>,
    options: Arc<ChannelOptions>,
}

fn key() -> ChannelKey {
    ChannelKey::new(TenantId::new("tenant"), "channel")
}

impl Bench {
    /// A channel whose log is being opened for a removal.
    fn cold() -> (Self, Vec<String>) {
        let durable = ChannelOptions { history_size: 10, history_ttl_ms: 10_000, durable: true, ..Default::default() };
        let shard = Shard::new(0, 1, ShardLimits::new(9), Box::new(|| 7));
        let mut bench = Self { shard, options: Arc::new(durable) };
        let seen = bench.ask(Request::RemoveHistory { reply: "removal" });
        (bench, seen)
    }

    /// One whose log is open and has three events.
    fn open() -> Self {
        let (mut bench, _) = Self::cold();
        bench.opened();
        bench.apply(Input::Removed { channel: key(), handle: HANDLE, is_done: false });
        bench
    }

    fn opened(&mut self) -> Vec<String> {
        let head = LogHead { epoch: Epoch::new("e"), last_offset: 3, last_seq: 3, first_offset: 1, version: None };
        self.apply(Input::LogOpened { channel: key(), handle: HANDLE, log: Some((head, Vec::new())) })
    }

    fn ask(&mut self, request: Request<&'static str>) -> Vec<String> {
        let options = Arc::clone(&self.options);
        self.apply(Input::Request { channel: key(), options, request })
    }

    fn publish(&mut self, reply: &'static str) -> Vec<String> {
        let draft = Draft { data: Bytes::from_static(b"x"), ..Draft::default() };
        self.ask(Request::Publish { draft, reply: Some(reply) })
    }

    fn remove(&mut self, reply: &'static str) -> Vec<String> {
        self.ask(Request::RemoveHistory { reply })
    }

    fn committed(&mut self) -> Vec<String> {
        self.apply(Input::Committed { channel: key(), handle: HANDLE, outcome: CommitOutcome::Appended })
    }

    fn removed(&mut self, is_done: bool) -> Vec<String> {
        self.apply(Input::Removed { channel: key(), handle: HANDLE, is_done })
    }

    /// A batch of one input, and what comes of it.
    fn apply(&mut self, input: Input<&'static str>) -> Vec<String> {
        let mut effects = Vec::new();
        self.shard.apply(input, 1_000, &mut effects);
        self.shard.finish(1_000, &mut effects);
        effects.into_iter().map(show).collect()
    }

    fn kept(&mut self) -> Vec<String> {
        let query = HistoryQuery { limit: 10, ..HistoryQuery::default() };
        self.ask(Request::History { query, reply: "history" })
    }
}

fn show(effect: Effect<&'static str>) -> String {
    match effect {
        Effect::OpenLog { .. } => "open".to_owned(),
        Effect::Append { expected_last_offset, records, .. } => {
            format!("append {} at {expected_last_offset}", records.len())
        }
        Effect::Remove { first_offset, .. } => format!("remove below {first_offset}"),
        Effect::Read { first, last, .. } => format!("read {first}..={last}"),
        Effect::Reply { to, reply: Reply::HistoryRemoved(Ok(())) } => format!("{to}: done"),
        Effect::Reply { to, reply: Reply::HistoryRemoved(Err(refusal)) } => format!("{to}: {refusal}"),
        Effect::Reply { to, reply: Reply::Published(Ok(published)) } => format!("{to}: {}", published.offset),
        Effect::Reply { to, reply: Reply::History(Ok(page)) } => format!("{to}: {} kept", page.publications.len()),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_channel_that_is_not_loaded_is_opened_first() {
    let (mut bench, seen) = Bench::cold();
    assert_eq!(seen, ["open"]);
    assert_eq!(bench.opened(), ["remove below 4"]);
    assert_eq!(bench.removed(true), ["removal: done"]);
    assert_eq!(bench.kept(), ["history: 0 kept"]);
}

#[test]
fn nobody_is_answered_before_the_store() {
    let mut bench = Bench::open();
    assert_eq!(bench.remove("removal"), ["remove below 4"]);
    assert_eq!(bench.kept(), ["read 1..=3"], "until then it is all there");
    assert_eq!(bench.removed(true), ["removal: done"]);
}

#[test]
fn a_failure_of_the_store_is_an_error_and_forgets_nothing() {
    let mut bench = Bench::open();
    bench.remove("removal");
    assert_eq!(bench.removed(false), ["removal: the store is not available"]);
    assert_eq!(bench.kept(), ["read 1..=3"]);
}

#[test]
fn a_removal_has_its_turn_among_the_publications() {
    let mut bench = Bench::open();
    assert_eq!(bench.publish("one"), ["append 1 at 3"]);
    for step in 0..4 {
        let queued = if step % 2 == 0 { bench.publish("later") } else { bench.remove("removal") };
        assert!(queued.is_empty(), "{queued:?}");
    }
    assert_eq!(bench.committed(), ["one: 4", "append 1 at 4"]);
    assert_eq!(bench.committed(), ["later: 5", "remove below 6"]);
    assert_eq!(bench.publish("last"), [""; 0]);
    assert_eq!(bench.removed(true), ["removal: done", "append 1 at 5"]);
    assert_eq!(bench.committed(), ["later: 6", "remove below 7"]);
    assert_eq!(bench.removed(true), ["removal: done", "append 1 at 6"]);
    assert_eq!(bench.committed(), ["last: 7"]);
    assert_eq!(bench.kept(), ["history: 1 kept"]);
}

#[test]
fn removals_in_a_row_are_one() {
    let mut bench = Bench::open();
    bench.publish("one");
    bench.remove("first");
    bench.remove("second");
    assert_eq!(bench.committed(), ["one: 4", "remove below 5"]);
    assert_eq!(bench.removed(true), ["first: done", "second: done"]);
}

#[test]
fn a_channel_whose_life_ends_owes_nothing() {
    let mut bench = Bench::open();
    bench.remove("under way");
    bench.publish("one");
    bench.remove("queued");
    let answers = bench.ask(Request::Close { reply: "closed" });
    assert_eq!(answers.len(), 4, "{answers:?}");
    assert_eq!(answers[3], "closed: done");
    assert!(bench.removed(true).is_empty(), "an answer to an earlier life");
}

#[test]
fn a_log_that_is_kept_for_a_domain_is_not_emptied() {
    let mut bench = Bench::open();
    bench.options = Arc::new(ChannelOptions { keeps_log: true, ..(*bench.options).clone() });
    assert_eq!(bench.remove("removal"), [format!("removal: {}", Refusal::NotAvailable)]);
}
