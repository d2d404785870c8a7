//! The embedded engine passes the suite, with both durabilities.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use natter_store::conformance::{Harness, ManualClock};
use natter_store::{Durability, EmbeddedOptions, EmbeddedStore, Store};
use tempfile::TempDir;

struct Embedded {
    directory: TempDir,
    clock: ManualClock,
    durability: Durability,
    heads_max: usize,
}

impl Embedded {
    fn new(durability: Durability, heads_max: usize) -> Self {
        let directory = tempfile::tempdir().expect("a directory can be made");
        Self { directory, clock: ManualClock::default(), durability, heads_max }
    }

    fn options(&self, path: &Path) -> EmbeddedOptions {
        EmbeddedOptions {
            durability: self.durability,
            heads_max: self.heads_max,
            clock: self.clock.clock(),
            ..EmbeddedOptions::new(path)
        }
    }
}

#[async_trait]
impl Harness for Embedded {
    async fn open(&self) -> Arc<dyn Store> {
        let store = EmbeddedStore::open(self.options(self.directory.path()));
        Arc::new(store.expect("the directory is ours"))
    }

    fn advance(&self, by_ms: i64) -> bool {
        self.clock.advance(by_ms);
        true
    }
}

mod synchronous {
    use super::*;

    natter_store::conformance_suite!(Embedded::new(Durability::Sync, 65_536));
}

/// With so small a memory of heads nearly every command reads one from disk.
mod asynchronous_and_forgetful {
    use super::*;

    natter_store::conformance_suite!(Embedded::new(Durability::Async, 2));
}
