//! Subscribers that read a map page by page while it changes, catch up and go live have what the map has.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use natter_core::{
    ChannelHandle, ChannelKey, ChannelOptions, Draft, Effect, Input, Keyed, KeyedAnswer, KeyedDraft, KeyedOptions,
    KeyedRequest, LaneId, Publication, Refusal, Reply, Request, Revision, Shard, ShardLimits, Since, StateQuery,
    Subscribed, Subscriber, TenantId,
};
use proptest::collection::vec;
use proptest::prelude::*;

const TTL_MS: i64 = 3_000;

#[derive(Clone, Debug)]
enum Op {
    Set {
        key: u8,
        score: i8,
    },
    Remove {
        key: u8,
    },
    Wait {
        ms: i64,
    },
    /// The client takes its next step.
    Step {
        limit: usize,
    },
    /// The client loses its connection.
    Drop,
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0_u8..12, -3_i8..3).prop_map(|(key, score)| Op::Set { key, score }),
        3 => (0_u8..12).prop_map(|key| Op::Remove { key }),
        1 => (1_i64..2_000).prop_map(|ms| Op::Wait { ms }),
        4 => (1_usize..5).prop_map(|limit| Op::Step { limit }),
        1 => Just(Op::Drop),
        1 => Just(Op::Clear),
    ]
}

/// Where a client stands.
enum Phase {
    Away,
    Reading { cursor: String, revision: Revision },
    CatchingUp { goal: Option<u64> },
    Live(ChannelHandle),
}

struct World {
    shard: Shard<()>,
    options: Arc<ChannelOptions>,
    now: i64,
    written: u32,
    phase: Phase,
    /// What the client believes.
    view: BTreeMap<String, Bytes>,
    position: Option<(u64, String)>,
    ascending: bool,
}

fn key() -> ChannelKey {
    ChannelKey::new(TenantId::new("tenant"), "map")
}

fn keyed_of(publication: &Publication) -> &Keyed {
    publication.keyed.as_deref().expect("every publication has a key")
}

fn subscriber() -> Subscriber {
    Subscriber { lane: LaneId(0), client: "client".into(), info: None }
}

impl World {
    fn new(options: ChannelOptions, ascending: bool) -> Self {
        let mut epochs = 0_u64;
        let random = move || {
            epochs += 1;
            epochs
        };
        let shard = Shard::new(0, 1, ShardLimits::new(10), Box::new(random));
        let (view, phase) = (BTreeMap::new(), Phase::Away);
        Self { shard, options: Arc::new(options), now: 1, written: 0, phase, view, position: None, ascending }
    }

    fn apply(&mut self, input: Input<()>) -> Option<Reply> {
        let mut effects = Vec::new();
        self.shard.apply(input, self.now, &mut effects);
        self.shard.finish(self.now, &mut effects);
        let mut answer = None;
        for effect in effects {
            match effect {
                Effect::Reply { reply: Reply::Subscribed(Ok(subscribed)), .. } => self.go_live(*subscribed),
                Effect::Reply { reply, .. } => answer = Some(reply),
                Effect::Deliver { delivery, .. } => {
                    if matches!(self.phase, Phase::Live(handle) if handle == delivery.channel) {
                        self.changed(&delivery.publications);
                    }
                }
                Effect::Invalidate { .. } => self.phase = Phase::Away,
                other => panic!("{other:?}"),
            }
        }
        answer
    }

    fn request(&mut self, request: Request<()>) -> Option<Reply> {
        let options = Arc::clone(&self.options);
        self.apply(Input::Request { channel: key(), options, request })
    }

