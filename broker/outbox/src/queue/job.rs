//! What is queued, and who does it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use natter_core::TenantId;
use serde::{Deserialize, Serialize};

/// Most bytes of a job's payload.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// Most bytes of an order key.
pub const ORDER_KEY_BYTES_MAX: usize = 512;
/// Most bytes of a host.
pub const HOST_BYTES_MAX: usize = 255;

/// What a job is about. The set is closed: the names are labels of metrics and part of stored keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// A `POST` to a tenant's server.
    Webhook,
    /// A notification to a user's device.
    Push,
    /// A look at a link in a message.
    LinkPreview,
    /// A mail.
    Mail,
}

impl JobKind {
    /// Every kind, in the order of [`JobKind::index`].
    pub const ALL: [Self; 4] = [Self::Webhook, Self::Push, Self::LinkPreview, Self::Mail];

    /// Its name in metrics, stored keys and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Push => "push",
            Self::LinkPreview => "link_preview",
            Self::Mail => "mail",
        }
    }

    /// Its place in [`JobKind::ALL`].
    pub(super) fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for JobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Work to be done after the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which deliverer does it.
    pub kind: JobKind,
    /// Jobs of a tenant and kind with the same key run one after the other, in the order of the calls to `enqueue`; up
    /// to [`ORDER_KEY_BYTES_MAX`] bytes. Without it a job waits for no other.
    pub order_key: Option<String>,
    /// Whom the work talks to: jobs with the same host share its slots and its failures. Up to [`HOST_BYTES_MAX`] bytes.
    pub host: String,
    /// What the deliverer needs; up to [`PAYLOAD_BYTES_MAX`] bytes.
    pub payload: Bytes,
}

/// A job's name: stays the same over repeats and restarts, sorts by the order of enqueueing, and cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(u128);

const RANDOM_BITS: u32 = 48;
const SEQUENCE_BITS: u32 = 48;

impl JobId {
    /// Joins the number of the node's start, the number of the job since then, and a random tail.
    pub(crate) fn new(start: u32, sequence: u64, random: u64) -> Self {
        let tail = u128::from(random) & ((1 << RANDOM_BITS) - 1);
        let middle = u128::from(sequence) & ((1 << SEQUENCE_BITS) - 1);
        Self(u128::from(start) << (RANDOM_BITS + SEQUENCE_BITS) | middle << RANDOM_BITS | tail)
    }

    /// The number of the node's start in which it was enqueued.
    pub(super) fn start(self) -> u32 {
        (self.0 >> (RANDOM_BITS + SEQUENCE_BITS)) as u32
    }

    /// A number that spreads jobs evenly.
    pub(super) fn spread(self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&self.0.to_be_bytes())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for JobId {
    type Err = std::num::ParseIntError;

    /// # Errors
    /// Not 32 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_whole = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(if is_whole { text } else { "" }, 16).map(Self)
    }
}

/// A job whose turn it is.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The job's name, the same at every attempt.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantId,
    /// As in the job.
    pub order_key: Option<String>,
    /// As in the job.
    pub host: String,
    /// As in the job.
    pub payload: Bytes,
    /// When it was enqueued, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// Attempts before this one.
    pub attempts: u32,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The work is done.
    Done,
    /// It may work later.
    Retry {
        /// Why it did not, for people; no reply content of the other side.
        reason: String,
        /// The other side asked for a wait of at least this long.
        after: Option<Duration>,
    },
    /// It never will.
    Dead {
        /// Why, for people.
        reason: String,
    },
}

impl Outcome {
    /// A failure that may pass.
    pub fn retry(reason: impl fmt::Display) -> Self {
        Self::Retry { reason: reason.to_string(), after: None }
    }

    /// A failure that will not pass.
    pub fn dead(reason: impl fmt::Display) -> Self {
        Self::Dead { reason: reason.to_string() }
    }
}

/// Does the work of one kind of job.
///
/// It is called again for the same job whenever nobody knows whether it was done, so the work bears repetition. A call
/// that takes longer than [`OutboxOptions::attempt_time_max`](super::OutboxOptions::attempt_time_max) is dropped.
#[async_trait]
pub trait Deliverer: Send + Sync + 'static {
    /// Makes one attempt.
    async fn deliver(&self, delivery: &Delivery) -> Outcome;
}
