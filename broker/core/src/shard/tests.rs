use std::sync::Arc;

use bytes::Bytes;

use super::{Shard, ShardLimits};
use crate::effects::{Delivery, Effect, Published, Refusal, Reply};
use crate::input::{Draft, Input, Request, Subscriber};
use crate::log::{CommitOutcome, LogHead};
use crate::reads::READS_MAX;
use crate::stream::{HistoryQuery, Since};
use crate::{ChannelHandle, ChannelKey, ChannelOptions, Epoch, LaneId, MESSAGE, Publication, TenantId};

const TTL_MS: i64 = 10_000;

struct Bench {
    shard: Shard<u32>,
    options: ChannelOptions,
    now: i64,
    effects: Vec<Effect<u32>>,
}

fn bench(options: ChannelOptions, channels_max: usize) -> Bench {
    let mut epochs = 0_u64;
    let random = move || {
        epochs += 1;
        epochs
    };
    let shard = Shard::new(0, 1, ShardLimits { channels_max }, Box::new(random));
    Bench { shard, options, now: 1_000, effects: Vec::new() }
}

fn with_history() -> ChannelOptions {
    ChannelOptions { history_size: 1_000, history_ttl_ms: TTL_MS, presence: true, ..ChannelOptions::default() }
}

fn durable() -> ChannelOptions {
    ChannelOptions { durable: true, ..with_history() }
}

fn key(name: &str) -> ChannelKey {
    ChannelKey::new(TenantId::new("tenant"), name)
}

fn draft(text: &'static str) -> Draft {
    Draft { data: Bytes::from_static(text.as_bytes()), ..Draft::default() }
}

fn subscriber(client: &str) -> Subscriber {
    Subscriber { lane: LaneId(1), client: client.into(), info: None }
}

fn stored(offset: u64, time_ms: i64) -> Arc<Publication> {
    let data = Bytes::from_static(b"stored");
    Arc::new(Publication {
        offset,
        seq: offset,
        kind: MESSAGE,
        time_ms,
        data,
        info: None,
        tags: None,
        delta: false,
        keyed: None,
    })
}

impl Bench {
    fn ask(&mut self, channel: &str, request: Request<u32>) {
        let options = Arc::new(self.options.clone());
        self.apply(Input::Request { channel: key(channel), options, request });
    }

    fn apply(&mut self, input: Input<u32>) {
        self.shard.apply(input, self.now, &mut self.effects);
    }

    fn publish(&mut self, channel: &str, draft: Draft) {
        self.ask(channel, Request::Publish { draft, reply: Some(0) });
    }

    fn subscribe(&mut self, channel: &str) {
        self.ask(channel, Request::Subscribe { subscriber: subscriber("client"), recover: None, reply: 0 });
    }

    fn history(&mut self, channel: &str, limit: usize) {
        let query = HistoryQuery { limit, ..HistoryQuery::default() };
        self.ask(channel, Request::History { query, reply: 0 });
    }

    fn finish(&mut self) -> Vec<Effect<u32>> {
        self.shard.finish(self.now, &mut self.effects);
        std::mem::take(&mut self.effects)
    }

    fn replies(&mut self) -> Vec<Reply> {
        let reply = |effect| match effect {
            Effect::Reply { reply, .. } => Some(reply),
            _ => None,
        };
        self.finish().into_iter().filter_map(reply).collect()
    }

    fn published(&mut self) -> Vec<Result<Published, Refusal>> {
        let result = |reply| match reply {
            Reply::Published(result) => result,
            other => panic!("{other:?}"),
        };
        self.replies().into_iter().map(result).collect()
    }

    fn deliveries(&mut self) -> Vec<Delivery> {
        let delivery = |effect| match effect {
            Effect::Deliver { delivery, .. } => Some(delivery),
            _ => None,
        };
        self.finish().into_iter().filter_map(delivery).collect()
    }

    /// Publishes each text in a batch of its own and returns what each delivery's delta is made against.
    fn bases(&mut self, drafts: Vec<Draft>) -> Vec<Option<Bytes>> {
        let base = |bench: &mut Self, draft| {
            bench.publish("a", draft);
            let delivery = bench.deliveries().pop().expect("someone is subscribed");
            delivery.previous.map(|previous| previous.data.clone())
        };
        drafts.into_iter().map(|draft| base(self, draft)).collect()
    }