    fn ask(&mut self, request: KeyedRequest) -> Option<Reply> {
        self.request(Request::Keyed { request: Box::new(request), reply: Some(()) })
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Set { key, score } => {
                self.written += 1;
                let data = Bytes::from(self.written.to_string());
                let draft = Draft { data, ..Draft::default() };
                let wanted =
                    KeyedDraft { key: format!("k{key}").into(), draft, score: score.into(), ..KeyedDraft::default() };
                self.ask(KeyedRequest::Publish(Box::new(wanted)));
            }
            Op::Remove { key } => {
                let key = format!("k{key}").into();
                self.ask(KeyedRequest::Remove { key, idempotency_key: None, expected: None, tags: None });
            }
            Op::Wait { ms } => {
                self.now += ms;
                self.apply(Input::Tick);
            }
            Op::Step { limit } => self.step(limit),
            Op::Drop => self.leave(),
            Op::Clear => {
                self.request(Request::Close { reply: () });
            }
        }
    }

    fn leave(&mut self) {
        if let Phase::Live(handle) = self.phase {
            self.request(Request::Unsubscribe { subscriber: subscriber(), handle });
        }
        if !matches!(self.phase, Phase::Live(_)) {
            self.position = None;
        }
        self.phase = Phase::Away;
    }

    fn step(&mut self, limit: usize) {
        let request = match &self.phase {
            Phase::Live(_) => return,
            Phase::Away if self.position.is_none() => self.page(String::new(), None, limit),
            Phase::Away => {
                self.phase = Phase::CatchingUp { goal: None };
                return self.step(limit);
            }
            Phase::Reading { cursor, revision } => {
                let (cursor, revision) = (cursor.clone(), revision.clone());
                self.page(cursor, Some(revision), limit)
            }
            Phase::CatchingUp { goal } => {
                let (offset, epoch) = self.position.clone().expect("it has been told where it stands");
                let since = Since { offset, epoch };
                KeyedRequest::CatchUp { subscriber: subscriber(), since, limit: Some(limit), goal: *goal }
            }
        };
        if matches!(&request, KeyedRequest::Page { revision: None, .. }) {
            self.view.clear();
        }
        match self.ask(request) {
            None => {}
            Some(Reply::Keyed(Ok(answer))) => self.read(*answer),
            Some(Reply::Subscribed(Err(Refusal::UnrecoverablePosition))) => {
                self.phase = Phase::Away;
                self.position = None;
            }
            other => panic!("{other:?}"),
        }
    }

    fn page(&self, cursor: String, revision: Option<Revision>, limit: usize) -> KeyedRequest {
        let query = StateQuery { cursor, limit, ascending: self.ascending };
        KeyedRequest::Page { subscriber: subscriber(), query, revision, epoch: String::new() }
    }

    fn read(&mut self, answer: KeyedAnswer) {
        match answer {
            KeyedAnswer::State { page, .. } => {
                self.changed(&page.entries);
                let revision = match &self.phase {
                    Phase::Reading { revision, .. } => revision.clone(),
                    _ => Revision { change: page.change, epoch: page.epoch },
                };
                self.position = Some((revision.change, revision.epoch.as_str().to_owned()));
                self.phase = match page.cursor.is_empty() {
                    true => Phase::CatchingUp { goal: None },
                    false => Phase::Reading { cursor: page.cursor, revision },
                };
            }
            KeyedAnswer::Changes(page) => {
                self.changed(&page.publications);
                self.position = Some((page.offset, page.epoch.as_str().to_owned()));
                self.phase = Phase::CatchingUp { goal: Some(page.goal) };
            }
            KeyedAnswer::Changed(_) => panic!("nothing was changed"),
        }
    }

    fn go_live(&mut self, subscribed: Subscribed) {
        if let Some(page) = &subscribed.state {
            self.changed(&page.entries);
        }
        let missed = subscribed.recovery.expect("whoever goes live is caught up");
        self.changed(&missed.publications);
        self.phase = Phase::Live(subscribed.handle);
        let epoch = subscribed.epoch.expect("keys have an epoch").as_str().to_owned();
        self.position = self.options.has_history().then_some((subscribed.offset, epoch));
    }

    fn changed(&mut self, publications: &[Arc<Publication>]) {
        for publication in publications {
            let keyed = keyed_of(publication);
            match keyed.removed {
                true => self.view.remove(&*keyed.key),
                false => self.view.insert(keyed.key.to_string(), publication.data.clone()),
            };
            if publication.offset > 0
                && let (Phase::Live(_), Some(position)) = (&self.phase, &mut self.position)
            {
                assert_eq!(publication.offset, position.0 + 1, "live changes are dense");
                position.0 = publication.offset;
            }
        }
    }

    /// What the channel has.
    fn truth(&mut self) -> BTreeMap<String, Bytes> {
        let query = StateQuery { limit: 1_000, ..StateQuery::default() };
        let Some(Reply::Keyed(Ok(answer))) = self.ask(KeyedRequest::State { query, key: None, revision: None }) else {
            panic!("the state can be read");
        };
        let KeyedAnswer::State { page, keys } = *answer else { panic!("a page") };
        assert_eq!(page.entries.len(), keys);
        let entry = |entry: &Arc<Publication>| (keyed_of(entry).key.to_string(), entry.data.clone());
        page.entries.iter().map(entry).collect()
    }

    fn check(&mut self) {
        let truth = self.truth();
        if matches!(self.phase, Phase::Live(_)) {
            assert_eq!(self.view, truth);
        }
    }

    /// However much has changed, a client that goes on gets there.
    fn finish(&mut self) {
        for _ in 0..100 {
            if matches!(self.phase, Phase::Live(_)) {
                return self.check();
            }
            self.step(3);
        }
        panic!("the client does not get anywhere");
    }
}

fn run(options: ChannelOptions, ascending: bool, ops: &[Op]) {
    let mut world = World::new(options, ascending);
    for op in ops {
        world.run(op);
        world.check();
    }
    world.finish();
}

fn options(history_size: usize, ordered: bool, live_limit: usize) -> ChannelOptions {
    let keyed = KeyedOptions { key_ttl_ms: TTL_MS, ordered, live_limit, ..KeyedOptions::default() };
    let history_ttl_ms = if history_size > 0 { 4_000 } else { 0 };
    ChannelOptions { history_size, history_ttl_ms, keyed: Some(keyed), ..ChannelOptions::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn with_a_stream(ops in vec(op(), 1..100), ordered: bool, ascending: bool, size in 1_usize..20) {
        run(options(size, ordered, 8), ascending, &ops);
    }

    #[test]
    fn without_a_stream(ops in vec(op(), 1..100), ordered: bool, ascending: bool, live_limit in 1_usize..20) {
        run(options(0, ordered, live_limit), ascending, &ops);
    }
}
