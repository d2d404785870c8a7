//! `kill -9` at any moment loses nothing that was acknowledged.
//!
//! The test runs itself again as a child that appends to several channels and prints what was acknowledged. The parent
//! kills it at seeded random moments, opens what it left behind and judges it. (What a power failure does cannot be
//! shown this way: the operating system keeps what it was handed.)
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use natter_core::{ChannelKey, EntityId, Epoch, Publication, TenantId};
use natter_store::{AppendOutcome, EmbeddedOptions, EmbeddedStore, LogAppend, LogRecord, ReadRequest, Store};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const DIRECTORY: &str = "NATTER_KILL9_DIRECTORY";
const FAULT: &str = "NATTER_FAULT";
const CHANNELS: usize = 4;
const APPENDS_MAX: u64 = 5_000;
const ROUNDS: u64 = 10;

/// The last acknowledged offset and the epoch of each channel.
type Acknowledged = BTreeMap<String, (u64, String)>;

fn channel(name: &str) -> ChannelKey {
    ChannelKey::new(TenantId::new("acme"), name)
}

fn payload(name: &str, offset: u64) -> Bytes {
    Bytes::from(format!("{name} {offset} {}", "x".repeat(usize::try_from(offset % 500).unwrap())))
}

fn append_of(name: &str, last: u64, count: u64) -> LogAppend {
    let record = |offset| LogRecord {
        publication: Arc::new(Publication {
            offset,
            seq: offset,
            data: payload(name, offset),
            ..Publication::default()
        }),
        idempotency_key: Some(Arc::from(offset.to_string())),
        id: Some(EntityId::new(offset, 0)),
        version: Some((offset, Arc::from(""))),
    };
    let records = (last + 1..=last + count).map(record).collect();
    LogAppend { channel: channel(name), expected_last_offset: last, records }
}

/// Appends until it is killed, or has had enough.
async fn write(store: Arc<EmbeddedStore>, name: String) {
    let head = store.open_log(&channel(&name), Epoch::new(format!("epoch-{name}"))).await.unwrap();
    let mut last = head.last_offset;
    for step in 0..APPENDS_MAX {
        let count = 1 + step % 4;
        let outcome = store.append(append_of(&name, last, count)).await.unwrap();
        assert_eq!(outcome, AppendOutcome::Appended);
        last += count;
        println!("acked {name} {last} {}", head.epoch);
    }
}

/// The child. Without its directory, as in an ordinary run of the tests, it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let store = Arc::new(EmbeddedStore::open(EmbeddedOptions::new(directory)).unwrap());
    let mut writers = tokio::task::JoinSet::new();
    for index in 0..CHANNELS {
        writers.spawn(write(Arc::clone(&store), format!("channel-{index}")));
    }
    writers.join_all().await;
}

/// Starts the child on a directory.
fn spawn(directory: &Path, fault: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env(DIRECTORY, directory).env_remove(FAULT);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.envs(fault.map(|fault| (FAULT, fault))).spawn().unwrap()
}

/// Reads whole lines on a thread of their own, so that the child never waits for its reader.
fn lines_of(output: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
            // A line without its end was cut off by the kill.
            if line.ends_with('\n') && sender.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    lines
}

fn note(acknowledged: &mut Acknowledged, line: &str) {
    let Some((_, acked)) = line.split_once("acked ") else { return };
    let [name, offset, epoch] = acked.split_whitespace().collect::<Vec<_>>()[..] else { return };
    acknowledged.insert(name.to_owned(), (offset.parse().unwrap(), epoch.to_owned()));
}

/// Runs the child for a while, kills it and notes what it acknowledged.
fn run_and_kill(directory: &Path, fault: Option<&str>, random: &mut StdRng, acknowledged: &mut Acknowledged) {
    let mut child = spawn(directory, fault);
    let lines = lines_of(child.stdout.take().unwrap());
    // Two rounds in three let it get to work first; the others may strike while it opens.
    if random.random_ratio(2, 3) {
        let first = (0..20).map_while(|_| lines.recv_timeout(Duration::from_secs(30)).ok());
        first.for_each(|line| note(acknowledged, &line));
    }
    thread::sleep(Duration::from_micros(random.random_range(0..150_000)));
    child.kill().unwrap();
    child.wait().unwrap();
    lines.into_iter().for_each(|line| note(acknowledged, &line));
}

