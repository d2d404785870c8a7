use std::sync::Arc;

use bytes::Bytes;

use super::{ChannelQuota, ChannelQuotas};
use crate::effects::{Effect, Refusal, Reply};
use crate::input::{Draft, Input, Request, Subscriber};
use crate::shard::{Shard, ShardLimits};
use crate::{ChannelHandle, ChannelKey, ChannelOptions, LaneId, TenantId};

const TTL_MS: i64 = 10_000;

/// One tenant with a quota, all others without.
#[derive(Debug)]
struct Quotas {
    acme: Arc<ChannelQuota>,
    others: Arc<ChannelQuota>,
}

impl ChannelQuotas for Quotas {
    fn of(&self, tenant: &TenantId) -> Arc<ChannelQuota> {
        Arc::clone(if tenant.as_str() == "acme" { &self.acme } else { &self.others })
    }
}

/// Two shards of one node.
struct Bench {
    shards: [Shard<()>; 2],
    quotas: Arc<Quotas>,
    options: ChannelOptions,
    now: i64,
}

impl Bench {
    fn new(acme_max: usize, options: ChannelOptions) -> Self {
        let quota = |max| Arc::new(ChannelQuota::new(max));
        let quotas = Arc::new(Quotas { acme: quota(acme_max), others: quota(usize::MAX) });
        let limits = ShardLimits { channels_max: 1_000, quotas: Arc::<Quotas>::clone(&quotas) };
        let shards = [0, 1].map(|index| Shard::new(index, 2, limits.clone(), Box::new(|| 7)));
        Self { shards, quotas, options, now: 1_000 }
    }

    fn ask(&mut self, shard: usize, tenant: &str, channel: &str, request: Request<()>) -> Option<Reply> {
        let channel = ChannelKey::new(TenantId::new(tenant), channel);
        let options = Arc::new(self.options.clone());
        let mut effects = Vec::new();
        self.shards[shard].apply(Input::Request { channel, options, request }, self.now, &mut effects);
        self.shards[shard].finish(self.now, &mut effects);
        effects.into_iter().find_map(|effect| match effect {
            Effect::Reply { reply, .. } => Some(reply),
            _ => None,
        })
    }

    /// Whether a publication was taken.
    fn publishes(&mut self, shard: usize, tenant: &str, channel: &str) -> bool {
        let draft = Draft { data: Bytes::from_static(b"x"), ..Draft::default() };
        match self.ask(shard, tenant, channel, Request::Publish { draft, reply: Some(()) }) {
            Some(Reply::Published(Ok(_))) => true,
            Some(Reply::Published(Err(Refusal::TooManyChannels))) => false,
            other => panic!("{other:?}"),
        }
    }

    fn subscribe(&mut self, shard: usize, channel: &str) -> Option<(Subscriber, ChannelHandle)> {
        let subscriber = Subscriber { lane: LaneId(0), client: "client".into(), info: None };
        let request = Request::Subscribe { subscriber, recover: None, reply: () };
        match self.ask(shard, "acme", channel, request) {
            Some(Reply::Subscribed(Ok(subscribed))) => Some((subscribed.subscriber, subscribed.handle)),
            Some(Reply::Subscribed(Err(Refusal::TooManyChannels))) => None,
            other => panic!("{other:?}"),
        }
    }

    fn tick(&mut self) {
        for shard in &mut self.shards {
            shard.apply(Input::Tick, self.now, &mut Vec::new());
        }
    }
}

fn with_history() -> ChannelOptions {
    ChannelOptions { history_size: 10, history_ttl_ms: TTL_MS, ..ChannelOptions::default() }
}

#[test]
fn a_tenant_s_bound_holds_over_all_shards_and_for_no_other_tenant() {
    let mut bench = Bench::new(2, with_history());
    assert!(bench.publishes(0, "acme", "a"));
    assert!(bench.publishes(1, "acme", "b"));
    assert!(!bench.publishes(0, "acme", "c"));
    assert!(!bench.publishes(1, "acme", "d"));
    assert!(bench.publishes(0, "acme", "a"), "a channel that is there goes on");
    assert!(bench.publishes(0, "other", "c"));
    assert_eq!(bench.quotas.acme.taken(), 2);
}

#[test]
fn a_seat_is_free_when_the_last_subscriber_leaves() {
    let mut bench = Bench::new(1, ChannelOptions::default());
    let (subscriber, handle) = bench.subscribe(0, "a").expect("there is room");
    assert!(bench.subscribe(1, "b").is_none());
    bench.ask(0, "acme", "a", Request::Unsubscribe { subscriber, handle });
    assert_eq!(bench.quotas.acme.taken(), 0);
    assert!(bench.subscribe(1, "b").is_some());
}

#[test]
fn another_shard_gives_up_at_its_tick_what_can_be_had_again() {
    let mut bench = Bench::new(1, with_history());
    assert!(bench.publishes(0, "acme", "a"));
    bench.now += TTL_MS;
    bench.tick();
    assert_eq!(bench.quotas.acme.taken(), 1, "nobody wants its place, so it keeps its numbering");
    assert!(!bench.publishes(1, "acme", "b"));
    bench.tick();
    assert!(bench.publishes(1, "acme", "b"));
}

#[test]
fn the_same_shard_gives_it_up_at_once() {
    let mut bench = Bench::new(1, with_history());
    assert!(bench.publishes(0, "acme", "a"));
    bench.now += TTL_MS;
    bench.tick();
    assert!(bench.publishes(0, "acme", "b"));
}

#[test]
fn a_narrower_bound_takes_nothing_away() {
    let mut bench = Bench::new(2, with_history());
    assert!(bench.publishes(0, "acme", "a") && bench.publishes(0, "acme", "b"));
    bench.quotas.acme.set_max(1);
    assert!(bench.publishes(0, "acme", "a") && bench.publishes(0, "acme", "b"));
    assert!(!bench.publishes(0, "acme", "c"));
    bench.quotas.acme.set_max(3);
    assert!(bench.publishes(0, "acme", "c"));
}
