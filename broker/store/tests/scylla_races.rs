//! Several nodes write the same channels while answers are lost, requests never arrive or arrive late: the logs end in
//! 1…n without a gap or a repeat, and everything acknowledged is there once.
#![cfg(feature = "cql-tests")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cql;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use natter_core::{ChannelKey, EntityId, Epoch, LogHead, MESSAGE, Publication};
use natter_store::{
    AppendError, AppendOutcome, CqlFault, CqlFaults, LogAppend, LogRecord, ReadRequest, ScyllaOptions, ScyllaStore,
    Store,
};
use parking_lot::Mutex;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;

const NODES: usize = 3;
const CHANNELS: usize = 2;
const CASES: u32 = 6;
const APPENDS_EACH: usize = 12;
/// How often a client sends a message again; more than any run needs.
const SENDINGS_MAX: usize = 200;
/// Longer than a late request is on its way.
const LATE: Duration = Duration::from_millis(300);
/// Where the channels begin, so that the writers meet at the border of two buckets.
const FILLED: u64 = 980;

/// Faults by chance: `one_in` of the conditional writes goes astray.
struct Chance {
    random: Mutex<StdRng>,
    one_in: u32,
}

impl CqlFaults for Chance {
    fn next(&self) -> CqlFault {
        let mut random = self.random.lock();
        if !random.random_ratio(1, self.one_in) {
            return CqlFault::None;
        }
        match random.random_range(0..3) {
            0 => CqlFault::LoseRequest,
            1 => CqlFault::LoseAnswer,
            _ => CqlFault::ArriveLate(LATE.mul_f64(random.random())),
        }
    }
}

async fn node(seed: u64, one_in: u32) -> Arc<dyn Store> {
    let faults = Chance { random: Mutex::new(StdRng::seed_from_u64(seed)), one_in };
    let options = ScyllaOptions { faults: Some(Arc::new(faults)), ..cql::options() };
    Arc::new(ScyllaStore::open(options).await.unwrap())
}

/// Messages that their clients send until they are acknowledged, each under a key of its own.
fn append_of(channel: &ChannelKey, after: &LogHead, names: &[String]) -> LogAppend {
    let record = |(name, step): (&String, u64)| LogRecord {
        publication: Arc::new(Publication {
            offset: after.last_offset + step,
            seq: after.last_seq + step,
            kind: MESSAGE,
            data: Bytes::from(name.clone()),
            ..Publication::default()
        }),
        idempotency_key: Some(Arc::from(name.as_str())),
        id: Some(EntityId::new(after.last_offset + step, 7)),
        version: None,
    };
    let records = names.iter().zip(1..).map(record).collect();
    LogAppend { channel: channel.clone(), expected_last_offset: after.last_offset, records }
}

/// Sends messages until each is acknowledged; a repeat is taken out and counts as acknowledged, as natter does.
async fn send(store: &dyn Store, channel: &ChannelKey, head: &mut LogHead, mut names: Vec<String>) {
    for _ in 0..SENDINGS_MAX {
        if names.is_empty() {
            return;
        }
        match store.append(append_of(channel, head, &names)).await {
            Ok(AppendOutcome::Appended) => {
                head.last_offset += names.len() as u64;
                head.last_seq += names.len() as u64;
                return;
            }
            Ok(AppendOutcome::Duplicate { index, .. }) => drop(names.remove(index)),
            Ok(AppendOutcome::Conflict(now)) => *head = now,
            Err(AppendError::Rejected(_) | AppendError::Unknown(_)) => {
                if let Ok(now) = store.open_log(channel, Epoch::new("unused")).await {
                    *head = now;
                }
            }
        }
    }
    panic!("not acknowledged: {names:?}");
}

async fn write(store: Arc<dyn Store>, channel: ChannelKey, node: usize, seed: u64) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut head = store.open_log(&channel, Epoch::new("epoch")).await.unwrap();
    let mut acknowledged = Vec::new();
    for step in 0..APPENDS_EACH {
        let names = (0..random.random_range(1..9)).map(|index| format!("{node}-{step}-{index}")).collect::<Vec<_>>();
        send(&*store, &channel, &mut head, names.clone()).await;
        acknowledged.extend(names);
    }
    acknowledged
}

