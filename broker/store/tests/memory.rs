//! The memory engine passes the suite.

use std::sync::Arc;

use async_trait::async_trait;
use natter_store::conformance::{Harness, ManualClock};
use natter_store::{MemoryStore, Store, conformance_suite};

#[derive(Default)]
struct Memory {
    clock: ManualClock,
}

#[async_trait]
impl Harness for Memory {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(MemoryStore::with_clock(self.clock.clock()))
    }

    fn outlives_closing(&self) -> bool {
        false
    }

    fn advance(&self, by_ms: i64) -> bool {
        self.clock.advance(by_ms);
        true
    }
}

conformance_suite!(Memory::default());
