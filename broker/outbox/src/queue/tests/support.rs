//! A deliverer that answers by a script, and an outbox in simulated time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::TenantId;
use natter_store::{MemoryStore, Store};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::queue::job::{Deliverer, Delivery, Job, JobKind, Outcome};
use crate::queue::options::{OutboxOptions, RetryPolicy};
use crate::queue::outbox::Outbox;

/// Where the simulated wall clock begins.
pub(super) const EPOCH_MS: i64 = 1_700_000_000_000;

type Script = Box<dyn Fn(&Delivery) -> Step + Send + Sync>;

/// What a delivery does.
pub(super) enum Step {
    Answer(Outcome),
    Hang,
    Panic,
}

/// Remembers every attempt.
pub(super) struct Scripted {
    script: Script,
    pub(super) seen: Mutex<Vec<(i64, String, String)>>,
    pub(super) running: Mutex<Vec<String>>,
    pub(super) running_max: Mutex<usize>,
    clock: natter_store::Clock,
    takes: Duration,
}

#[async_trait]
impl Deliverer for Scripted {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        let name = String::from_utf8_lossy(&delivery.payload).into_owned();
        self.seen.lock().push(((self.clock)() - EPOCH_MS, name.clone(), delivery.id.to_string()));
        {
            let mut running = self.running.lock();
            running.push(name.clone());
            let mut most = self.running_max.lock();
            *most = running.len().max(*most);
        }
        tokio::time::sleep(self.takes).await;
        let step = (self.script)(delivery);
        if matches!(step, Step::Hang) {
            std::future::pending::<()>().await;
        }
        self.running.lock().retain(|other| *other != name);
        match step {
            Step::Answer(outcome) => outcome,
            Step::Hang | Step::Panic => panic!("scripted"),
        }
    }
}

impl Scripted {
    pub(super) fn names(&self) -> Vec<String> {
        self.seen.lock().iter().map(|(_, name, _)| name.clone()).collect()
    }
}

pub(super) struct Bench {
    pub(super) outbox: Outbox,
    pub(super) work: Arc<Scripted>,
}

pub(super) fn options() -> OutboxOptions {
    let started = Instant::now();
    let policy = RetryPolicy {
        initial: Duration::from_secs(1),
        max: Duration::from_secs(60),
        give_up_after: Duration::from_secs(3600),
    };
    OutboxOptions {
        policies: [policy; 4],
        clock: Arc::new(move || EPOCH_MS + i64::try_from(started.elapsed().as_millis()).unwrap()),
        jitter: Arc::new(|max| max),
        ..OutboxOptions::default()
    }
}

impl Bench {
    pub(super) async fn new(
        store: &Arc<MemoryStore>,
        options: OutboxOptions,
        script: impl Fn(&Delivery) -> Step + Send + Sync + 'static,
    ) -> Self {
        Self::taking(Duration::ZERO, store, options, script).await
    }

    pub(super) async fn taking(
        takes: Duration,
        store: &Arc<MemoryStore>,
        options: OutboxOptions,
        script: impl Fn(&Delivery) -> Step + Send + Sync + 'static,
    ) -> Self {
        let clock = options.clock.clone();
        let store: Arc<dyn Store> = store.clone();
        let outbox = Outbox::open(store, options).await.unwrap();
        let work = Arc::new(Scripted {
            script: Box::new(script),
            seen: Mutex::default(),
            running: Mutex::default(),
            running_max: Mutex::default(),
            clock,
            takes,
        });
        outbox.register(JobKind::Webhook, work.clone());
        Self { outbox, work }
    }

    /// Waits, in simulated time, until as many attempts were made.
    pub(super) async fn until_attempts(&self, count: usize) {
        for _ in 0..200_000 {
            if self.work.seen.lock().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("only {} of {count} attempts", self.work.seen.lock().len());
    }

    /// Waits, in simulated time, until nothing waits.
    pub(super) async fn until_empty(&self) {
        for _ in 0..200_000 {
            if self.outbox.0.tally.lock().all_waiting() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} jobs still wait", self.outbox.0.tally.lock().all_waiting());
    }
}

pub(super) fn job(tenant: &str, key: Option<&str>, host: &str, name: &str) -> Job {
    Job {
        tenant: TenantId::new(tenant),
        kind: JobKind::Webhook,
        order_key: key.map(str::to_owned),
        host: host.to_owned(),
        payload: Bytes::from(name.to_owned()),
    }
}

pub(super) fn done(_: &Delivery) -> Step {
    Step::Answer(Outcome::Done)
}
