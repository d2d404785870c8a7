//! How a job is kept: a version byte, the length of a JSON head, the head, the payload.

use std::time::Duration;

use bytes::Bytes;
use natter_core::TenantId;
use natter_store::StoreError;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::job::{Delivery, Job, JobId, JobKind};
use super::options::millis;

const FORMAT: u8 = 1;
/// Version byte and length.
const PREFIX_BYTES: usize = 5;
/// Most bytes of a reason that are kept.
const REASON_BYTES_MAX: usize = 300;

/// A job with what has happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) id: JobId,
    pub(super) head: Head,
    pub(super) payload: Bytes,
}

/// All of a record but its name and payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) tenant: String,
    pub(super) kind: JobKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) order_key: Option<String>,
    pub(super) host: String,
    /// When it was enqueued.
    pub(super) created_ms: i64,
    /// From when its age is counted: enqueued, due for the first time, or brought back to life.
    pub(super) since_ms: i64,
    /// Failed attempts since then.
    #[serde(default)]
    pub(super) attempts: u32,
    /// Not before this time.
    #[serde(default)]
    pub(super) due_ms: i64,
    /// Why the last attempt failed, or why it was given up.
    #[serde(default)]
    pub(super) reason: String,
    /// When it was given up; 0 while it waits.
    #[serde(default)]
    pub(super) died_ms: i64,
}

impl Head {
    /// Nothing is done before a delay has passed, and its age counts from then.
    pub(super) fn put_off(&mut self, delay: Duration) {
        self.due_ms = self.created_ms.saturating_add_unsigned(millis(delay));
        self.since_ms = self.due_ms;
    }
}

impl Record {
    pub(super) fn new(id: JobId, job: Job, now_ms: i64) -> Self {
        let head = Head {
            tenant: job.tenant.as_str().to_owned(),
            kind: job.kind,
            order_key: job.order_key,
            host: job.host,
            created_ms: now_ms,
            since_ms: now_ms,
            attempts: 0,
            due_ms: 0,
            reason: String::new(),
            died_ms: 0,
        };
        Self { id, head, payload: job.payload }
    }

    pub(super) fn set_reason(&mut self, reason: &str) {
        let end = reason.floor_char_boundary(REASON_BYTES_MAX);
        reason[..end].clone_into(&mut self.head.reason);
    }

    pub(super) fn lane(&self) -> LaneId {
        lane_of(self.id, &self.head)
    }

    pub(super) fn delivery(&self) -> Delivery {
        Delivery {
            id: self.id,
            tenant: TenantId::new(self.head.tenant.as_str()),
            order_key: self.head.order_key.clone(),
            host: self.head.host.clone(),
            payload: self.payload.clone(),
            created_ms: self.head.created_ms,
            attempts: self.head.attempts,
        }
    }

    pub(super) fn encode(&self) -> Result<Bytes, StoreError> {
        let corrupt = |error: serde_json::Error| StoreError::Corrupt(error.to_string());
        let head = serde_json::to_vec(&self.head).map_err(corrupt)?;
        let length = u32::try_from(head.len()).map_err(|_| StoreError::Corrupt("a head of 4 GiB".to_owned()))?;
        let mut bytes = Vec::with_capacity(PREFIX_BYTES + head.len() + self.payload.len());
        bytes.push(FORMAT);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&self.payload);
        Ok(bytes.into())
    }

    pub(super) fn decode(id: JobId, bytes: &Bytes) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Corrupt(format!("the outbox job {id}: {what}"));
        let (prefix, rest) = bytes.split_first_chunk::<PREFIX_BYTES>().ok_or_else(|| damaged("cut short"))?;
        let [format, length @ ..] = *prefix;
        if format != FORMAT {
            return Err(damaged("an unknown format"));
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        let head = rest.get(..length).ok_or_else(|| damaged("cut short"))?;
        let head = serde_json::from_slice(head).map_err(|error| damaged(&error.to_string()))?;
        Ok(Self { id, head, payload: bytes.slice(PREFIX_BYTES + length..) })
    }
}

/// Jobs that run one after the other: those of an order key, or a single one that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LaneId {
    kind: JobKind,
    /// Apart from the key, so that no choice of keys leads into another tenant's lane.
    tenant: u64,
    key: u128,
}

/// Partitions of the queue and of the dead.
pub(super) const PARTITIONS: usize = 64;

impl LaneId {
    pub(super) fn partition(self) -> usize {
        (self.key % PARTITIONS as u128) as usize
    }

    /// What the keys of its rows begin with.
    pub(super) fn prefix(self) -> String {
        format!("{}.{:016x}{:032x}/", self.kind, self.tenant, self.key)
    }

    /// After the last of its rows.
    pub(super) fn end(self) -> String {
        self.prefix() + "~"
    }
}

fn lane_of(id: JobId, head: &Head) -> LaneId {
    let mut hash = Xxh3::new();
    match &head.order_key {
        Some(key) => {
            hash.update(b"k");
            hash.update(key.as_bytes());
        }
        None => {
            hash.update(b"j");
            hash.update(&id.spread().to_be_bytes());
            hash.update(id.to_string().as_bytes());
        }
    }
    LaneId { kind: head.kind, tenant: xxh3_64(head.tenant.as_bytes()), key: hash.digest128() }
}