    /// Opens the log of a channel which is asked for its position first.
    fn open(&mut self, last_offset: u64, newest: Vec<Arc<Publication>>) {
        self.history("a", 0);
        let head = LogHead { epoch: Epoch::new("stored"), last_offset, last_seq: last_offset, first_offset: 1 };
        self.apply(Input::LogOpened { channel: key("a"), handle: ChannelHandle(1), log: Some((head, newest)) });
        self.effects.clear();
    }
}

#[test]
fn idle_channels_make_room() {
    let mut bench = bench(ChannelOptions { presence: true, ..ChannelOptions::default() }, 2);
    bench.publish("a", draft("x"));
    bench.subscribe("b");
    bench.subscribe("c");
    assert_eq!(bench.shard.stats().channels_active, 2);
    assert_eq!(bench.shard.stats().channels_idle, 0);
}

#[test]
fn a_crowded_shard_refuses_new_channels_until_time_passes() {
    let mut bench = bench(with_history(), 2);
    bench.publish("a", draft("x"));
    bench.publish("b", draft("x"));
    bench.finish();
    bench.publish("c", draft("x"));
    assert_eq!(bench.published(), vec![Err(Refusal::TooManyChannels)]);
    bench.now += TTL_MS;
    bench.apply(Input::Tick);
    bench.publish("c", draft("x"));
    assert!(bench.published()[0].is_ok(), "channels whose history has expired are let go of");
}

#[test]
fn channels_in_use_are_never_let_go_of() {
    let mut bench = bench(with_history(), 1);
    bench.subscribe("a");
    bench.now += with_history().history_meta_ttl_ms + 1;
    bench.apply(Input::Tick);
    bench.publish("b", draft("x"));
    bench.effects.retain(|effect| matches!(effect, Effect::Reply { reply: Reply::Published(_), .. }));
    assert_eq!(bench.published(), vec![Err(Refusal::TooManyChannels)]);
}

#[test]
fn a_full_channel_refuses_subscribers_until_one_leaves() {
    let mut bench = bench(ChannelOptions { subscribers_max: 1, ..ChannelOptions::default() }, 2);
    bench.subscribe("a");
    bench.subscribe("a");
    let replies = bench.replies();
    let [Reply::Subscribed(Ok(first)), Reply::Subscribed(Err(Refusal::TooManySubscribers))] = &replies[..] else {
        panic!("{replies:?}");
    };
    bench.ask("a", Request::Unsubscribe { subscriber: first.subscriber.clone(), handle: first.handle });
    bench.subscribe("a");
    assert!(matches!(bench.replies()[..], [Reply::Subscribed(Ok(_))]));
}

#[test]
fn asking_who_is_present_makes_no_channel() {
    let mut bench = bench(durable(), 1);
    bench.ask("a", Request::Presence { reply: 0 });
    bench.ask("b", Request::PresenceStats { reply: 0 });
    bench.options.presence = false;
    bench.ask("c", Request::Presence { reply: 0 });
    let replies = bench.replies();
    assert!(matches!(
        &replies[..],
        [
            Reply::Presence(Ok(members)),
            Reply::PresenceStats(Ok(_)),
            Reply::Presence(Err(Refusal::NotAvailable))
        ] if members.is_empty()
    ));
    assert_eq!(bench.shard.stats().channels_idle, 0);
}

#[test]
fn departures_of_an_earlier_life_do_not_wait_for_the_log() {
    let mut bench = bench(durable(), 9);
    bench.subscribe("a");
    bench.ask("a", Request::Unsubscribe { subscriber: subscriber("earlier"), handle: ChannelHandle(0) });
    let head = LogHead { epoch: Epoch::new("stored"), last_offset: 0, last_seq: 0, first_offset: 1 };
    bench.apply(Input::LogOpened { channel: key("a"), handle: ChannelHandle(1), log: Some((head, Vec::new())) });
    assert_eq!(bench.shard.active_channels().map(|(_, count)| count).collect::<Vec<_>>(), vec![1]);
}

