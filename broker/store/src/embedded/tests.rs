//! What only the inside can show: damage, clearing away, poison and pressure.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use natter_core::{ChannelKey, Epoch, Position, TenantId};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::batch::Batch;
use super::command::Answer;
use super::heads::HeadCache;
use super::values::StoredHead;
use super::*;
use crate::conformance::{ManualClock, append_of, seq_of};
use crate::store::{AppendError, AppendOutcome, IDEMPOTENCY_TTL_MS, ReadRequest, StoreHealth};
use crate::{LogAppend, Store};

fn channel(name: &str) -> ChannelKey {
    ChannelKey::new(TenantId::new("acme"), name)
}

fn open(directory: &TempDir) -> EmbeddedStore {
    EmbeddedStore::open(EmbeddedOptions::new(directory.path())).unwrap()
}

async fn head(store: &EmbeddedStore, channel: &ChannelKey) -> crate::LogHead {
    store.open_log(channel, Epoch::new("epoch")).await.unwrap()
}

/// Opens a log and appends `count` events, all with keys that begin with `keys` unless it is empty.
async fn fill(store: &EmbeddedStore, channel: &ChannelKey, count: u64, keys: &str) {
    let mut last = head(store, channel).await.last_offset;
    while last < count {
        let step = (count - last).min(250);
        let keys: Vec<String> =
            (last..last + step).map(|n| if keys.is_empty() { "".into() } else { format!("{keys}{n}") }).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(store.append(append_of(channel, last, &keys)).await.unwrap(), AppendOutcome::Appended);
        last += step;
    }
}

/// Gives the committer as many occasions to clear away as a test can need.
async fn let_it_clear(store: &EmbeddedStore) {
    for _ in 0..8 {
        head(store, &channel("any")).await;
    }
}

async fn read(store: &EmbeddedStore, channel: &ChannelKey) -> Result<usize, StoreError> {
    store.read_log(channel, ReadRequest::forward(1, 100)).await.map(|events| events.len())
}

#[tokio::test]
async fn damaged_event_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let (store, news) = (open(&directory), channel("news"));
    fill(&store, &news, 10, "").await;
    let log = store.running().unwrap().tables.log;
    log.insert(keys::event(&keys::channel(&news), 7), b"nonsense").unwrap();
    let error = read(&store, &news).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt(text) if text.contains("acme/news at offset 7")), "{error}");
}

#[tokio::test]
async fn missing_event_is_damage() {
    let directory = tempfile::tempdir().unwrap();
    let (store, news) = (open(&directory), channel("news"));
    fill(&store, &news, 10, "").await;
    let log = store.running().unwrap().tables.log;
    for missing in [10, 4] {
        log.remove(keys::event(&keys::channel(&news), missing)).unwrap();
        let error = read(&store, &news).await.unwrap_err();
        let named = format!("acme/news at offset {missing}");
        assert!(matches!(&error, StoreError::Corrupt(text) if text.contains(&named)), "{error}");
    }
}

#[tokio::test]
async fn damaged_head_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let (store, news) = (open(&directory), channel("news"));
    store.running().unwrap().tables.heads.insert(keys::channel(&news), b"nonsense").unwrap();
    for error in [read(&store, &news).await.unwrap_err(), store.open_log(&news, Epoch::new("e")).await.unwrap_err()] {
        assert!(matches!(&error, StoreError::Corrupt(text) if text.contains("acme/news")), "{error}");
    }
    assert_eq!(store.health(), StoreHealth::Ready);
}

/// Decides commands within one batch and answers with the outcomes of the appends.
fn decide_together(store: &EmbeddedStore, channel: &ChannelKey, appends: &[(u64, &[&str])]) -> Vec<AppendOutcome> {
    let tables = store.running().unwrap().tables;
    let mut cache = HeadCache::new(8);
    let mut batch = Batch::new(&tables, &mut cache, 0);
    let mut decide = |&(last, keys): &(u64, &[&str])| {
        let (reply, _) = oneshot::channel();
        let append = super::store::encode(append_of(channel, last, keys)).unwrap();
        match batch.decide(Command::Append(append, reply)) {
            Answer::Append(_, outcome) => outcome.unwrap(),
            _ => panic!("an append is answered as one"),
        }
    };
    appends.iter().map(&mut decide).collect()
}

