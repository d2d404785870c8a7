//! Two nodes in one process, which share a store and are joined by an engine.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "the modules of one test binary; a helper of tests fails the test"
)]

mod listener;
mod wire;

use std::collections::BTreeSet;
use std::sync::Arc;

use listener::Listener;
use natter_core::{ChannelKey, ChannelOptions, Draft, HistoryQuery, TenantId};
use natter_node::Broker;
use natter_node::clock::NodeClock;
use natter_node::engine::{Arrivals, Engine};
use natter_node::limits::ConnectionLimits;
use natter_node::session::{Close, CloseKind, Control, Target};
use natter_node::worker::{self, BrokerOptions};
use natter_store::{MemoryStore, Store};
use wire::Wire;

fn broker(store: &Arc<dyn Store>, engine: impl Engine) -> Broker {
    let options = BrokerOptions {
        workers: 1,
        channels_max: 1_000,
        connection_limits: ConnectionLimits::default(),
        store: Arc::clone(store),
    };
    worker::start_joined(options, NodeClock::start(), Arc::new(engine)).unwrap().0
}

fn two_nodes() -> (Arc<Wire>, Broker, Broker) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let wire = Wire::between(2);
    let (one, other) = (broker(&store, wire.port(0)), broker(&store, wire.port(1)));
    (wire, one, other)
}

fn channel() -> ChannelKey {
    ChannelKey::new(TenantId::new("tenant"), "shared")
}

fn durable() -> Arc<ChannelOptions> {
    Arc::new(ChannelOptions {
        history_size: 10_000,
        history_ttl_ms: 3_600_000,
        durable: true,
        recovery_limit: 10_000,
        ..ChannelOptions::default()
    })
}

async fn publish(broker: &Broker, options: &Arc<ChannelOptions>, text: String) {
    let draft = Draft { data: text.into(), ..Draft::default() };
    broker.publish(channel(), Arc::clone(options), draft).await.unwrap();
}

async fn publish_range(broker: &Broker, range: std::ops::Range<usize>) {
    for number in range {
        publish(broker, &durable(), number.to_string()).await;
    }
}