#[test]
fn departures_of_an_earlier_life_leave_this_one_alone() {
    let mut bench = bench(ChannelOptions::default(), 9);
    bench.subscribe("a");
    bench.ask("a", Request::Unsubscribe { subscriber: subscriber("earlier"), handle: ChannelHandle(7) });
    assert_eq!(bench.shard.active_channels().map(|(_, count)| count).collect::<Vec<_>>(), vec![1]);
}

#[test]
fn too_many_requests_for_an_opening_log_are_refused() {
    let mut bench = bench(durable(), 9);
    for _ in 0..4_097 {
        bench.publish("a", draft("x"));
    }
    assert_eq!(bench.published(), vec![Err(Refusal::Busy)]);
}

#[test]
fn a_log_is_opened_once() {
    let mut bench = bench(durable(), 9);
    bench.open(3, vec![stored(3, 1_000)]);
    bench.open(1, vec![stored(1, 1_000)]);
    bench.history("a", 0);
    let replies = bench.replies();
    assert!(matches!(&replies[..], [Reply::History(Ok(page))] if page.offset == 3), "{replies:?}");
}

#[test]
fn events_that_do_not_end_the_log_are_not_held() {
    for newest in [vec![stored(2, 1_000)], vec![stored(1, 1_000), stored(3, 1_000)], vec![stored(u64::MAX, 0)]] {
        let mut bench = bench(durable(), 9);
        bench.open(3, newest);
        bench.history("a", 1);
        let effects = bench.finish();
        assert!(matches!(effects[..], [Effect::Read { first: 1, last: 1, .. }]), "{effects:?}");
    }
}

#[test]
fn a_log_that_begins_with_events_that_are_no_messages_opens() {
    let mut bench = bench(durable(), 9);
    let event = Publication { seq: 0, ..(*stored(1, 1_000)).clone() };
    bench.open(1, vec![Arc::new(event)]);
    bench.history("a", 1);
    assert!(matches!(&bench.replies()[..], [Reply::History(Ok(page))] if page.publications.len() == 1));
}

#[test]
fn reads_beyond_the_bound_are_refused() {
    let mut bench = bench(durable(), 9);
    bench.open(900, vec![stored(900, 1_000)]);
    for _ in 0..=READS_MAX {
        bench.history("a", 1);
    }
    let replies = bench.replies();
    assert!(matches!(replies[..], [Reply::History(Err(Refusal::Busy))]), "{replies:?}");
    bench.apply(Input::ReadDone { ticket: 0, publications: Some(vec![stored(1, 1_000)]) });
    bench.history("a", 1);
    assert!(matches!(bench.replies()[..], [Reply::History(Ok(_))]), "and there is room again");
}

#[test]
fn a_read_that_is_answered_twice_or_never_asked_is_ignored() {
    let mut bench = bench(durable(), 9);
    bench.open(900, vec![stored(900, 1_000)]);
    bench.history("a", 1);
    for _ in 0..2 {
        bench.apply(Input::ReadDone { ticket: 0, publications: Some(vec![stored(1, 1_000)]) });
    }
    bench.apply(Input::ReadDone { ticket: 77, publications: None });
    assert_eq!(bench.replies().len(), 1);
}

#[test]
fn a_repeat_that_is_none_of_the_batch_is_a_rejection() {
    let mut bench = bench(durable(), 9);
    bench.open(0, Vec::new());
    bench.publish("a", draft("x"));
    bench.finish();
    let position = crate::Position { offset: 1, epoch: Epoch::new("stored") };
    let outcome = CommitOutcome::Duplicate { index: 1, position };
    bench.apply(Input::Committed { channel: key("a"), handle: ChannelHandle(1), outcome });
    assert_eq!(bench.published(), vec![Err(Refusal::StoreUnavailable { outcome_known: true })]);
}

#[test]
fn deltas_are_made_against_what_subscribers_got_last() {
    let mut bench = bench(with_history(), 9);
    bench.publish("a", draft("1"));
    bench.subscribe("a");
    bench.finish();
    let around = Draft { skip_history: true, ..draft("around") };
    let bases = bench.bases(vec![draft("2"), draft("3"), around, draft("4"), draft("5")]);
    let text = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
    assert_eq!(bases, vec![text("1"), text("2"), None, None, text("4")]);
}

