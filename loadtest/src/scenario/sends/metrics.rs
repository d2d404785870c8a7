//! What the disk did, from the server's metrics in Prometheus' text format.

use std::time::Duration;

use anyhow::{Context, Result};

/// How long the metrics may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The log's syncs so far, or between two moments.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Disk {
    /// Batches written and synced.
    pub(super) syncs: f64,
    /// Time spent on them.
    pub(super) sync_seconds: f64,
    /// Events of channels in them.
    pub(super) events: f64,
}

impl Disk {
    /// Reads the metrics at `url`.
    pub(super) fn fetch(url: &str) -> Result<Self> {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).build();
        let mut response = ureq::Agent::from(config).get(url).call().with_context(|| format!("metrics at {url}"))?;
        Self::read(&response.body_mut().read_to_string()?).with_context(|| format!("{url} does not count syncs"))
    }

    fn read(text: &str) -> Option<Self> {
        Some(Self {
            syncs: sum(text, "natter_log_sync_duration_seconds_count")?,
            sync_seconds: sum(text, "natter_log_sync_duration_seconds_sum")?,
            events: sum(text, "natter_log_batch_messages_sum")?,
        })
    }

    /// What was done since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            syncs: self.syncs - earlier.syncs,
            sync_seconds: self.sync_seconds - earlier.sync_seconds,
            events: self.events - earlier.events,
        }
    }
}

/// The sum of a sample over all its labels; `None` when there is none.
fn sum(text: &str, name: &str) -> Option<f64> {
    let value = |line: &str| {
        let rest = line.strip_prefix(name)?;
        rest.starts_with(['{', ' ']).then(|| rest.rsplit(' ').next()?.parse::<f64>().ok()).flatten()
    };
    text.lines().filter_map(value).reduce(|sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_over_labels_and_told_from_longer_names() {
        let text = "# TYPE a histogram\na_bucket{le=\"1\"} 3\na_count 4\na_count{x=\"y z\"} 2.5\na_counts 100\n";
        assert_eq!(sum(text, "a_count"), Some(6.5));
        assert_eq!(sum(text, "b"), None);
    }

    #[test]
    fn a_server_without_a_log_is_an_error() {
        assert_eq!(Disk::read("natter_build_info 1\n"), None);
    }
}
