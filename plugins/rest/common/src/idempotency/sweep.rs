//! Deleting what has expired.

use natter_core::TenantId;
use natter_store::{RowKey, StoreError};

use super::Idempotency;
use super::claim::{ANSWERS, DAY_MS, DAYS, day_key, partition};

/// Rows and bytes of one read.
const PAGE_ROWS: usize = 500;
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Days of one round; a node that was away for longer catches up in the next rounds.
const DAYS_MAX: usize = 32;

impl Idempotency {
    /// Deletes the rows of the days in which every key has expired: those before yesterday.
    ///
    /// # Errors
    /// The store cannot be reached; what is left is deleted next time.
    pub async fn sweep(&self, tenant: &TenantId) -> Result<(), StoreError> {
        let today = (self.clock)().div_euclid(DAY_MS);
        for (day, row) in self.store.scan_rows(tenant, DAYS, "", None, DAYS_MAX, PAGE_BYTES).await? {
            let Some(day) = day.parse::<i64>().ok().filter(|day| *day < today - 1) else { continue };
            for first_byte in 0..=u8::MAX {
                self.sweep_partition(tenant, &partition(day, first_byte)).await?;
            }
            self.store.delete_row(&day_key(tenant, day), row.version).await?;
        }
        Ok(())
    }

    async fn sweep_partition(&self, tenant: &TenantId, partition: &str) -> Result<(), StoreError> {
        let mut after: Option<String> = None;
        loop {
            let after_row = after.as_deref();
            let page = self.store.scan_rows(tenant, ANSWERS, partition, after_row, PAGE_ROWS, PAGE_BYTES).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            for (row, found) in page {
                let partition = partition.to_owned();
                // A conflict means that somebody else is deleting as well.
                let key = RowKey { tenant: tenant.clone(), table: ANSWERS, partition, row };
                self.store.delete_row(&key, found.version).await?;
            }
        }
    }
}