#[test]
fn a_run_of_deliveries_has_the_base_of_its_first() {
    let mut bench = bench(with_history(), 9);
    bench.subscribe("a");
    bench.publish("a", draft("1"));
    bench.finish();
    for text in ["2", "3"] {
        bench.publish("a", draft(text));
    }
    let deliveries = bench.deliveries();
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].publications.len(), 2);
    assert_eq!(deliveries[0].previous.as_ref().map(|previous| previous.offset), Some(1));
}

#[test]
fn removed_history_is_no_base() {
    let mut bench = bench(with_history(), 9);
    bench.subscribe("a");
    bench.publish("a", draft("1"));
    bench.ask("a", Request::RemoveHistory { reply: 0 });
    bench.finish();
    assert_eq!(bench.bases(vec![draft("2")]), vec![None]);
}

#[test]
fn deliveries_name_the_log_if_there_is_one() {
    let mut bench = bench(ChannelOptions::default(), 9);
    bench.subscribe("a");
    bench.publish("a", draft("1"));
    assert_eq!(bench.deliveries()[0].epoch, None);
    bench.options = with_history();
    bench.publish("a", draft("2"));
    let deliveries = bench.deliveries();
    assert!(deliveries[0].epoch.is_some(), "history was turned on under the subscriber");
    assert_eq!(deliveries[0].publications[0].offset, 1);
}

#[test]
fn history_that_is_turned_off_is_not_available() {
    let mut bench = bench(with_history(), 9);
    bench.publish("a", draft("1"));
    bench.finish();
    bench.options.history_size = 0;
    bench.history("a", 1);
    bench.publish("a", draft("2"));
    bench.ask("a", Request::RemoveHistory { reply: 0 });
    let replies = bench.replies();
    assert!(matches!(
        &replies[..],
        [
            Reply::History(Err(Refusal::NotAvailable)),
            Reply::HistoryRemoved(Err(Refusal::NotAvailable)),
            Reply::Published(Ok(Published { offset: 2, .. })),
        ]
    ));
    assert_eq!(bench.shard.stats().publications_held, 0);
}

#[test]
fn whoever_gives_a_subscription_back_changes_no_options() {
    let mut bench = bench(with_history(), 9);
    bench.publish("a", draft("1"));
    bench.subscribe("a");
    bench.finish();
    let request = Request::Unsubscribe { subscriber: subscriber("client"), handle: ChannelHandle(1) };
    bench.apply(Input::Request { channel: key("a"), options: Arc::default(), request });
    bench.apply(Input::Tick);
    let recover = Some(Since { offset: 0, epoch: String::new() });
    bench.ask("a", Request::Subscribe { subscriber: subscriber("client"), recover, reply: 0 });
    let replies = bench.replies();
    assert!(matches!(&replies[..], [Reply::Subscribed(Ok(it))] if it.recovery.as_ref().is_some_and(|it| it.recovered)));
}

#[test]
fn what_expires_is_trimmed_though_nobody_publishes() {
    let mut bench = bench(durable(), 9);
    bench.open(900, vec![stored(899, 1_000), stored(900, 2_000)]);
    bench.subscribe("a");
    bench.now = 1_000 + TTL_MS;
    bench.apply(Input::Tick);
    bench.now += 60_000;
    bench.apply(Input::Tick);
    let effects = bench.finish();
    let is_trim = |effect: &Effect<u32>| matches!(effect, Effect::Trim { first_offset: 901, .. });
    assert!(effects.iter().any(is_trim), "{effects:?}");
}

#[test]
fn what_expires_beyond_memory_is_found_and_trimmed() {
    let mut bench = bench(ChannelOptions { history_ttl_ms: 100_000, ..durable() }, 9);
    let published_ms = |offset: u64| offset as i64 * 1_000;
    bench.now = published_ms(500) + 100_000;
    bench.open(900, vec![stored(900, published_ms(900))]);
    bench.subscribe("a");
    bench.finish();
    bench.apply(Input::Tick);
    let mut reads = 0;
    while let Some(Effect::Read { ticket, first, .. }) = bench.finish().first() {
        bench
            .apply(Input::ReadDone { ticket: *ticket, publications: Some(vec![stored(*first, published_ms(*first))]) });
        reads += 1;
        assert!(reads < 15, "a search is short");
    }
    bench.now += 60_000;
    bench.apply(Input::Tick);
    let effects = bench.finish();
    assert!(matches!(effects[0], Effect::Trim { first_offset: 501, .. }), "{effects:?}");
}

