//! Appends per second through the embedded store, beside what the disk can do at best: a plain file that is appended
//! to and synced. Prints a table; run it with `cargo bench -p natter-store`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use natter_core::{ChannelKey, Epoch, Publication, TenantId};
use natter_store::{
    AppendOutcome, Durability, EmbeddedOptions, EmbeddedStore, LogAppend, LogRecord, Store, StoreError, StoreObserver,
};
use tokio::task::JoinSet;

const VALUE_BYTES: usize = 200;
const BATCHES: [usize; 4] = [1, 32, 256, 2048];
const MEASURED: Duration = Duration::from_secs(2);

/// Counts syncs, to show how many events one carried.
#[derive(Default)]
struct Syncs {
    batches: AtomicUsize,
    events: AtomicUsize,
}

impl StoreObserver for Syncs {
    fn synced(&self, events: usize, _seconds: f64) {
        self.batches.fetch_add(usize::from(events > 0), Ordering::Relaxed);
        self.events.fetch_add(events, Ordering::Relaxed);
    }
}

/// Appends per second of a plain file.
fn plain_file(directory: &Path, batch: usize) -> std::io::Result<f64> {
    let mut file = OpenOptions::new().create(true).append(true).open(directory.join("plain"))?;
    let block = vec![7; batch * VALUE_BYTES];
    let started = Instant::now();
    let mut written = 0;
    while started.elapsed() < MEASURED {
        file.write_all(&block)?;
        file.sync_data()?;
        written += batch;
    }
    Ok(per_second(written, started))
}

fn one_event(channel: ChannelKey, last: u64) -> LogAppend {
    let publication = Publication {
        offset: last + 1,
        seq: last + 1,
        data: Bytes::from(vec![7; VALUE_BYTES]),
        ..Publication::default()
    };
    let records = vec![LogRecord { publication: Arc::new(publication), ..LogRecord::default() }];
    LogAppend { channel, expected_last_offset: last, records }
}

/// One publisher: appends to a channel of its own, one event after the other. Answers with how many it appended.
async fn publish(store: Arc<EmbeddedStore>, index: usize, until: Instant) -> usize {
    let channel = ChannelKey::new(TenantId::new("acme"), index.to_string());
    let mut last = store.open_log(&channel, Epoch::new("epoch")).await.map_or(0, |head| head.last_offset);
    let first = last;
    while Instant::now() < until {
        match store.append(one_event(channel.clone(), last)).await {
            Ok(AppendOutcome::Appended) => last += 1,
            other => panic!("an append was answered with {other:?}"),
        }
    }
    usize::try_from(last - first).unwrap_or(usize::MAX)
}

/// Appends per second of as many publishers as the batch is to hold, and the events that one sync carried.
async fn through_the_store(directory: &Path, batch: usize, durability: Durability) -> Result<(f64, usize), StoreError> {
    let syncs = Arc::new(Syncs::default());
    let observer = Arc::clone(&syncs) as Arc<dyn StoreObserver>;
    let store = EmbeddedStore::open(EmbeddedOptions { durability, observer, ..EmbeddedOptions::new(directory) })?;
    let store = Arc::new(store);
    let started = Instant::now();
    let mut publishers = JoinSet::new();
    for index in 0..batch {
        publishers.spawn(publish(Arc::clone(&store), index, started + MEASURED));
    }
    let appended = publishers.join_all().await.into_iter().sum();
    let rate = per_second(appended, started);
    store.close().await;
    let batches = syncs.batches.load(Ordering::Relaxed).max(1);
    Ok((rate, syncs.events.load(Ordering::Relaxed) / batches))
}

fn per_second(count: usize, started: Instant) -> f64 {
    count as f64 / started.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{VALUE_BYTES} B values, appends per second (events per sync)");
    println!("{:>8} {:>16} {:>22} {:>22}", "in flight", "plain file", "embedded, sync", "embedded, async");
    for batch in BATCHES {
        let directory = tempfile::tempdir()?;
        let plain = plain_file(directory.path(), batch)?;
        let (synced, per_sync) = through_the_store(&directory.path().join("sync"), batch, Durability::Sync).await?;
        let (fast, per_batch) = through_the_store(&directory.path().join("async"), batch, Durability::Async).await?;
        println!("{batch:>8} {plain:>16.0} {synced:>14.0} ({per_sync:>5}) {fast:>14.0} ({per_batch:>5})");
    }
    Ok(())
}
