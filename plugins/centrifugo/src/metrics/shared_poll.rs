//! What is counted of shared polls. No label names a channel: there may be any number of them.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Tells the recorder what the metrics mean.
pub(super) fn describe() {
    describe_gauge!("natter_shared_poll_channels", "Channels whose keys a backend is asked about.");
    describe_histogram!("natter_shared_poll_keys", "Keys of a channel, each time that all of them are asked about.");
    describe_histogram!("natter_shared_poll_call_duration_seconds", "Questions about keys, by kind (round, urgent).");
    describe_counter!("natter_shared_poll_failures_total", "Questions about keys without a usable answer, by kind.");
    describe_counter!(
        "natter_shared_poll_values_total",
        "Values in backends' answers, by what came of them (changed, unchanged, removed)."
    );
    describe_counter!("natter_shared_poll_publish_total", "Values brought by the server API, by result.");
    describe_counter!("natter_shared_poll_pushes_total", "Values pushed to subscribers.");
}

/// How many channels are polled.
pub(crate) fn shared_poll_channels(count: usize) {
    gauge!("natter_shared_poll_channels").set(count as f64);
}

/// How many keys a channel has.
pub(crate) fn shared_poll_keys(count: usize) {
    histogram!("natter_shared_poll_keys").record(count as f64);
}

/// Records a question to a backend.
pub(crate) fn shared_poll_call(kind: &'static str, duration: Duration) {
    histogram!("natter_shared_poll_call_duration_seconds", "kind" => kind).record(duration);
}

/// Counts a question that was not answered, or not in a way that makes sense.
pub(crate) fn shared_poll_failure(kind: &'static str) {
    counter!("natter_shared_poll_failures_total", "kind" => kind).increment(1);
}

/// Counts values by what came of them.
pub(crate) fn shared_poll_values(result: &'static str, count: u64) {
    if count > 0 {
        counter!("natter_shared_poll_values_total", "result" => result).increment(count);
    }
}

/// Counts a value that was published, by `ok` or `skipped`.
pub(crate) fn shared_poll_publish(result: &'static str) {
    counter!("natter_shared_poll_publish_total", "result" => result).increment(1);
}

/// Counts values that were written to a connection.
pub(crate) fn shared_poll_pushes(count: u64) {
    counter!("natter_shared_poll_pushes_total").increment(count);
}