#[tokio::test]
async fn commands_of_one_batch_see_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let (store, news) = (open(&directory), channel("news"));
    let opened = head(&store, &news).await;
    let outcomes =
        decide_together(&store, &news, &[(0, &["a", "b"]), (2, &["", "b"]), (0, &["c"]), (2, &["c"]), (3, &["c"])]);
    let at = |offset| Position { offset, epoch: opened.epoch.clone() };
    let ends_at_2 = crate::LogHead { last_offset: 2, last_seq: seq_of(2), ..opened.clone() };
    assert_eq!(
        outcomes,
        [
            AppendOutcome::Appended,
            AppendOutcome::Duplicate { index: 1, position: at(2) },
            AppendOutcome::Conflict(ends_at_2),
            AppendOutcome::Appended,
            AppendOutcome::Duplicate { index: 0, position: at(3) },
        ]
    );
    assert_eq!(read(&store, &news).await.unwrap(), 0);
}

#[tokio::test]
async fn second_opening_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    let error = EmbeddedStore::open(EmbeddedOptions::new(directory.path())).err().unwrap();
    assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("in use by another")), "{error}");
    store.close().await;
    open(&directory);
}

#[tokio::test]
async fn trimmed_events_leave_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let (store, news) = (open(&directory), channel("news"));
    fill(&store, &news, 5_000, "").await;
    store.trim_log(&news, 4_998).await.unwrap();
    let_it_clear(&store).await;
    assert_eq!(store.running().unwrap().tables.log.len().unwrap(), 3);
}

#[tokio::test]
async fn interrupted_trim_is_taken_up_by_opening() {
    let directory = tempfile::tempdir().unwrap();
    let (store, news) = (open(&directory), channel("news"));
    fill(&store, &news, 100, "").await;
    let mut stored = StoredHead { head: head(&store, &news).await, deleted_below: 1, deleting: false };
    stored.head.first_offset = 91;
    store.running().unwrap().tables.heads.insert(keys::channel(&news), stored.encode()).unwrap();
    store.close().await;
    let store = open(&directory);
    assert_eq!(read(&store, &news).await.unwrap(), 10);
    assert_eq!(head(&store, &news).await, stored.head);
    let_it_clear(&store).await;
    assert_eq!(store.running().unwrap().tables.log.len().unwrap(), 10);
}

