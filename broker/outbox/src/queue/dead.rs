//! What people see of the queue, and what they do with jobs that were given up.

use serde::{Deserialize, Serialize};

use super::groups::GroupKey;
use super::job::{JobId, JobKind};
use super::outbox::{EnqueueError, Outbox};
use super::record::{PARTITIONS, Record};
use super::rows::Place;

/// Most jobs of one listing.
const LISTING_MAX: usize = 100;

/// Which jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Those that were given up.
    #[default]
    Dead,
    /// Those that wait for their first or next attempt.
    Waiting,
}

impl Selection {
    fn place(self) -> Place {
        match self {
            Self::Dead => Place::Dead,
            Self::Waiting => Place::Waiting,
        }
    }
}

/// A job without its payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobView {
    /// Its name, 32 hexadecimal digits.
    pub id: String,
    /// What it is about.
    pub kind: JobKind,
    /// Whose it is.
    pub tenant: String,
    /// As in the job.
    pub host: String,
    /// As in the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_key: Option<String>,
    /// When it was enqueued, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it is due; 0: at once.
    pub due_ms: i64,
    /// When it was given up; 0 if it was not.
    pub died_ms: i64,
    /// Failed attempts.
    pub attempts: u32,
    /// Why the last one failed.
    pub reason: String,
    /// Size of the payload.
    pub payload_bytes: usize,
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// In no order that means something.
    pub jobs: Vec<JobView>,
    /// Where to go on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Outbox {
    /// Lists up to `limit` (1 to 100) jobs, from the `next` of the listing before.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn list(
        &self,
        selection: Selection,
        from: Option<&str>,
        limit: usize,
    ) -> Result<Listing, natter_store::StoreError> {
        let limit = limit.clamp(1, LISTING_MAX);
        let (mut partition, mut after) = from.map_or((0, None), parse_cursor);
        let mut jobs = Vec::new();
        while partition < PARTITIONS {
            let room = limit - jobs.len();
            let page = self.0.rows.page(selection.place(), partition, after.as_deref(), room).await?;
            jobs.extend(page.records.iter().map(view));
            match page.next {
                Some(next) => after = Some(next),
                None => (partition, after) = (partition + 1, None),
            }
            if jobs.len() >= limit {
                break;
            }
        }
        let next = (partition < PARTITIONS).then(|| format!("{partition}:{}", after.unwrap_or_default()));
        Ok(Listing { jobs, next })
    }

    /// Queues a dead job again, under its name and at its old place, as if it had just been enqueued. False when there is none.
    ///
    /// # Errors
    /// The store failed; the job is dead, or waits, or (it may run twice then) both.
    pub async fn retry_dead(&self, id: JobId) -> Result<bool, EnqueueError> {
        let Some(mut record) = self.0.rows.dead(id).await? else { return Ok(false) };
        let kind = record.head.kind;
        record.head.since_ms = self.0.now_ms();
        (record.head.attempts, record.head.due_ms, record.head.died_ms) = (0, 0, 0);
        self.0.rows.set(Place::Waiting, &record).await?;
        self.0.tally.lock().came(&record.head);
        self.0.admit(&record);
        self.0.rows.remove(Place::Dead, &record).await?;
        self.0.tally.lock().buried(kind);
        Ok(true)
    }

    /// Tries what waits for another attempt now: jobs of a kind, of all tenants or of one. Answers how many lines of jobs
    /// there are; those that are not in memory wait for their time.
    pub fn hurry(&self, kind: JobKind, tenant: Option<&str>) -> usize {
        let is_meant = |key: &GroupKey| key.kind == kind && tenant.is_none_or(|tenant| key.tenant.as_str() == tenant);
        let lanes = self.0.schedule.lock().hurry(is_meant);
        self.0.wake.notify_one();
        lanes
    }

    /// Removes a dead job for good. False when there is none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn discard_dead(&self, id: JobId) -> Result<bool, natter_store::StoreError> {
        let Some(dead) = self.0.rows.dead(id).await? else { return Ok(false) };
        self.0.rows.remove(Place::Dead, &dead).await?;
        self.0.tally.lock().buried(dead.head.kind);
        Ok(true)
    }
}

fn parse_cursor(cursor: &str) -> (usize, Option<String>) {
    let (partition, after) = cursor.split_once(':').unwrap_or((cursor, ""));
    (partition.parse().unwrap_or(PARTITIONS), Some(after.to_owned()).filter(|after| !after.is_empty()))
}

fn view(record: &Record) -> JobView {
    let head = record.head.clone();
    JobView {
        id: record.id.to_string(),
        kind: head.kind,
        tenant: head.tenant,
        host: head.host,
        order_key: head.order_key,
        created_ms: head.created_ms,
        due_ms: head.due_ms,
        died_ms: head.died_ms,
        attempts: head.attempts,
        reason: head.reason,
        payload_bytes: record.payload.len(),
    }
}
