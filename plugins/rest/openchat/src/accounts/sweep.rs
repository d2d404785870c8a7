//! Deletes scoped tokens whose time is over, so that their rows do not gather for ever.

use std::sync::Arc;
use std::time::Duration;

use natter_store::{READ_BYTES_MAX, StoreError};

use super::tokens::Token;
use super::{Accounts, Inner, rows};

/// Time between two rounds.
const INTERVAL: Duration = Duration::from_secs(3_600);
/// Rows of one read.
const PAGE_ROWS: usize = 1_000;

impl Accounts {
    /// Sweeps from time to time, until the runtime ends or nobody else holds the accounts.
    pub(crate) fn start_sweeping(&self) {
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(INTERVAL).await;
                let Some(inner) = inner.upgrade() else { return };
                if let Err(error) = inner.sweep().await {
                    tracing::warn!(%error, "expired tokens could not be deleted");
                }
            }
        });
    }
}

impl Inner {
    /// One round over all partitions.
    pub(super) async fn sweep(&self) -> Result<(), StoreError> {
        for prefix in 0..=u8::MAX {
            self.sweep_partition(&format!("{prefix:02x}")).await?;
        }
        Ok(())
    }

    async fn sweep_partition(&self, partition: &str) -> Result<(), StoreError> {
        let (node, now_ms) = (rows::node(), (self.clock)());
        let mut after: Option<String> = None;
        loop {
            let page =
                self.store.scan_rows(&node, rows::TOKENS, partition, after.as_deref(), PAGE_ROWS, READ_BYTES_MAX);
            let page = page.await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            for (hash, row) in page {
                let is_over = rows::decode::<Token>(&row)?.expires_at.is_some_and(|until| until <= now_ms);
                if is_over {
                    self.store.delete_row(&rows::token(&hash), row.version).await?;
                }
            }
        }
    }
}