#[tokio::test]
async fn expired_keys_leave_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let clock = ManualClock::default();
    let options = EmbeddedOptions { clock: clock.clock(), ..EmbeddedOptions::new(directory.path()) };
    let (store, news) = (EmbeddedStore::open(options).unwrap(), channel("news"));
    fill(&store, &news, 3_000, "key").await;
    clock.advance(IDEMPOTENCY_TTL_MS);
    // Used again in the very batch after which the sweep finds the old entry.
    let again = append_of(&news, 3_000, &["key0"]);
    assert_eq!(store.append(again).await.unwrap(), AppendOutcome::Appended);
    let_it_clear(&store).await;
    let tables = store.running().unwrap().tables;
    assert_eq!((tables.idempotency.len().unwrap(), tables.expiries.len().unwrap()), (1, 1));
    let repeat = store.append(append_of(&news, 3_001, &["key0"])).await.unwrap();
    assert!(matches!(repeat, AppendOutcome::Duplicate { index: 0, ref position } if position.offset == 3_001));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn narrow_queue_makes_callers_wait() {
    let directory = tempfile::tempdir().unwrap();
    let narrow = EmbeddedOptions { queue_calls_max: 1, queue_bytes_max: 1, ..EmbeddedOptions::new(directory.path()) };
    let store = Arc::new(EmbeddedStore::open(narrow).unwrap());
    let mut callers = JoinSet::new();
    for index in 0..100 {
        let store = Arc::clone(&store);
        callers.spawn(async move { fill(&store, &channel(&index.to_string()), 3, "key").await });
    }
    callers.join_all().await;
    let stats = store.stats();
    assert_eq!((stats.queued_calls, stats.queued_bytes), (0, 0));
    assert!(stats.journal_bytes > 0 && stats.disk_bytes > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_give_up_leave_no_hole() {
    let directory = tempfile::tempdir().unwrap();
    let (store, news) = (Arc::new(open(&directory)), channel("news"));
    let mut last = head(&store, &news).await.last_offset;
    for round in 0..50 {
        let (caller, append) = (Arc::clone(&store), append_of(&news, last, &["", ""]));
        let call = tokio::spawn(async move { caller.append(append).await });
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        call.abort();
        let _ = call.await;
        // The opening is queued behind the append, so it shows what became of it.
        let now = head(&store, &news).await.last_offset;
        assert!(now == last || now == last + 2);
        last = now;
    }
}

#[derive(Default)]
struct Counter {
    events: AtomicUsize,
    appends: AtomicUsize,
}

impl StoreObserver for Counter {
    fn synced(&self, events: usize, seconds: f64) {
        assert!(seconds >= 0.0);
        self.events.fetch_add(events, Ordering::Relaxed);
    }

    fn operated(&self, operation: StoreOperation, _seconds: f64) {
        if operation == StoreOperation::Append {
            self.appends.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn observer_hears_of_everything() {
    let directory = tempfile::tempdir().unwrap();
    let counter = Arc::new(Counter::default());
    let observer = Arc::clone(&counter) as Arc<dyn StoreObserver>;
    let store = EmbeddedStore::open(EmbeddedOptions { observer, ..EmbeddedOptions::new(directory.path()) }).unwrap();
    fill(&store, &channel("news"), 600, "").await;
    store.append(append_of(&channel("news"), 3, &[""])).await.unwrap();
    assert_eq!(counter.events.load(Ordering::Relaxed), 600);
    assert_eq!(counter.appends.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn dead_committer_poisons_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let dying = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&dying);
    let clock: crate::Clock = Arc::new(move || {
        assert!(!seen.load(Ordering::Relaxed), "the clock has stopped");
        0
    });
    let store = EmbeddedStore::open(EmbeddedOptions { clock, ..EmbeddedOptions::new(directory.path()) }).unwrap();
    let news = channel("news");
    fill(&store, &news, 3, "").await;
    dying.store(true, Ordering::Relaxed);
    let append = |last| -> LogAppend { append_of(&news, last, &[""]) };
    let lost = store.append(append(3)).await;
    assert!(matches!(lost, Err(AppendError::Unknown(_) | AppendError::Rejected(_))), "{lost:?}");
    store.close().await;
    assert!(matches!(store.health(), StoreHealth::Failed(reason) if reason.contains("panicked")));
    dying.store(false, Ordering::Relaxed);
    let store = open(&directory);
    assert_eq!(read(&store, &news).await.unwrap(), 3);
}

/// Holds the committer up after a batch while it is armed, and notes how large batches get.
#[derive(Default)]
struct Gate {
    held: parking_lot::Mutex<Option<std::sync::mpsc::Receiver<()>>>,
    largest: AtomicUsize,
}

impl StoreObserver for Gate {
    fn synced(&self, events: usize, _seconds: f64) {
        self.largest.fetch_max(events, Ordering::Relaxed);
        let held = self.held.lock().take();
        if let Some(opened) = held {
            opened.recv().unwrap();
        }
    }
}

/// Waits for what must come, and gives up after a minute.
async fn eventually(mut come: impl FnMut() -> bool) {
    let waiting = async {
        while !come() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await.unwrap();
}

/// Lets 20 appends of this many events of this size wait behind one batch; answers with the largest batch.
async fn largest_batch(events: usize, event_bytes: usize) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let gate = Arc::new(Gate::default());
    let observer = Arc::clone(&gate) as Arc<dyn StoreObserver>;
    let options = EmbeddedOptions { observer, ..EmbeddedOptions::new(directory.path()) };
    let store = Arc::new(EmbeddedStore::open(options).unwrap());
    let channels: Vec<_> = (0..20).map(|index| channel(&index.to_string())).collect();
    for channel in &channels {
        head(&store, channel).await;
    }
    let (open, held) = std::sync::mpsc::channel();
    *gate.held.lock() = Some(held);
    let mut callers = JoinSet::new();
    let first = Arc::clone(&store);
    callers.spawn(async move { drop(head(&first, &channel("held")).await) });
    eventually(|| gate.held.lock().is_none()).await;
    for channel in channels.clone() {
        let store = Arc::clone(&store);
        let mut append = append_of(&channel, 0, &vec![""; events]);
        for record in &mut append.records {
            Arc::make_mut(&mut record.publication).data = vec![7; event_bytes].into();
        }
        callers.spawn(async move { assert_eq!(store.append(append).await.unwrap(), AppendOutcome::Appended) });
    }
    eventually(|| store.running().unwrap().queue.calls() == channels.len()).await;
    open.send(()).unwrap();
    callers.join_all().await;
    for channel in &channels {
        assert_eq!(head(&store, channel).await.last_offset, events as u64);
    }
    gate.largest.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_gather_up_to_their_bounds() {
    assert_eq!(largest_batch(1, 10).await, 20);
    assert_eq!(largest_batch(250, 10).await, 2000);
    assert_eq!(largest_batch(1, 100 * 1024).await, 10);
}
