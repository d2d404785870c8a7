use std::sync::Arc;

use bytes::Bytes;

use super::{KEY_BYTES_MAX, KeyMode, KeyedAnswer, KeyedChange, KeyedDraft, KeyedOptions, KeyedRequest, StateQuery};
use super::{Revision, StatePage, Suppressed};
use crate::effects::{Effect, Refusal, Reply, Subscribed};
use crate::input::{Draft, Input, Request, Subscriber};
use crate::shard::{Shard, ShardLimits};
use crate::stream::Since;
use crate::{ChannelKey, ChannelOptions, LaneId, Publication, TenantId};

const KEY_TTL_MS: i64 = 5_000;

struct Bench {
    shard: Shard<u32>,
    options: Arc<ChannelOptions>,
    now: i64,
}

fn bench(options: ChannelOptions) -> Bench {
    let mut epochs = 0_u64;
    let random = move || {
        epochs += 1;
        epochs
    };
    let shard = Shard::new(0, 1, ShardLimits::new(10), Box::new(random));
    Bench { shard, options: Arc::new(options), now: 1_000 }
}

fn ephemeral() -> ChannelOptions {
    let keyed = KeyedOptions { key_ttl_ms: KEY_TTL_MS, ..KeyedOptions::default() };
    ChannelOptions { keyed: Some(keyed), ..ChannelOptions::default() }
}

fn recoverable() -> ChannelOptions {
    ChannelOptions { history_size: 100, history_ttl_ms: 60_000, ..ephemeral() }
}

fn ordered() -> ChannelOptions {
    ChannelOptions { keyed: Some(KeyedOptions { ordered: true, ..KeyedOptions::default() }), ..recoverable() }
}

fn value(key: &str, data: &'static str) -> KeyedDraft {
    let draft = Draft { data: Bytes::from_static(data.as_bytes()), ..Draft::default() };
    KeyedDraft { key: key.into(), draft, ..KeyedDraft::default() }
}

fn removal(key: &str) -> KeyedRequest {
    KeyedRequest::Remove { key: key.into(), idempotency_key: None, expected: None, tags: None }
}

fn subscriber() -> Subscriber {
    Subscriber { lane: LaneId(1), client: "client".into(), info: None }
}

fn keys(publications: &[Arc<Publication>]) -> Vec<String> {
    let shown = |publication: &Arc<Publication>| {
        let keyed = publication.keyed.as_ref().unwrap();
        format!("{}{}", if keyed.removed { "-" } else { "" }, keyed.key)
    };
    publications.iter().map(shown).collect()
}

impl Bench {
    fn effects(&mut self, input: Input<u32>) -> Vec<Effect<u32>> {
        let mut effects = Vec::new();
        self.shard.apply(input, self.now, &mut effects);
        self.shard.finish(self.now, &mut effects);
        effects
    }

    fn ask_for_effects(&mut self, request: KeyedRequest) -> Vec<Effect<u32>> {
        let request = Request::Keyed { request: Box::new(request), reply: Some(0) };
        let channel = ChannelKey::new(TenantId::new("tenant"), "map");
        let options = Arc::clone(&self.options);
        self.effects(Input::Request { channel, options, request })
    }

    fn ask(&mut self, request: KeyedRequest) -> Option<Reply> {
        self.ask_for_effects(request).into_iter().find_map(|effect| match effect {
            Effect::Reply { reply, .. } => Some(reply),
            _ => None,
        })
    }

    fn change(&mut self, request: KeyedRequest) -> Result<KeyedChange, Refusal> {
        match self.ask(request) {
            Some(Reply::Keyed(result)) => result.map(|answer| match *answer {
                KeyedAnswer::Changed(change) => change,
                other => panic!("{other:?}"),
            }),
            other => panic!("{other:?}"),
        }
    }

    fn set(&mut self, wanted: KeyedDraft) -> Result<KeyedChange, Refusal> {
        self.change(KeyedRequest::Publish(Box::new(wanted)))
    }

    fn why(&mut self, wanted: KeyedDraft) -> Option<Suppressed> {
        self.set(wanted).unwrap().suppressed
    }

