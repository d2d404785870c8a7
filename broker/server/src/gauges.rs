//! What `/metrics` shows: the recorder's page, with the gauges of the process and the node brought up to date first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{describe_gauge, gauge, histogram};
use metrics_exporter_prometheus::PrometheusHandle;
use metrics_process::Collector;

use crate::node::Node;
use crate::state::State;

/// How often the recorder tidies up, so that histograms nobody scrapes do not grow.
const UPKEEP: Duration = Duration::from_secs(5);
/// How often the runtime's delay is measured.
const LAG_PERIOD: Duration = Duration::from_secs(1);

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The build may tell its commit.
const COMMIT: &str = match option_env!("NATTER_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// Renders the page.
pub(crate) struct Gauges {
    prometheus: PrometheusHandle,
    process: Collector,
}

impl Gauges {
    /// Begins to measure, on the current runtime.
    pub(crate) fn start(prometheus: PrometheusHandle) -> Self {
        let process = Collector::default();
        process.describe();
        describe_gauge!("natter_log_disk_bytes", "Bytes of the embedded store's files.");
        describe_gauge!("natter_disk_free_bytes", "Bytes that are free where the embedded store is.");
        gauge!("natter_build_info", "version" => VERSION, "commit" => COMMIT).set(1.0);
        tokio::spawn(keep_up(prometheus.clone()));
        tokio::spawn(measure_lag());
        Self { prometheus, process }
    }

    /// The page for Prometheus.
    pub(crate) fn render(&self, state: State, node: Option<&Arc<Node>>) -> String {
        self.process.collect();
        for other in State::ALL {
            gauge!("natter_node_state", "state" => other.label()).set(f64::from(other == state));
        }
        if let Some(node) = node {
            node.store.measure();
            let left = if state == State::Draining { node.broker.connections().taken() } else { 0 };
            gauge!("natter_drain_remaining_connections").set(left as f64);
        }
        with_series_count(self.prometheus.render())
    }
}

/// Adds the number of series, this one included.
fn with_series_count(mut page: String) -> String {
    let series = page.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count() + 1;
    let added = format!(
        "# HELP natter_metric_series Series on this page.\n# TYPE natter_metric_series gauge\nnatter_metric_series {series}\n"
    );
    page.push_str(&added);
    page
}

async fn keep_up(prometheus: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        prometheus.run_upkeep();
    }
}

/// Sleeps for a second at a time; what it oversleeps is how late any task is run.
async fn measure_lag() {
    let lag = histogram!("natter_task_lag_seconds");
    loop {
        let asleep = Instant::now();
        tokio::time::sleep(LAG_PERIOD).await;
        lag.record(asleep.elapsed().saturating_sub(LAG_PERIOD).as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::with_series_count;

    #[test]
    fn the_page_counts_its_series() {
        let page = "# HELP a A.\n# TYPE a gauge\na 1\n\na{x=\"y\"} 2\n".to_owned();
        assert!(with_series_count(page).ends_with("\nnatter_metric_series 3\n"));
    }
}
