//! The row of a key: finding its answer, taking the work over, leaving the answer.
//!
//! Rows stand in partitions by the day of their first use, and within it by the first byte of the digest. A look-up reads
//! yesterday's and today's, and the rows of a day are deleted together.

use std::time::Duration;

use bytes::Bytes;
use natter_core::TenantId;
use natter_store::{IDEMPOTENCY_TTL_MS, Row, RowKey, RowWriteOutcome, StoreError};

use super::row::{self, Answer, State, Stored};
use super::{Digest, Idempotency, key};
use crate::rejection::Rejection;

pub(super) const ANSWERS: &str = "idempotency";
pub(super) const DAYS: &str = "idempotency_days";
pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long a pending row of another node is believed without being renewed.
pub(super) const LEASE_MS: i64 = 60_000;
/// Pause between two looks at another node's pending row.
const POLL: Duration = Duration::from_millis(200);
/// Looks before the caller is told to come again: 30 s.
const LOOKS_MAX: usize = 150;
/// Tenants and days that are remembered as known to the index.
const DAYS_KNOWN_MAX: usize = 10_000;

/// A pending row that is this process's.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) row: RowKey,
    pub(super) version: u64,
    pub(super) expires_ms: i64,
}

/// What the store says of a key.
pub(super) enum Found {
    Answered(Answer),
    /// Nobody has done the work; the caller is to do it.
    Claimed(Claim),
}

/// One look at the rows of a key.
enum Look {
    Found(Found),
    /// Another node is at work.
    Elsewhere,
    /// The row changed while it was looked at.
    Changed,
}

impl Idempotency {
    /// Finds a key's answer or claims its work.
    ///
    /// # Errors
    /// The store cannot be reached, or another node is at work for longer than a request can wait.
    pub(super) async fn claim(&self, tenant: &TenantId, digest: &Digest) -> Result<Found, Rejection> {
        for _ in 0..LOOKS_MAX {
            match self.look(tenant, digest).await? {
                Look::Found(found) => return Ok(found),
                Look::Changed => {}
                Look::Elsewhere => tokio::time::sleep(POLL).await,
            }
        }
        Err(Rejection::unavailable())
    }

    async fn look(&self, tenant: &TenantId, digest: &Digest) -> Result<Look, Rejection> {
        let now = (self.clock)();
        let today = now.div_euclid(DAY_MS);
        for day in [today - 1, today] {
            let key = row_key(tenant, day, digest);
            let Some(row) = self.store.get_row(&key).await? else { continue };
            let stored = read(&row)?;
            match stored.state {
                _ if now >= stored.expires_ms => {}
                State::Answered(answer) => return Ok(Look::Found(Found::Answered(answer))),
                State::Pending { owner, lease_until_ms } => {
                    let may_live = self.is_cluster && owner != self.owner && now < lease_until_ms;
                    if may_live {
                        return Ok(Look::Elsewhere);
                    }
                    return self.write_claim(key, row.version, stored.expires_ms, now).await;
                }
            }
        }
        self.index_day(tenant, today).await?;
        let (row, expires_ms) = (row_key(tenant, today, digest), now.saturating_add(IDEMPOTENCY_TTL_MS));
        self.write_claim(row, 0, expires_ms, now).await
    }

    async fn write_claim(&self, row: RowKey, version: u64, expires_ms: i64, now: i64) -> Result<Look, Rejection> {
        let pending = self.pending(expires_ms, now);
        Ok(match self.store.put_row(&row, version, pending).await? {
            RowWriteOutcome::Written(version) => Look::Found(Found::Claimed(Claim { row, version, expires_ms })),
            RowWriteOutcome::Conflict(_) => Look::Changed,
        })
    }

    fn pending(&self, expires_ms: i64, now: i64) -> Bytes {
        let lease_until_ms = now.saturating_add(LEASE_MS);
        row::encode_pending(expires_ms, self.owner, lease_until_ms)
    }

    /// Says that the work goes on, to other nodes that share the store.
    pub(super) async fn renew(&self, claim: &mut Claim) {
        if !self.is_cluster {
            return;
        }
        let pending = self.pending(claim.expires_ms, (self.clock)());
        match self.store.put_row(&claim.row, claim.version, pending).await {
            Ok(RowWriteOutcome::Written(version)) => claim.version = version,
            Ok(RowWriteOutcome::Conflict(_)) => tracing::warn!("another node took an idempotency key over"),
            Err(error) => tracing::warn!(%error, "an idempotency key could not be renewed"),
        }
    }

    /// Keeps a final answer, and gives the key free after any other.
    ///
    /// The work is done whatever happens here, so a failure is logged only: a repeat would do it again then, and what
    /// carries the key is still stored once.
    pub(super) async fn settle(&self, claim: Claim, answer: &Answer) {
        let Claim { row, version, expires_ms } = claim;
        let written = if answer.is_final() {
            self.store.put_row(&row, version, row::encode_answer(expires_ms, answer)).await
        } else {
            self.store.delete_row(&row, version).await
        };
        match written {
            Ok(RowWriteOutcome::Written(_)) => {}
            Ok(RowWriteOutcome::Conflict(_)) => tracing::warn!("another node answered an idempotency key as well"),
            Err(error) => tracing::warn!(%error, "the answer of an idempotency key could not be kept"),
        }
    }

    /// Notes that a day has rows, before the first one is written.
    async fn index_day(&self, tenant: &TenantId, day: i64) -> Result<(), StoreError> {
        let entry = (tenant.clone(), day);
        if self.days.lock().contains(&entry) {
            return Ok(());
        }
        // A conflict says that it is there already.
        self.store.put_row(&day_key(tenant, day), 0, Bytes::new()).await?;
        let mut days = self.days.lock();
        if days.len() >= DAYS_KNOWN_MAX {
            days.clear();
        }
        days.insert(entry);
        Ok(())
    }
}

fn read(row: &Row) -> Result<Stored, Rejection> {
    Stored::decode(&row.value).ok_or_else(|| Rejection::internal(&"a row of an idempotency key is damaged"))
}

fn row_key(tenant: &TenantId, day: i64, digest: &Digest) -> RowKey {
    let row = key::hex(digest);
    RowKey { tenant: tenant.clone(), table: ANSWERS, partition: partition(day, digest[0]), row }
}

pub(super) fn partition(day: i64, first_byte: u8) -> String {
    format!("{day:08}/{first_byte:02x}")
}

pub(super) fn day_key(tenant: &TenantId, day: i64) -> RowKey {
    RowKey { tenant: tenant.clone(), table: DAYS, partition: String::new(), row: format!("{day:08}") }
}