    fn state(&mut self, query: StateQuery) -> StatePage {
        match self.ask(KeyedRequest::State { query, key: None, revision: None }) {
            Some(Reply::Keyed(Ok(answer))) => match *answer {
                KeyedAnswer::State { page, .. } => page,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn all(&mut self) -> Vec<String> {
        keys(&self.state(StateQuery { limit: 1_000, ..StateQuery::default() }).entries)
    }

    fn page(&mut self, cursor: &str, limit: usize, revision: Option<Revision>) -> Result<StatePage, Box<Subscribed>> {
        let query = StateQuery { cursor: cursor.to_owned(), limit, ascending: false };
        match self.ask(KeyedRequest::Page { subscriber: subscriber(), query, revision, epoch: String::new() }) {
            Some(Reply::Keyed(Ok(answer))) => match *answer {
                KeyedAnswer::State { page, .. } => Ok(page),
                other => panic!("{other:?}"),
            },
            Some(Reply::Subscribed(Ok(subscribed))) => Err(subscribed),
            other => panic!("{other:?}"),
        }
    }

    fn catch_up(&mut self, offset: u64, epoch: &str, limit: Option<usize>) -> Option<Reply> {
        let since = Since { offset, epoch: epoch.to_owned() };
        self.ask(KeyedRequest::CatchUp { subscriber: subscriber(), since, limit, goal: None })
    }
}

fn is_refused(reply: Option<Reply>, refusal: Refusal) -> bool {
    matches!(reply, Some(Reply::Subscribed(Err(found))) if found == refusal)
}

#[test]
fn a_key_is_set_and_removed_and_both_are_numbered() {
    let mut bench = bench(recoverable());
    assert_eq!(bench.set(value("a", "1")).unwrap().offset, 1);
    assert_eq!(bench.set(value("b", "2")).unwrap().offset, 2);
    assert_eq!(bench.change(removal("a")).unwrap().offset, 3);
    assert_eq!(bench.all(), ["b"]);
    assert_eq!(bench.change(removal("a")).unwrap().suppressed, Some(Suppressed::KeyNotFound));
}

#[test]
fn key_modes_look_whether_the_key_is_there() {
    let mut bench = bench(ephemeral());
    let with = |mode| KeyedDraft { mode, ..value("a", "1") };
    assert_eq!(bench.why(with(KeyMode::IfExists)), Some(Suppressed::KeyNotFound));
    assert_eq!(bench.why(with(KeyMode::IfNew)), None);
    assert_eq!(bench.why(with(KeyMode::IfNew)), Some(Suppressed::KeyExists));
    assert_eq!(bench.why(with(KeyMode::IfExists)), None);
}

#[test]
fn old_versions_change_nothing_and_each_key_has_its_own() {
    let mut bench = bench(recoverable());
    let version = |key, version, epoch: &str| KeyedDraft { version: Some((version, epoch.into())), ..value(key, "1") };
    assert_eq!(bench.why(version("a", 5, "x")), None);
    assert_eq!(bench.why(version("a", 5, "x")), Some(Suppressed::Version));
    assert_eq!(bench.why(version("a", 4, "")), Some(Suppressed::Version));
    assert_eq!(bench.why(version("b", 4, "x")), None);
    assert_eq!(bench.why(version("a", 1, "y")), None);
    // A value without a version leaves the one that is known.
    assert_eq!(bench.why(value("a", "2")), None);
    assert_eq!(bench.why(version("a", 1, "y")), Some(Suppressed::Version));
}

#[test]
fn a_value_is_replaced_only_where_it_is_expected() {
    let mut bench = bench(recoverable());
    let first = bench.set(value("a", "1")).unwrap();
    let at = |offset| Some(Since { offset, epoch: first.epoch.as_str().to_owned() });
    let expecting = |offset| KeyedDraft { expected: at(offset), ..value("a", "2") };
    assert_eq!(bench.why(expecting(7)), Some(Suppressed::PositionMismatch));
    assert_eq!(bench.why(expecting(1)), None);
    assert_eq!(bench.why(expecting(1)), Some(Suppressed::PositionMismatch));
    let removal =
        |offset| KeyedRequest::Remove { key: "a".into(), idempotency_key: None, expected: at(offset), tags: None };
    assert_eq!(bench.change(removal(1)).unwrap().suppressed, Some(Suppressed::PositionMismatch));
    assert_eq!(bench.change(removal(2)).unwrap().suppressed, None);
}

#[test]
fn versions_and_expectations_need_a_stream() {
    let mut bench = bench(ephemeral());
    let version = KeyedDraft { version: Some((1, "".into())), ..value("a", "1") };
    assert_eq!(bench.set(version), Err(Refusal::BadRequest));
    let expected = Some(Since { offset: 0, epoch: String::new() });
    assert_eq!(bench.set(KeyedDraft { expected, ..value("a", "1") }), Err(Refusal::BadRequest));
}

#[test]
fn a_repeated_idempotency_key_changes_nothing() {
    let mut bench = bench(recoverable());
    let with_key = |data| {
        let mut wanted = value("a", data);
        wanted.draft.idempotency_key = Some("once".into());
        wanted
    };
    assert_eq!(bench.set(with_key("1")).unwrap().offset, 1);
    bench.set(value("b", "2")).unwrap();
    let repeat = bench.set(with_key("3")).unwrap();
    assert_eq!((repeat.offset, repeat.suppressed), (1, Some(Suppressed::Idempotency)));
}

#[test]
fn keys_have_bounds() {
    let keyed = KeyedOptions { keys_max: 2, ..KeyedOptions::default() };
    let mut bench = bench(ChannelOptions { keyed: Some(keyed), ..recoverable() });
    assert_eq!(bench.set(value("", "1")), Err(Refusal::BadRequest));
    assert_eq!(bench.set(value(&"k".repeat(KEY_BYTES_MAX + 1), "1")), Err(Refusal::BadRequest));
    for key in ["a", "b", "a"] {
        bench.set(value(key, "1")).unwrap();
    }
    assert_eq!(bench.set(value("c", "1")), Err(Refusal::TooManyKeys));
    bench.change(removal("a")).unwrap();
    assert!(bench.set(value("c", "1")).is_ok());
}

#[test]
fn an_expired_key_is_never_shown_and_published_as_removed() {
    let mut bench = bench(recoverable());
    bench.set(value("a", "1")).unwrap();
    bench.now += KEY_TTL_MS / 2;
    bench.set(value("b", "1")).unwrap();
    let refreshed = KeyedDraft { mode: KeyMode::IfNew, refreshes_ttl: true, ..value("b", "1") };
    bench.now += KEY_TTL_MS / 2;
    assert_eq!(bench.all(), ["b"]);
    assert_eq!(bench.why(refreshed), Some(Suppressed::KeyExists));
    bench.now += KEY_TTL_MS - 1;
    assert_eq!(bench.all(), ["b"]);
    let live = bench.page("", 100, None).expect_err("all fits on a page");
    assert_eq!(live.offset, 3);
    bench.now += 1;
    let removed = bench.effects(Input::Tick).into_iter().find_map(|effect| match effect {
        Effect::Deliver { delivery, .. } => Some(keys(&delivery.publications)),
        _ => None,
    });
    assert_eq!(removed, Some(vec!["-b".to_owned()]));
}

#[test]
fn what_is_held_does_not_expire_before_the_last_holder_has_gone() {
    let mut bench = bench(recoverable());
    let hold = |key: &str| KeyedRequest::Hold { key: key.into(), info: None };
    let release = |key: &str, removes| KeyedRequest::Release { key: key.into(), removes };
    for key in ["client", "user", "user"] {
        assert!(bench.ask(hold(key)).is_none());
    }
    bench.now += 10 * KEY_TTL_MS;
    bench.effects(Input::Tick);
    assert_eq!(bench.all(), ["client", "user"]);
    bench.ask(release("client", true));
    bench.ask(release("user", false));
    bench.now += 10 * KEY_TTL_MS;
    assert_eq!(bench.all(), ["user"]);
    bench.ask(release("user", false));
    assert_eq!(bench.all(), ["user"]);
    bench.now += KEY_TTL_MS;
    assert!(bench.all().is_empty());
}

#[test]
fn pages_are_in_the_order_of_keys_or_of_scores() {
    let mut by_key = bench(recoverable());
    let mut by_score = bench(ordered());
    for (key, score) in [("d", 1), ("a", 3), ("c", 3), ("b", -2)] {
        by_key.set(KeyedDraft { score, ..value(key, "1") }).unwrap();
        by_score.set(KeyedDraft { score, ..value(key, "1") }).unwrap();
    }
    let read = |bench: &mut Bench, ascending| {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        for _ in 0..3 {
            let page = bench.state(StateQuery { cursor, limit: 2, ascending });
            found.extend(keys(&page.entries));
            cursor = page.cursor;
            if cursor.is_empty() {
                break;
            }
        }
        found.concat()
    };
    assert_eq!(read(&mut by_key, false), "abcd");
    assert_eq!(read(&mut by_score, false), "cadb");
    assert_eq!(read(&mut by_score, true), "bdac");
    by_score.set(KeyedDraft { score: 9, ..value("b", "1") }).unwrap();
    assert_eq!(read(&mut by_score, false), "bcad");
}

#[test]
fn what_changes_behind_the_first_page_comes_as_a_change() {
    for options in [recoverable(), ephemeral()] {
        let mut bench = bench(options);
        for key in ["a", "b", "c", "d"] {
            bench.set(value(key, "1")).unwrap();
        }
        let first = bench.page("", 2, None).unwrap();
        assert_eq!(keys(&first.entries), ["a", "b"]);
        bench.set(value("a", "2")).unwrap();
        bench.change(removal("c")).unwrap();
        let revision = Revision { change: first.change, epoch: first.epoch.clone() };
        let live = bench.page(&first.cursor, 2, Some(revision)).expect_err("the last page goes live");
        assert_eq!(keys(&live.state.unwrap().entries), ["d"]);
        assert_eq!(keys(&live.recovery.unwrap().publications), ["a", "-c"]);
    }
}

#[test]
fn a_page_of_large_values_ends_early() {
    let mut bench = bench(recoverable());
    for key in ["a", "b", "c"] {
        let draft = Draft { data: Bytes::from(vec![b'7'; 300 * 1024]), ..Draft::default() };
        bench.set(KeyedDraft { key: key.into(), draft, ..KeyedDraft::default() }).unwrap();
    }
    let first = bench.state(StateQuery { limit: 100, ..StateQuery::default() });
    assert_eq!((keys(&first.entries), &*first.cursor), (vec!["a".to_owned(), "b".to_owned()], "b"));
    let rest = bench.state(StateQuery { cursor: first.cursor, limit: 100, ascending: false });
    assert_eq!((keys(&rest.entries), &*rest.cursor), (vec!["c".to_owned()], ""));
    let Some(Reply::Keyed(Ok(answer))) = bench.catch_up(0, first.epoch.as_str(), Some(100)) else { panic!("a page") };
    let KeyedAnswer::Changes(changes) = *answer else { panic!("{answer:?}") };
    assert_eq!((changes.publications.len(), changes.offset), (1, 1));
}

#[test]
fn pages_of_another_life_are_refused() {
    let mut bench = bench(ephemeral());
    let epoch = bench.set(value("a", "1")).unwrap().epoch;
    let page = |epoch: &str, revision| KeyedRequest::Page {
        subscriber: subscriber(),
        query: StateQuery { limit: 1, ..StateQuery::default() },
        revision,
        epoch: epoch.to_owned(),
    };
    assert!(is_refused(bench.ask(page("other", None)), Refusal::UnrecoverablePosition));
    let revision = Some(Revision { change: 1, epoch: crate::Epoch::new("other") });
    assert!(is_refused(bench.ask(page("", revision)), Refusal::UnrecoverablePosition));
    assert!(matches!(bench.ask(page(epoch.as_str(), None)), Some(Reply::Subscribed(Ok(_)))));
}

#[test]
fn a_subscriber_catches_up_page_by_page_or_begins_anew() {
    let mut bench = bench(ChannelOptions { history_size: 6, ..recoverable() });
    for key in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        bench.set(value(key, "1")).unwrap();
    }
    let epoch = bench.state(StateQuery::default()).epoch;
    let page = match bench.catch_up(2, epoch.as_str(), Some(3)) {
        Some(Reply::Keyed(Ok(answer))) => match *answer {
            KeyedAnswer::Changes(page) => page,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!((keys(&page.publications), page.offset, page.goal), (vec!["c".into(), "d".into(), "e".into()], 5, 8));
    let Some(Reply::Subscribed(Ok(live))) = bench.catch_up(5, epoch.as_str(), Some(3)) else { panic!() };
    assert_eq!(
        (keys(&live.recovery.unwrap().publications), live.offset),
        (vec!["f".into(), "g".into(), "h".into()], 8)
    );
    for (offset, epoch) in [(1, epoch.as_str()), (9, epoch.as_str()), (5, "other"), (0, "")] {
        assert!(
            is_refused(bench.catch_up(offset, epoch, Some(100)), Refusal::UnrecoverablePosition),
            "{offset} {epoch}"
        );
        assert!(is_refused(bench.catch_up(offset, epoch, None), Refusal::UnrecoverablePosition), "{offset} {epoch}");
    }
}

#[test]
fn whoever_has_missed_too_much_begins_anew() {
    let keyed = KeyedOptions { live_limit: 3, ..KeyedOptions::default() };
    let mut bench = bench(ChannelOptions { keyed: Some(keyed), ..recoverable() });
    for key in ["a", "b", "c", "d"] {
        bench.set(value(key, "1")).unwrap();
    }
    let epoch = bench.state(StateQuery::default()).epoch;
    assert!(is_refused(bench.catch_up(0, epoch.as_str(), None), Refusal::UnrecoverablePosition));
    assert!(matches!(bench.catch_up(1, epoch.as_str(), None), Some(Reply::Subscribed(Ok(_)))));
}

#[test]
fn a_channel_without_a_stream_has_none_to_catch_up_with() {
    let mut bench = bench(ephemeral());
    let epoch = bench.set(value("a", "1")).unwrap().epoch;
    assert!(is_refused(bench.catch_up(0, epoch.as_str(), Some(10)), Refusal::BadRequest));
}

#[test]
fn a_publication_brings_along_what_its_delta_is_made_against() {
    let mut bench = bench(recoverable());
    let with_delta = |data| {
        let mut wanted = value("a", data);
        wanted.draft.delta = true;
        wanted
    };
    bench.set(with_delta("1")).unwrap();
    bench.set(value("b", "2")).unwrap();
    bench.page("", 100, None).expect_err("all fits on a page");
    let effects = bench.ask_for_effects(KeyedRequest::Publish(Box::new(with_delta("3"))));
    let Some(Effect::Deliver { delivery, .. }) = effects.into_iter().next() else { panic!("delivered first") };
    let keyed = delivery.publications[0].keyed.clone().unwrap();
    assert_eq!(keyed.previous.as_deref(), Some(&b"1"[..]));
}

#[test]
fn a_channel_without_keys_refuses_them() {
    let mut bench = bench(ChannelOptions { keyed: None, ..recoverable() });
    assert!(matches!(bench.ask(removal("a")), Some(Reply::Keyed(Err(Refusal::NotAvailable)))));
}

#[test]
fn a_channel_whose_namespace_becomes_one_of_maps_is_made_anew() {
    let mut bench = bench(ChannelOptions { keyed: None, ..recoverable() });
    assert!(matches!(bench.ask(removal("a")), Some(Reply::Keyed(Err(Refusal::NotAvailable)))));
    bench.options = Arc::new(recoverable());
    assert!(bench.set(value("a", "1")).is_ok());
    bench.options = Arc::new(ChannelOptions { keyed: None, ..recoverable() });
    assert!(matches!(bench.ask(removal("a")), Some(Reply::Keyed(Err(Refusal::NotAvailable)))));
}

#[test]
fn an_empty_channel_is_forgotten_and_one_with_keys_is_not() {
    let mut bench = bench(ChannelOptions { keyed: Some(KeyedOptions::default()), ..ephemeral() });
    let epoch = bench.set(value("a", "1")).unwrap().epoch;
    bench.now += 1_000_000;
    bench.effects(Input::Tick);
    assert_eq!(bench.state(StateQuery::default()).epoch, epoch);
    bench.change(removal("a")).unwrap();
    bench.now += 1_000_000;
    bench.effects(Input::Tick);
    assert_ne!(bench.state(StateQuery::default()).epoch, epoch);
}
