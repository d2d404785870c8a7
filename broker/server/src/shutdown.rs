//! The end of a node: no new connections, a spread goodbye to the open ones, then the store. All of it within
//! `server.shutdown_seconds`.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::listen::Acceptors;
use crate::node::Node;
use crate::state::Lifecycle;

/// So few connections may all come back in the same moment.
const FEW_CONNECTIONS: usize = 64;
/// Between two goodbyes of a lane.
const STEP: Duration = Duration::from_millis(100);
/// How often it is looked whether all have gone.
const POLL: Duration = Duration::from_millis(20);
/// The least time that is kept for closing the store, as a part of the whole.
const CLOSING_PART: f64 = 0.25;
/// The time over which goodbyes are spread, as a part of the whole.
const SPREAD_PART: f64 = 0.5;

/// Drains and closes the node.
pub(crate) async fn drain(node: &Arc<Node>, acceptors: &Arc<Acceptors>, lifecycle: &Lifecycle, limit: Duration) {
    let end = Instant::now() + limit;
    lifecycle.start_draining();
    node.broker.start_draining();
    tracing::info!(connections = node.broker.connections().taken(), "draining");
    let until = end - limit.mul_f64(CLOSING_PART);
    let requests = tokio::spawn({
        let acceptors = Arc::clone(acceptors);
        async move { timeout_at(until, acceptors.stop()).await }
    });
    say_goodbye(node, limit.mul_f64(SPREAD_PART)).await;
    let left = wait_for_connections(node, until).await;
    if left > 0 {
        tracing::warn!(connections = left, "connections did not end in time");
    }
    // What did not end by then is cut off when the process ends.
    let _ = requests.await;
    // What is under way may end as long as the others had; what does not is done after the next start.
    let _ = timeout_at(until, node.outbox.stop()).await;
    let closing = end.saturating_duration_since(Instant::now());
    if timeout(closing, node.store.store.close()).await.is_err() {
        tracing::warn!("the store was not closed in time; it is repaired from its journal at the next start");
    }
}

/// Ends the connections of all lanes in steps, so that those who come back do not come all at once.
async fn say_goodbye(node: &Arc<Node>, spread: Duration) {
    let open = node.broker.connections().taken();
    let steps = if open <= FEW_CONNECTIONS { 1 } else { steps(spread) };
    let on_each_lane = open.div_ceil(node.broker.lane_count()).div_ceil(steps).max(1);
    for step in 0..steps {
        if step > 0 {
            sleep(jittered(STEP)).await;
        }
        node.broker.end_connections(on_each_lane);
    }
    // Lanes need not be equally full, and some connections were only just being made.
    node.broker.end_connections(usize::MAX);
}

fn steps(spread: Duration) -> usize {
    let steps = spread.as_millis() / STEP.as_millis();
    usize::try_from(steps).unwrap_or(usize::MAX).clamp(1, 10_000)
}

/// Between a half and one and a half of a pause.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.5..1.5))
}

/// Waits until all connections have ended, and says how many have not.
async fn wait_for_connections(node: &Arc<Node>, until: Instant) -> usize {
    loop {
        let left = node.broker.connections().taken();
        if left == 0 || Instant::now() >= until {
            return left;
        }
        node.broker.end_connections(usize::MAX);
        sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_fill_the_spread_and_have_a_bound() {
        assert_eq!(steps(Duration::ZERO), 1);
        assert_eq!(steps(Duration::from_secs(5)), 50);
        assert_eq!(steps(Duration::from_secs(1_000_000)), 10_000);
    }

    #[test]
    fn jitter_stays_within_half_of_the_pause() {
        for _ in 0..1_000 {
            let pause = jittered(STEP);
            assert!(pause >= STEP / 2 && pause <= STEP * 3 / 2);
        }
    }
}