fn texts(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn what_is_published_on_one_node_is_heard_on_both_in_order() {
    let (_wire, one, other) = two_nodes();
    let mut here = Listener::connect(&one, "ada", &channel(), &durable()).await;
    let mut there = Listener::connect(&other, "bob", &channel(), &durable()).await;
    publish_range(&one, 0..100).await;
    assert_eq!(there.next_many(100).await, texts(0..100));
    assert_eq!(here.next_many(100).await, texts(0..100));
    assert_eq!((here.returns, there.returns), (0, 0));
}

#[tokio::test]
async fn a_channel_that_keeps_nothing_is_heard_on_both() {
    let (_wire, one, other) = two_nodes();
    let mut there = Listener::connect(&other, "bob", &channel(), &Arc::default()).await;
    for text in texts(0..10) {
        publish(&one, &Arc::default(), text).await;
    }
    assert_eq!(there.next_many(10).await, texts(0..10));
}

#[tokio::test]
async fn writers_on_both_nodes_make_one_order_though_the_carrier_fails() {
    const EACH: usize = 300;
    let (wire, one, other) = two_nodes();
    wire.fails_by(|number| match number % 7 {
        0 | 3 => 0,
        5 => 2,
        _ => 1,
    });
    let mut here = Listener::connect(&one, "ada", &channel(), &durable()).await;
    let mut there = Listener::connect(&other, "bob", &channel(), &durable()).await;
    let writers = [one, other].into_iter().enumerate().flat_map(|(node, broker)| {
        (0..3).map(move |writer| {
            let broker = broker.clone();
            tokio::spawn(async move {
                for number in (writer..EACH).step_by(3) {
                    publish(&broker, &durable(), format!("{node}-{number}")).await;
                }
            })
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("nobody is refused");
    }
    wire.mend();
    let (heard_here, heard_there) = (here.next_many(2 * EACH).await, there.next_many(2 * EACH).await);
    assert_eq!(heard_here, heard_there);
    let all = (0..2).flat_map(|node| (0..EACH).map(move |number| format!("{node}-{number}")));
    assert_eq!(heard_here.into_iter().collect::<BTreeSet<_>>(), all.collect());
}

#[tokio::test]
async fn a_lost_message_is_read_from_the_log() {
    let (wire, one, other) = two_nodes();
    let mut there = Listener::connect(&other, "bob", &channel(), &durable()).await;
    wire.fails_by(|number| usize::from(number != 1));
    publish_range(&one, 0..3).await;
    assert_eq!(there.next_many(3).await, texts(0..3));
    assert_eq!(there.returns, 0);
}

#[tokio::test]
async fn the_loss_of_the_last_message_is_found_when_the_carrier_admits_it() {
    let (wire, one, other) = two_nodes();
    let mut there = Listener::connect(&other, "bob", &channel(), &durable()).await;
    wire.fails_by(|number| usize::from(number < 2));
    publish_range(&one, 0..3).await;
    wire.mend();
    assert_eq!(there.next_many(3).await, texts(0..3));
}

#[tokio::test]
async fn whoever_misses_too_much_is_told_to_come_again_and_recovers_it() {
    let (wire, one, other) = two_nodes();
    let mut there = Listener::connect(&other, "bob", &channel(), &durable()).await;
    wire.fails_by(|number| usize::from(number >= 200));
    publish_range(&one, 0..201).await;
    assert_eq!(there.next_many(201).await, texts(0..201));
    assert_eq!(there.returns, 1);
}

#[tokio::test]
async fn removed_history_is_gone_on_every_node() {
    let (_wire, one, other) = two_nodes();
    let mut there = Listener::connect(&other, "bob", &channel(), &durable()).await;
    publish_range(&one, 0..3).await;
    assert_eq!(there.next_many(3).await, texts(0..3));
    one.remove_history(channel(), durable()).await.unwrap();
    let query = HistoryQuery { limit: 10, ..HistoryQuery::default() };
    let page = other.history(channel(), durable(), query).await.unwrap();
    assert_eq!((page.offset, page.publications.len()), (3, 0));
    assert_eq!(there.returns, 0);
}

#[tokio::test]
async fn a_deleted_log_is_another_one_on_every_node() {
    let (_wire, one, other) = two_nodes();
    let mut there = Listener::connect(&other, "bob", &channel(), &durable()).await;
    publish_range(&one, 0..3).await;
    assert_eq!(there.next_many(3).await, texts(0..3));
    one.delete_log(channel(), durable()).await.unwrap();
    assert_eq!(there.line().await, "again");
}

#[tokio::test]
async fn a_control_reaches_the_users_connections_on_every_node_once() {
    let (wire, one, other) = two_nodes();
    let mut here = Listener::connect(&one, "ada", &channel(), &durable()).await;
    let mut there = Listener::connect(&other, "ada", &channel(), &durable()).await;
    let mut somebody_else = Listener::connect(&other, "bob", &channel(), &durable()).await;
    let (client, session, except) = (None, None, Vec::new());
    let target = Target { tenant: TenantId::new("tenant"), user: "ada".to_owned(), client, session, except };
    let close = Close { code: 3503, reason: "gone".into(), kind: CloseKind::Auth };
    one.control(target, Control::Disconnect(close));
    assert_eq!(here.line().await, "closed 3503");
    assert_eq!(there.line().await, "closed 3503");
    assert_eq!(wire.controls(), 1, "what came from another node is not passed on");
    publish(&one, &durable(), "still-here".to_owned()).await;
    assert_eq!(somebody_else.next().await, "still-here");
}

/// Says that there are no other nodes, and wants to hear of nothing.
struct Alone;

impl Engine for Alone {
    fn name(&self) -> &'static str {
        "alone"
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn start(&self, _arrivals: Arrivals) {}

    fn follow(&self, channel: &ChannelKey, _is_followed: bool) {
        panic!("nobody is there to follow {channel}");
    }

    fn published(&self, channel: &ChannelKey, _carried: &natter_core::Carried) {
        panic!("nobody is there to hear of {channel}");
    }

    fn control(&self, _target: &Target, _control: &Control) {}
}

#[tokio::test]
async fn the_engine_of_a_node_that_is_alone_is_told_of_no_channel() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let broker = broker(&store, Alone);
    let mut listener = Listener::connect(&broker, "ada", &channel(), &durable()).await;
    publish_range(&broker, 0..3).await;
    assert_eq!(listener.next_many(3).await, texts(0..3));
}
