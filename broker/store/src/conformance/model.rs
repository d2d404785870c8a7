//! The promise that an engine answers any sequence of operations as [`MemoryStore`] does.
//!
//! Cases are random and shrink; each works under a tenant of its own, so that they can share one engine.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use natter_core::{ChannelKey, Epoch, TenantId};
use parking_lot::Mutex;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::harness::{Harness, ManualClock, Scene, append_of, id_of};
use crate::{
    IDEMPOTENCY_TTL_MS, MemoryStore, READ_BYTES_MAX, ReadDirection, ReadRequest, Row, RowKey, RowWriteOutcome, Store,
    StoreError,
};

const CASES: u32 = 24;
const CHANNELS: [&str; 3] = ["news", "new", "news\u{0}"];
const KEYS: [&str; 5] = ["", "", "k", "key", "other"];
const ROWS: [&str; 4] = ["", "a", "aa", "b"];

/// One call of the trait, over names so few that calls meet each other.
#[derive(Clone, Debug)]
enum Operation {
    OpenLog { channel: usize },
    Append { channel: usize, behind: u64, keys: Vec<usize> },
    Read { channel: usize, from_offset: u64, limit: usize, backward: bool },
    Trim { channel: usize, first_offset: u64 },
    Find { channel: usize, number: u64 },
    DeleteLog { channel: usize },
    PutRow { partition: usize, row: usize, behind: u64, value: u8 },
    DeleteRow { partition: usize, row: usize, behind: u64 },
    Scan { partition: usize, after: Option<usize>, limit: usize },
    Advance { by_ms: i64 },
    Reopen,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let channel = 0..CHANNELS.len();
    let (partition, row) = (0..2_usize, 0..ROWS.len());
    let behind = prop_oneof![5 => Just(0), 1 => 1..3_u64];
    let ttl = IDEMPOTENCY_TTL_MS;
    let one = prop_oneof![
        2 => channel.clone().prop_map(|channel| Operation::OpenLog { channel }),
        8 => (channel.clone(), prop_oneof![9 => Just(0), 1 => 1..3_u64], vec(0..KEYS.len(), 1..5))
            .prop_map(|(channel, behind, keys)| Operation::Append { channel, behind, keys }),
        3 => (channel.clone(), 0..30_u64, 0..12_usize, any::<bool>()).prop_map(
            |(channel, from_offset, limit, backward)| Operation::Read { channel, from_offset, limit, backward }),
        1 => (channel.clone(), 0..30_u64)
            .prop_map(|(channel, first_offset)| Operation::Trim { channel, first_offset }),
        2 => (channel.clone(), 0..30_u64).prop_map(|(channel, number)| Operation::Find { channel, number }),
        1 => channel.prop_map(|channel| Operation::DeleteLog { channel }),
        3 => (partition.clone(), row.clone(), behind.clone(), any::<u8>())
            .prop_map(|(partition, row, behind, value)| Operation::PutRow { partition, row, behind, value }),
        1 => (partition.clone(), row.clone(), behind)
            .prop_map(|(partition, row, behind)| Operation::DeleteRow { partition, row, behind }),
        2 => (partition, proptest::option::of(row), 0..6_usize)
            .prop_map(|(partition, after, limit)| Operation::Scan { partition, after, limit }),
        1 => prop_oneof![Just(ttl / 2), Just(ttl), Just(1)].prop_map(|by_ms| Operation::Advance { by_ms }),
        1 => Just(Operation::Reopen),
    ];
    vec(one, 1..60)
}

fn channel(tenant: &TenantId, index: usize) -> ChannelKey {
    ChannelKey::new(tenant.clone(), CHANNELS[index])
}

fn row_key(tenant: &TenantId, partition: usize, row: usize) -> RowKey {
    RowKey { tenant: tenant.clone(), table: "users", partition: partition.to_string(), row: ROWS[row].into() }
}