#[test]
fn a_page_begins_with_what_has_not_expired() {
    let mut bench = bench(durable(), 9);
    bench.now = 5_000 + TTL_MS;
    bench.open(900, vec![stored(900, 9_000)]);
    bench.history("a", 3);
    let page = (0..20).find_map(|_| {
        let effect = bench.finish().into_iter().next()?;
        match effect {
            Effect::Read { ticket, first, last, .. } => {
                let publications = Some((first..=last).map(|offset| stored(offset, offset as i64 * 10)).collect());
                bench.apply(Input::ReadDone { ticket, publications });
                None
            }
            Effect::Reply { reply: Reply::History(page), .. } => Some(page.expect("the store answers")),
            other => panic!("{other:?}"),
        }
    });
    let offsets: Vec<u64> =
        page.expect("it is answered").publications.iter().map(|publication| publication.offset).collect();
    assert_eq!(offsets, vec![501, 502, 503]);
}

#[test]
fn events_that_are_no_messages_take_an_offset_and_leave_the_number() {
    let mut bench = bench(ChannelOptions { observed: true, ..durable() }, 10);
    bench.open(0, Vec::new());
    for kind in [MESSAGE, 5, 5, MESSAGE] {
        bench.publish("a", Draft { kind, ..draft("x") });
    }
    let appended = bench.finish().into_iter().find_map(|effect| match effect {
        Effect::Append { records, .. } => Some(records),
        _ => None,
    });
    let numbers: Vec<_> = appended
        .expect("one append")
        .iter()
        .map(|record| (record.publication.offset, record.publication.seq, record.publication.kind))
        .collect();
    assert_eq!(numbers, [(1, 1, MESSAGE), (2, 1, 5), (3, 1, 5), (4, 2, MESSAGE)]);
}

#[test]
fn the_observer_is_told_of_a_commit_before_anyone_is_answered() {
    let mut bench = bench(ChannelOptions { observed: true, ..durable() }, 10);
    bench.open(0, Vec::new());
    bench.subscribe("a");
    bench.publish("a", draft("x"));
    bench.finish();
    bench.apply(Input::Committed { channel: key("a"), handle: ChannelHandle(1), outcome: CommitOutcome::Appended });
    let order: Vec<_> = bench
        .finish()
        .iter()
        .map(|effect| match effect {
            Effect::Committed { publications, .. } => format!("committed {}", publications.len()),
            Effect::Deliver { .. } => "delivered".to_owned(),
            Effect::Reply { .. } => "answered".to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(order, ["committed 1", "delivered", "answered"]);
}

#[test]
fn a_log_that_is_kept_is_never_trimmed() {
    let options = ChannelOptions { history_size: 1, keeps_log: true, ..durable() };
    let mut bench = bench(options, 10);
    bench.open(10_000, vec![stored(10_000, 0)]);
    bench.now += 10 * TTL_MS;
    bench.apply(Input::Tick);
    let effects = bench.finish();
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Trim { .. })), "{effects:?}");
}

#[test]
fn a_closed_channel_refuses_who_waits_and_begins_a_new_life() {
    let mut bench = bench(durable(), 10);
    bench.open(3, vec![stored(3, 1_000)]);
    bench.subscribe("a");
    bench.publish("a", draft("x"));
    bench.finish();
    bench.ask("a", Request::Close { reply: 9 });
    let effects = bench.finish();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Invalidate { .. })), "subscribers are told");
    let refused = |effect: &Effect<u32>| matches!(effect, Effect::Reply { reply: Reply::Published(Err(_)), .. });
    assert!(effects.iter().any(refused), "{effects:?}");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Reply { to: 9, .. })));
    bench.publish("a", draft("y"));
    let effects = bench.finish();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::OpenLog { .. })), "{effects:?}");
}
