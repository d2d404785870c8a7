//! What needs a cluster of the test's own: nodes that stop answering, logging in, TLS. Each test starts one with the
//! kit in `tests/services/cassandra`, which needs a JDK 17 and Maven.
#![cfg(feature = "cql-tests")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use natter_core::{ChannelKey, Epoch, Publication, TenantId};
use natter_store::{
    AppendOutcome, CqlCredentials, CqlTls, LogAppend, LogRecord, ReadRequest, ScyllaOptions, ScyllaStore, Store,
    StoreError, StoreHealth,
};
use tempfile::TempDir;

/// A cluster that is gone with its test.
struct Cluster {
    directory: TempDir,
    contact_points: Vec<String>,
}

impl Cluster {
    fn start(options: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let output = kit(directory.path(), &[&["start", "--commitlog", "batch", "--port", "0"], options].concat());
        let contact_points = output.trim().split(',').map(str::to_owned).collect();
        Self { directory, contact_points }
    }

    fn tell(&self, command: &str, node: &str) {
        kit(self.directory.path(), &[command, node]);
    }

    fn options(&self) -> ScyllaOptions {
        let copies = u8::try_from(self.contact_points.len()).unwrap();
        ScyllaOptions { replication_factor: copies, ..ScyllaOptions::new(self.contact_points.clone(), "natter") }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(path()).args(["stop", "--wipe", "--dir"]).arg(self.directory.path().join("c")).status();
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/services/cassandra/kit.py")
}

fn kit(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new(path()).args(arguments).arg("--dir").arg(directory.join("c")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn channel() -> ChannelKey {
    ChannelKey::new(TenantId::new("acme"), "news")
}

async fn append(store: &dyn Store, offset: u64) -> AppendOutcome {
    let publication = Publication { offset, seq: offset, data: offset.to_string().into(), ..Publication::default() };
    let records = vec![LogRecord { publication: Arc::new(publication), ..LogRecord::default() }];
    let append = LogAppend { channel: channel(), expected_last_offset: offset - 1, records };
    store.append(append).await.unwrap()
}

async fn count(store: &dyn Store) -> usize {
    store.read_log(&channel(), ReadRequest::forward(1, 100)).await.unwrap().len()
}

/// With one of three nodes paused, a reader that asks further replicas early gets every answer; appends go on as well;
/// and a reader that never does is left waiting by the node that it happens to ask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speculative_reads_go_around_a_paused_node() {
    let cluster = Cluster::start(&["--nodes", "3"]);
    let request_timeout = Duration::from_secs(4);
    let patient = ScyllaOptions { request_timeout, speculate_after: None, ..cluster.options() };
    let patient = ScyllaStore::open(patient).await.unwrap();
    let request_timeout = Duration::from_secs(20);
    let store = ScyllaStore::open(ScyllaOptions { request_timeout, ..cluster.options() }).await.unwrap();
    store.open_log(&channel(), Epoch::new("epoch")).await.unwrap();
    for offset in 1..=20 {
        assert_eq!(append(&store, offset).await, AppendOutcome::Appended);
    }
    cluster.tell("pause", "3");
    let mut left_waiting = 0;
    for _ in 0..12 {
        assert_eq!(count(&store).await, 20);
        left_waiting += usize::from(patient.read_log(&channel(), ReadRequest::forward(1, 100)).await.is_err());
    }
    assert!(left_waiting > 0, "the paused node was never asked, so nothing was shown");
    cluster.tell("resume", "3");
    let head = store.open_log(&channel(), Epoch::new("other")).await.unwrap();
    assert_eq!((head.epoch.as_str(), head.last_offset), ("epoch", 20));
}

/// One of three nodes dies and comes back while a writer goes on: nothing acknowledged is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_dies_under_a_writer() {
    let cluster = Cluster::start(&["--nodes", "3"]);
    let store = ScyllaStore::open(cluster.options()).await.unwrap();
    let mut head = store.open_log(&channel(), Epoch::new("epoch")).await.unwrap();
    let mut acknowledged = 0;
    for step in 0..60 {
        match step {
            20 => cluster.tell("kill", "2"),
            40 => cluster.tell("revive", "2"),
            _ => {}
        }
        let next = head.last_offset + 1;
        let publication =
            Publication { offset: next, seq: next, data: next.to_string().into(), ..Publication::default() };
        let records = vec![LogRecord { publication: Arc::new(publication), ..LogRecord::default() }];
        let append = LogAppend { channel: channel(), expected_last_offset: head.last_offset, records };
        match store.append(append).await {
            Ok(AppendOutcome::Appended) => {
                acknowledged = next;
                (head.last_offset, head.last_seq) = (next, next);
            }
            _ => head = store.open_log(&channel(), Epoch::new("unused")).await.unwrap(),
        }
    }
    let events = store.read_log(&channel(), ReadRequest::forward(1, 1000)).await.unwrap();
    let offsets: Vec<u64> = events.iter().map(|event| event.offset).collect();
    assert!(acknowledged > 40, "{acknowledged}");
    assert!(offsets.len() as u64 >= acknowledged);
    assert_eq!(offsets, (1..=offsets.len() as u64).collect::<Vec<_>>());
}

/// A cluster that asks for a password and for TLS gets both, and turns away whoever has not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn password_and_tls() {
    let cluster = Cluster::start(&["--password", "--tls"]);
    let authorities = cluster.directory.path().join("c/ca.pem");
    let credentials = |password: &str| CqlCredentials { username: "cassandra".into(), password: password.into() };
    let options = |password, authorities| ScyllaOptions {
        credentials: Some(credentials(password)),
        tls: Some(CqlTls { authorities, identity: None }),
        ..cluster.options()
    };
    let store = ScyllaStore::open(options("cassandra", authorities.clone())).await.unwrap();
    store.open_log(&channel(), Epoch::new("epoch")).await.unwrap();
    assert_eq!(append(&store, 1).await, AppendOutcome::Appended);
    assert_eq!((count(&store).await, store.health()), (1, StoreHealth::Ready));
    store.close().await;

    let wrong = ScyllaStore::open(options("wrong", authorities)).await.err().unwrap();
    assert!(matches!(&wrong, StoreError::Unavailable(text) if text.contains("Authentication")), "{wrong}");
    let stranger = cluster.directory.path().join("stranger.pem");
    std::fs::write(&stranger, STRANGER).unwrap();
    assert!(ScyllaStore::open(options("cassandra", stranger)).await.is_err());
    let plain = ScyllaOptions { credentials: Some(credentials("cassandra")), ..cluster.options() };
    assert!(ScyllaStore::open(plain).await.is_err());
}

/// The certificate of an authority that signed none of the nodes; its key was thrown away.
const STRANGER: &str = "\
-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUTQWMj8rKt8jrQ/xmc8XR1jV/0t0wCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyMTEzMDkyMloYDzIxMjYxMDI4MTMw
OTIyWjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AASvD3EDYzQ5XUhfHf7QcP1Rg69D0xmDKLGICvhvVKrfibDBu3GUcbQcJeJvuJdG
ojkLpYo0SzMofxUz0gSxPIkDo1MwUTAdBgNVHQ4EFgQUqG3b6wJdJxF8JYjQpXqa
wV6p7vQwHwYDVR0jBBgwFoAUqG3b6wJdJxF8JYjQpXqawV6p7vQwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAh9L/HkB3OyN/4yp2RdGizz0OH1S7
i0OomX74IsE/rDMCIC2gaxJst7vWhHdZONmnFdJ7lsmQil6LWQsUR7wqmfS8
-----END CERTIFICATE-----
";