/// Whether the event at an offset is found by its number and its id.
async fn judge_index(store: &EmbeddedStore, name: &str, at: u64) -> Result<(), String> {
    let by_id = store.find_by_id(&channel(name), EntityId::new(at, 0)).await;
    let by_seq = store.find_seq(&channel(name), at).await;
    match (by_id, by_seq) {
        (Ok(Some(id)), Ok(Some(seq))) if (id, seq) == (at, at) => Ok(()),
        found => Err(format!("{name}: the event at {at} is found at {found:?}")),
    }
}

/// Whether a log is whole and holds everything that was acknowledged.
async fn judge_log(store: &EmbeddedStore, name: &str, acked: u64, epoch: &str) -> Result<(), String> {
    let head = store.open_log(&channel(name), Epoch::new("other")).await.map_err(|error| error.to_string())?;
    if head.epoch.as_str() != epoch {
        return Err(format!("{name}: the epoch was {epoch} and is {}", head.epoch));
    }
    if head.last_offset < acked {
        return Err(format!("{name}: {acked} was acknowledged, the log ends at {}", head.last_offset));
    }
    if head.version.as_ref().map_or(0, |(number, _)| *number) != head.last_offset {
        return Err(format!("{name}: the log ends at {}, its version is {:?}", head.last_offset, head.version));
    }
    let mut at = 1;
    while at <= head.last_offset {
        let events =
            store.read_log(&channel(name), ReadRequest::forward(at, 1000)).await.map_err(|error| error.to_string())?;
        if events.is_empty() {
            return Err(format!("{name}: nothing at {at} of {}", head.last_offset));
        }
        for event in events {
            if event.offset != at || event.data != payload(name, at) {
                return Err(format!("{name}: found {} at {at}", event.offset));
            }
            judge_index(store, name, at).await?;
            at += 1;
        }
    }
    let next = store.append(append_of(name, head.last_offset, 1)).await;
    if head.last_offset > 0 && !matches!(next, Ok(AppendOutcome::Appended)) {
        return Err(format!("{name}: the next append was answered with {next:?}"));
    }
    Ok(())
}

fn judge(directory: &Path, acknowledged: &Acknowledged) -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = EmbeddedStore::open(EmbeddedOptions::new(directory)).map_err(|error| error.to_string())?;
        for (name, (acked, epoch)) in acknowledged {
            judge_log(&store, name, *acked, epoch).await?;
        }
        store.close().await;
        Ok(())
    })
}

/// Kills round after round in one directory; answers with the first verdict that is against the engine.
fn rounds(fault: Option<&str>, seed: u64) -> Result<Acknowledged, String> {
    let directory = tempfile::tempdir().unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    let mut acknowledged = Acknowledged::new();
    for round in 0..ROUNDS {
        run_and_kill(directory.path(), fault, &mut random, &mut acknowledged);
        judge(directory.path(), &acknowledged).map_err(|verdict| format!("round {round}: {verdict}"))?;
    }
    Ok(acknowledged)
}

#[test]
fn acknowledged_events_survive() {
    let acknowledged = rounds(None, 9).unwrap();
    assert_eq!(acknowledged.len(), CHANNELS);
    assert!(acknowledged.values().all(|(last, _)| *last > 0));
}

/// The judge is worth something: it convicts a build that acknowledges too early.
#[cfg(feature = "faults")]
#[test]
fn early_acknowledgement_is_caught() {
    let verdict = rounds(Some("ack_before_commit"), 9).unwrap_err();
    assert!(verdict.contains("was acknowledged, the log ends at"), "{verdict}");
}