/// Does one operation and renders its answer; an error's text is its engine's own, that there is one is not.
async fn answer(store: &dyn Store, tenant: &TenantId, operation: &Operation) -> String {
    match operation.clone() {
        Operation::OpenLog { channel: index } => {
            let opened = store.open_log(&channel(tenant, index), Epoch::new("epoch")).await;
            format!("{:?}", opened.map_err(drop))
        }
        Operation::Append { channel: index, behind, keys } => {
            let channel = channel(tenant, index);
            let newest = ReadRequest::backward(u64::MAX, 1);
            let last = store.read_log(&channel, newest).await.map_err(drop);
            let last = last.unwrap_or_default().first().map_or(0, |event| event.offset);
            let keys: Vec<&str> = keys.into_iter().map(|key| KEYS[key]).collect();
            let outcome = store.append(append_of(&channel, last.saturating_sub(behind), &keys)).await;
            format!("{:?}", outcome.map_err(drop))
        }
        Operation::Read { channel: index, from_offset, limit, backward } => {
            let direction = if backward { ReadDirection::Backward } else { ReadDirection::Forward };
            let request = ReadRequest { direction, ..ReadRequest::forward(from_offset, limit) };
            format!("{:?}", store.read_log(&channel(tenant, index), request).await.map_err(drop))
        }
        Operation::Trim { channel: index, first_offset } => {
            format!("{:?}", store.trim_log(&channel(tenant, index), first_offset).await.map_err(drop))
        }
        Operation::Find { channel: index, number } => {
            let channel = channel(tenant, index);
            let by_id = store.find_by_id(&channel, id_of(&channel, number)).await.map_err(drop);
            format!("{:?} {by_id:?}", store.find_seq(&channel, number).await.map_err(drop))
        }
        Operation::DeleteLog { channel: index } => {
            let channel = channel(tenant, index);
            let deleted = store.delete_log(&channel).await.map_err(drop);
            format!("{deleted:?} {:?}", store.log_head(&channel).await.map_err(drop))
        }
        rows => answer_rows(store, tenant, rows).await,
    }
}

/// The version to expect of a row: the one that it has, or less by `behind`.
async fn expected_version(store: &dyn Store, key: &RowKey, behind: u64) -> u64 {
    let found = store.get_row(key).await.map_err(drop).unwrap_or_default();
    found.map_or(0, |row| row.version).saturating_sub(behind)
}

/// What a row is without its version, which every engine counts from where it likes.
fn value_of(row: Row) -> Bytes {
    row.value
}

fn outcome_of(outcome: Result<RowWriteOutcome, StoreError>) -> Option<Result<bool, Option<Bytes>>> {
    Some(match outcome.ok()? {
        RowWriteOutcome::Written(version) => Ok(version > 0),
        RowWriteOutcome::Conflict(found) => Err(found.map(value_of)),
    })
}

async fn answer_rows(store: &dyn Store, tenant: &TenantId, operation: Operation) -> String {
    match operation {
        Operation::PutRow { partition, row, behind, value } => {
            let key = row_key(tenant, partition, row);
            let expected = expected_version(store, &key, behind).await;
            let written = store.put_row(&key, expected, Bytes::from(vec![value])).await;
            let now = store.get_row(&key).await.map_err(drop).map(|row| row.map(value_of));
            format!("{:?} {now:?}", outcome_of(written))
        }
        Operation::DeleteRow { partition, row, behind } => {
            let key = row_key(tenant, partition, row);
            let expected = expected_version(store, &key, behind).await;
            format!("{:?}", outcome_of(store.delete_row(&key, expected).await))
        }
        Operation::Scan { partition, after, limit } => {
            let (partition, after) = (partition.to_string(), after.map(|row| ROWS[row]));
            let found = store.scan_rows(tenant, "users", &partition, after, limit, READ_BYTES_MAX).await;
            let found = found.map_err(drop);
            format!("{:?}", found.map(|rows| rows.into_iter().map(|(name, row)| (name, row.value)).collect::<Vec<_>>()))
        }
        _ => String::new(),
    }
}

async fn compare(
    harness: &dyn Harness,
    scene: &mut Scene<'_>,
    tenant: &TenantId,
    operations: &[Operation],
) -> Result<(), TestCaseError> {
    let clock = ManualClock::default();
    let model = MemoryStore::with_clock(clock.clock());
    for (step, operation) in operations.iter().enumerate() {
        match operation {
            Operation::Reopen => scene.reopen().await,
            Operation::Advance { by_ms } if harness.advance(*by_ms) => clock.advance(*by_ms),
            Operation::Advance { .. } => {}
            operation => {
                let expected = answer(&model, tenant, operation).await;
                let found = answer(&*scene.store, tenant, operation).await;
                prop_assert_eq!(found, expected, "step {}: {:?}", step, operation);
            }
        }
    }
    Ok(())
}

/// Random sequences of operations are answered as the model answers them, also across reopening.
pub async fn behaves_like_the_model(harness: &dyn Harness) {
    let scene = Mutex::new(Scene::open(harness).await);
    let cases = AtomicU64::new(0);
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let outcome = TestRunner::new(config).run(&operations(), |operations| {
        let mut scene = scene.lock();
        let tenant = TenantId::new(format!("{}-{}", scene.tenant, cases.fetch_add(1, Ordering::Relaxed)));
        block_in_place(|| Handle::current().block_on(compare(harness, &mut scene, &tenant, &operations)))
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
