//! The queue as callers see it.

use std::sync::Arc;
use std::time::Duration;

use natter_core::TenantId;
use natter_store::{Store, StoreError};
use parking_lot::{Mutex, RwLock};
use rand::RngCore;
use thiserror::Error;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::gauges::Tally;
use super::groups::GroupKey;
use super::job::{Deliverer, HOST_BYTES_MAX, Job, JobId, JobKind, ORDER_KEY_BYTES_MAX, PAYLOAD_BYTES_MAX};
use super::options::OutboxOptions;
use super::record::{LaneId, Record};
use super::rows::{Place, Rows};
use super::schedule::{LaneHead, Schedule};
use super::{dispatch, survey};

/// Why there is no outbox.
#[derive(Debug, Error)]
#[error("the outbox cannot be opened: {0}")]
pub struct OutboxError(#[from] StoreError);

/// Why a job was not taken.
#[derive(Debug, Error)]
pub enum EnqueueError {
    /// A bound of [`Job`] is broken; the name of the field.
    #[error("the job's {0} is too long")]
    TooLarge(&'static str),
    /// The tenant has as many waiting jobs as it may have.
    #[error("the tenant's backlog is full")]
    Full,
    /// It is unknown whether the job is kept; it may run.
    #[error("the job could not be stored: {0}")]
    Store(#[from] StoreError),
}

/// The durable queue; clones share it.
#[derive(Clone)]
pub struct Outbox(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) rows: Rows,
    pub(super) options: OutboxOptions,
    pub(super) schedule: Mutex<Schedule>,
    pub(super) tally: Mutex<Tally>,
    deliverers: RwLock<[Option<Arc<dyn Deliverer>>; 4]>,
    pub(super) wake: Notify,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    /// The number of this start; jobs of earlier ones have a lower one.
    pub(super) start: u32,
}

impl Outbox {
    /// Opens the queue of a store. Nothing is delivered before [`Outbox::start`].
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn open(store: Arc<dyn Store>, options: OutboxOptions) -> Result<Self, OutboxError> {
        let rows = Rows::new(store, &options.owner);
        let start = rows.count_start().await?;
        Ok(Self(Arc::new(Shared {
            rows,
            schedule: Mutex::new(Schedule::new(start, &options)),
            options,
            tally: Mutex::default(),
            deliverers: RwLock::default(),
            wake: Notify::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            start,
        })))
    }

    /// Sets who does the work of a kind. Jobs of a kind that nobody does wait, without getting older attempts.
    pub fn register(&self, kind: JobKind, deliverer: Arc<dyn Deliverer>) {
        self.0.deliverers.write()[kind.index()] = Some(deliverer);
        self.0.wake.notify_one();
    }

    /// Starts to deliver, on the runtime of the caller: first what an earlier start has left, then what comes.
    pub fn start(&self) {
        self.0.tasks.spawn(survey::run(Arc::clone(&self.0)));
        self.0.tasks.spawn(dispatch::run(Arc::clone(&self.0)));
    }

    /// Takes no more turns, and waits for the attempts under way; whoever does not want to wait bounds it. What is not
    /// done by then is done after the next start.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Takes a job: once this returns its name, the job is durable. Its place among the jobs of its order key is taken by
    /// the call, not when the future is first polled.
    ///
    /// # Errors
    /// A bound is broken, the tenant's backlog is full, or the store failed.
    pub fn enqueue(&self, job: Job) -> impl Future<Output = Result<JobId, EnqueueError>> + Send + 'static {
        self.enqueue_later(job, Duration::ZERO)
    }

    /// [`Outbox::enqueue`] of a job that is not to be done before `delay` has passed. Those behind it in its order wait
    /// with it.
    ///
    /// # Errors
    /// As [`Outbox::enqueue`].
    pub fn enqueue_later(
        &self,
        job: Job,
        delay: Duration,
    ) -> impl Future<Output = Result<JobId, EnqueueError>> + Send + 'static {
        let begun = self.0.begin(job, delay);
        async move {
            let (write, record) = begun?;
            write.shared.rows.set(Place::Waiting, &record).await?;
            write.shared.tally.lock().came(&record.head);
            Ok(record.id)
        }
    }
}

impl Shared {
    fn begin(self: &Arc<Self>, job: Job, delay: Duration) -> Result<(Write, Record), EnqueueError> {
        check(&job)?;
        if self.tally.lock().of_tenant(job.tenant.as_str()) >= self.options.backlog_per_tenant_max {
            return Err(EnqueueError::Full);
        }
        let mut record = Record::new(JobId::new(0, 0, 0), job, self.now_ms());
        if !delay.is_zero() {
            record.head.put_off(delay);
        }
        let head = head_of(&record);
        let random = rand::rng().next_u64();
        let (id, lane) = self.schedule.lock().begin_write(random, |id| {
            record.id = id;
            record.lane()
        });
        Ok((Write { shared: Arc::clone(self), lane, id, head: Some(head) }, record))
    }

    pub(super) fn deliverer(&self, kind: JobKind) -> Option<Arc<dyn Deliverer>> {
        self.deliverers.read()[kind.index()].clone()
    }

    pub(super) fn now_ms(&self) -> i64 {
        (self.options.clock)()
    }

    /// There is a job in this lane: whoever dispatches looks at it.
    pub(super) fn admit(&self, record: &Record) {
        self.schedule.lock().admit(record.lane(), head_of(record));
        self.wake.notify_one();
    }
}

/// What the schedule has to know of a record.
pub(super) fn head_of(record: &Record) -> LaneHead {
    let head = &record.head;
    let group =
        GroupKey { tenant: TenantId::new(head.tenant.as_str()), kind: head.kind, host: head.host.as_str().into() };
    LaneHead { group, due_ms: head.due_ms, since_ms: head.since_ms }
}

fn check(job: &Job) -> Result<(), EnqueueError> {
    let order_key_bytes = job.order_key.as_ref().map_or(0, String::len);
    let fields = [
        ("order key", order_key_bytes, ORDER_KEY_BYTES_MAX),
        ("host", job.host.len(), HOST_BYTES_MAX),
        ("payload", job.payload.len(), PAYLOAD_BYTES_MAX),
    ];
    match fields.into_iter().find(|(_, bytes, bytes_max)| bytes > bytes_max) {
        Some((field, ..)) => Err(EnqueueError::TooLarge(field)),
        None => Ok(()),
    }
}

/// A job's write. However it ends, or if its caller goes away, the lane is looked at: its row may be there.
struct Write {
    shared: Arc<Shared>,
    lane: LaneId,
    id: JobId,
    head: Option<LaneHead>,
}

impl Drop for Write {
    fn drop(&mut self) {
        if let Some(head) = self.head.take() {
            self.shared.schedule.lock().written(self.lane, self.id, head);
            self.shared.wake.notify_one();
        }
    }
}