async fn read_all(store: &dyn Store, channel: &ChannelKey) -> Vec<Publication> {
    let mut events: Vec<Publication> = Vec::new();
    loop {
        let next = events.last().map_or(1, |event| event.offset + 1);
        let page = store.read_log(channel, ReadRequest::forward(next, 500)).await.unwrap();
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

/// Whether a log is whole and holds every acknowledged message once.
async fn judge(store: &dyn Store, channel: &ChannelKey, acknowledged: &BTreeSet<String>) -> Result<(), TestCaseError> {
    let head = store.log_head(channel).await.unwrap().unwrap();
    let events = read_all(store, channel).await;
    let offsets: Vec<u64> = events.iter().map(|event| event.offset).collect();
    prop_assert_eq!(offsets, (1..=head.last_offset).collect::<Vec<_>>());
    let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
    prop_assert_eq!(seqs, (1..=head.last_seq).collect::<Vec<_>>());
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for event in events.iter().filter(|event| event.offset > FILLED) {
        *times.entry(String::from_utf8(event.data.to_vec()).unwrap()).or_default() += 1;
    }
    prop_assert!(times.values().all(|times| *times == 1), "stored twice: {:?}", times);
    prop_assert_eq!(&times.into_keys().collect::<BTreeSet<_>>(), acknowledged);
    for event in events.iter().filter(|event| event.offset > FILLED) {
        prop_assert_eq!(store.find_seq(channel, event.seq).await.unwrap(), Some(event.offset));
        let id = EntityId::new(event.offset, 7);
        prop_assert_eq!(store.find_by_id(channel, id).await.unwrap(), Some(event.offset));
    }
    Ok(())
}

async fn fill(store: &dyn Store, channel: &ChannelKey) {
    let mut head = store.open_log(channel, Epoch::new("epoch")).await.unwrap();
    while head.last_offset < FILLED {
        let names: Vec<String> = (0..70).map(|index| format!("fill-{}-{index}", head.last_offset)).collect();
        send(store, channel, &mut head, names).await;
    }
}

async fn interleave(seed: u64, one_in: u32) -> Result<(), TestCaseError> {
    let calm = ScyllaStore::open(cql::options()).await.unwrap();
    let tenant = cql::tenant();
    let channels: Vec<_> = (0..CHANNELS).map(|index| ChannelKey::new(tenant.clone(), index.to_string())).collect();
    for channel in &channels {
        fill(&calm, channel).await;
    }
    let mut writers = JoinSet::new();
    for number in 0..NODES {
        let store = node(seed.wrapping_add(number as u64), one_in).await;
        for (index, channel) in channels.iter().cloned().enumerate() {
            let (store, seed) = (Arc::clone(&store), seed.wrapping_add((number * CHANNELS + index) as u64));
            writers.spawn(async move { (index, write(store, channel, number, seed).await) });
        }
    }
    let mut acknowledged = vec![BTreeSet::new(); CHANNELS];
    for (index, names) in writers.join_all().await {
        acknowledged[index].extend(names);
    }
    tokio::time::sleep(LATE * 2).await;
    for (channel, names) in channels.iter().zip(&acknowledged) {
        judge(&calm, channel, names).await?;
    }
    Ok(())
}

#[test]
fn every_interleaving_ends_without_gap_or_repeat() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let cases = (any::<u64>(), 2..8_u32);
    TestRunner::new(config).run(&cases, |(seed, one_in)| runtime.block_on(interleave(seed, one_in))).unwrap();
}

/// Nodes that start at the same moment in a keyspace that is not there make one schema, and understand each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_make_one_schema() {
    let keyspace = format!("natter_start_{}", uuid::Uuid::new_v4().simple());
    let options = ScyllaOptions { keyspace, replication_factor: 1, ..cql::options() };
    let mut starts = JoinSet::new();
    for _ in 0..5 {
        starts.spawn(ScyllaStore::open(options.clone()));
    }
    let stores: Vec<_> = starts.join_all().await.into_iter().map(Result::unwrap).collect();
    let channel = ChannelKey::new(cql::tenant(), "news");
    let mut epochs = BTreeSet::new();
    for (index, store) in stores.iter().enumerate() {
        let mut head = store.open_log(&channel, Epoch::new(index.to_string())).await.unwrap();
        epochs.insert(head.epoch.as_str().to_owned());
        send(store, &channel, &mut head, vec![index.to_string()]).await;
    }
    assert_eq!(epochs.len(), 1);
    assert_eq!(read_all(&stores[0], &channel).await.len(), stores.len());
}

/// Without faults nobody is refused for long, whatever the channels' writers do to each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calm_interleaving() {
    interleave(1, u32::MAX).await.unwrap();
}
