//! Builds without batching, to show beside the real one what batching is worth. Compiled only with the feature `faults`
//! and chosen by the environment variable `NATTER_FAULT`:
//! - `one_event_per_sync`: an append carries one event, so a channel has one event per answer of the store.

use std::sync::OnceLock;

use crate::durable::APPEND_RECORDS_MAX;

/// Events that one append may carry, as the environment was when this was first asked.
pub(crate) fn append_records_max() -> usize {
    static RECORDS: OnceLock<usize> = OnceLock::new();
    *RECORDS.get_or_init(|| records_max(&std::env::var("NATTER_FAULT").unwrap_or_default()))
}

fn records_max(asked: &str) -> usize {
    if asked == "one_event_per_sync" { 1 } else { APPEND_RECORDS_MAX }
}
